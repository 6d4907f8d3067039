from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine.cache import Cache
from ghostlap.telemetry import Source

AtCursor: TypeAlias = Callable[..., Snapshot]


def text_at(cache: Cache, snapshot: Snapshot) -> str | None:
    found = cache.find(snapshot)
    return None if found is None else found[1].text


def test_what_was_shown_last_is_shown_again_before_what_came_later(at_cursor: AtCursor) -> None:
    cache = Cache()
    cache.put(at_cursor("x = █"), "value", 0, 1)
    assert text_at(cache, at_cursor("x = v█")) == "alue"
    cache.put(at_cursor("x = v█"), "ery", 0, 2)
    assert text_at(cache, at_cursor("x = v█")) == "ery"
    assert text_at(cache, at_cursor("x = va█")) == "lue"
    assert text_at(cache, at_cursor("x = v█")) == "alue"


def test_a_rest_that_stands_there_already_is_none(at_cursor: AtCursor) -> None:
    cache = Cache()
    cache.put(at_cursor("f(█)"), "a)", 1, 1)
    assert text_at(cache, at_cursor("f(█)")) == "a)"
    assert cache.find(at_cursor("f(a█)")) is None


def test_the_least_recently_used_go_first_when_there_is_too_much(at_cursor: AtCursor) -> None:
    first, second = at_cursor("x = █"), at_cursor("y = █", uri="file:///b.py")
    cache = Cache(most_bytes=30)
    cache.put(first, "first", 0, 1)
    cache.put(second, "second", 0, 2)
    assert cache.find(first) is not None
    cache.put(at_cursor("z = █", uri="file:///c.py"), "third text", 0, 3)
    assert cache.find(second) is None
    assert text_at(cache, at_cursor("z = █", uri="file:///c.py")) == "third text"


def test_one_document_has_a_bounded_number_of_entries(at_cursor: AtCursor) -> None:
    cache = Cache()
    for number in range(100):
        cache.put(at_cursor(f"x{number} = █"), "1", 0, number)
    assert len(cache) == 32
    assert cache.find(at_cursor("x67 = █")) is None
    assert text_at(cache, at_cursor("x68 = █")) == "1"


def test_a_forgotten_document_takes_nobody_along(at_cursor: AtCursor) -> None:
    cache = Cache()
    cache.put(at_cursor("x = █"), "1", 0, 1)
    cache.put(at_cursor("x = █", uri="file:///b.py"), "2", 0, 2)
    cache.forget("file:///a.py")
    cache.forget("file:///never.py")
    assert cache.find(at_cursor("x = █")) is None
    assert text_at(cache, at_cursor("x = █", uri="file:///b.py")) == "2"


def test_an_entry_says_who_asked_and_how(at_cursor: AtCursor) -> None:
    cache = Cache()
    cache.put(at_cursor("x = █"), "1", 0, 7, Source.SPECULATED)
    found = cache.find(at_cursor("x = █"))
    assert found is not None
    assert (found[0].sequence, found[0].source) == (7, Source.SPECULATED)

from __future__ import annotations

import re

import pytest

from ghostlap.lsp_server.documents import Document, Snapshot
from ghostlap.lsp_server.documents.positions import PositionEncoding

URI = "file:///project/module.py"


def position(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def opened(text: str) -> Document:
    return Document(URI, text, language="python", version=1, encoding=PositionEncoding.UTF_32)


def at_cursor(text: str, **windows: int) -> Snapshot:
    """A snapshot at the █ of `text`."""
    before, after = text.split("█")
    lines = re.split(r"\r\n|\r|\n", before)
    return opened(before + after).snapshot(position(len(lines) - 1, len(lines[-1])), **windows)


def test_a_snapshot_keeps_the_text_of_its_moment() -> None:
    document = opened("one\ntwo\n")
    snapshot = document.snapshot(position(1, 3))

    document.apply([{"text": ""}])

    assert (snapshot.prefix, snapshot.suffix) == ("one\ntwo", "\n")


def test_a_snapshot_says_whose_it_is() -> None:
    snapshot = opened("one").snapshot(position(0, 1))

    assert (snapshot.uri, snapshot.language, snapshot.version) == (URI, "python", 1)


def test_the_prefix_window_starts_at_a_line_start() -> None:
    snapshot = at_cursor("first\nsecond\nthi█rd\n", prefix_chars=12)

    assert snapshot.prefix == "second\nthi"


def test_a_line_that_fills_the_prefix_window_alone_is_cut() -> None:
    assert at_cursor("first\nsecond█\n", prefix_chars=3).prefix == "ond"


def test_no_prefix_is_taken_when_none_is_wanted() -> None:
    assert at_cursor("first\nsecond█\n", prefix_chars=0).prefix == ""


def test_the_suffix_window_ends_at_a_line_end() -> None:
    snapshot = at_cursor("fi█rst\nsecond\nthird\n", suffix_chars=14)

    assert snapshot.suffix == "rst\nsecond\n"


def test_a_line_that_fills_the_suffix_window_alone_is_cut() -> None:
    assert at_cursor("█first\nsecond\n", suffix_chars=3).suffix == "fir"


def test_no_window_ends_between_cr_and_lf() -> None:
    assert at_cursor("█one\r\ntwo\r\n", suffix_chars=4).suffix == "one"
    assert at_cursor("█one\r\ntwo\r\n", suffix_chars=9).suffix == "one\r\n"


def test_a_window_reaches_over_many_lines() -> None:
    lines = [f"line {number}\n" for number in range(1000)]
    text = "".join([*lines[:500], "█", *lines[500:]])

    snapshot = at_cursor(text, prefix_chars=9 * 200, suffix_chars=9 * 200)

    assert snapshot.prefix == "".join(lines[320:500]), "from a multiple of 32 on"
    assert snapshot.suffix == "".join(lines[500:700])


@pytest.mark.parametrize(
    ("text", "newline"),
    [
        ("one█", "\n"),
        ("one█\r\ntwo\n", "\r\n"),
        ("one\r\ntwo█", "\r\n"),
        ("one\rtwo█\r", "\r"),
        ("one\r\n█\n", "\n"),
    ],
)
def test_the_line_end_in_use_is_the_one_nearest_to_the_cursor(text: str, newline: str) -> None:
    assert at_cursor(text).newline == newline

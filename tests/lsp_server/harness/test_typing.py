"""The harness on virtual time: what it presses, and what it makes of the answers."""

import asyncio
from itertools import pairwise

import pytest

from ghostlap.lsp_server.harness.blocks import blocks, order
from ghostlap.lsp_server.harness.intent import Intent
from ghostlap.lsp_server.harness.page import Page
from ghostlap.lsp_server.harness.target import Answered, Reply
from ghostlap.lsp_server.harness.typist import Stroke, Typist
from ghostlap.lsp_server.harness.virtual import run_virtually
from ghostlap.telemetry.workload import Document, Edit, Place


def keys(text: str, *, gap_ms: float = 100.0) -> list[Edit]:
    """Type a line; < takes a character back."""
    edits: list[Edit] = []
    column = 0
    for number, key in enumerate(text):
        removes = key == "<"
        start, end = Place(0, column - removes), Place(0, column)
        edits.append(Edit(number * gap_ms, 0, start, end, "" if removes else key, 1 - removes))
        column += -1 if removes else 1
    return edits


class Fixed:
    """Answers each key after the same time, with what `says` has for its number."""

    def __init__(self, delay_s: float, says: dict[int, str]) -> None:
        self.typed: list[str] = []
        self.taken: list[str] = []
        self._delay_s = delay_s
        self._says = says

    def open(self, number: int, document: Document) -> None:
        """Nothing is kept of it."""

    def edit(self, number: int, start: Place, end: Place, text: str, answered: Answered) -> None:
        del number, start, end
        loop = asyncio.get_running_loop()
        said = self._says.get(len(self.typed), "")
        self.typed.append(text)
        at_ns = round((loop.time() + self._delay_s) * 1e9)
        loop.call_later(self._delay_s, lambda: answered(Reply(said, at_ns)))

    def accepted(self, reply: Reply) -> None:
        self.taken.append(reply.text)


def played(target: Fixed, edits: list[Edit]) -> list[Stroke]:
    async def play() -> list[Stroke]:
        loop = asyncio.get_running_loop()
        strokes: list[Stroke] = []
        typist = Typist(target, clock_ns=lambda: round(loop.time() * 1e9))
        await typist.type_block(edits, first=0, block=0, then_ms=500, into=strokes)
        return strokes

    return run_virtually(play())


def test_a_slow_server_gets_its_keys_when_they_are_due() -> None:
    strokes = played(Fixed(5.0, {}), keys("abcdef"))
    gaps = [b.pressed_ns - a.pressed_ns for a, b in pairwise(strokes)]
    assert gaps == pytest.approx([100e6] * 5, rel=0.02)
    assert not any(each.served for each in strokes)


def test_what_came_behind_the_next_key_has_not_served() -> None:
    strokes = played(Fixed(0.15, dict.fromkeys(range(3), "no")), keys("abc"))
    assert [each.served for each in strokes] == [False, False, True]
    assert strokes[0].waited_ms == pytest.approx(100, rel=0.02)
    assert strokes[2].waited_ms == pytest.approx(150, rel=0.02)


def test_a_right_suggestion_is_taken_over_and_its_keys_are_not_typed() -> None:
    target = Fixed(0.01, {0: "bcdef"})
    strokes = played(target, keys("abcdefgh"))
    assert target.typed == ["a", "bcdef", "g", "h"]
    assert target.taken == ["bcdef"]
    assert [each.accepted for each in strokes] == [0, 5, 0, 0]
    assert [each.index for each in strokes] == [0, 1, 6, 7]


def test_a_wrong_or_a_short_suggestion_is_not_taken_over() -> None:
    assert Fixed(0.01, {}).taken == []
    for said in ("bcdxx", "bc"):
        target = Fixed(0.01, {0: said})
        played(target, keys("abcdefgh"))
        assert target.typed == list("abcdefgh")


def test_a_suggestion_is_judged_by_what_is_meant_not_by_a_slip() -> None:
    edits = keys("abx<cdefgh")
    assert Intent(edits).keys_saved(1, "bcdef") == 7
    assert Intent(edits).keys_saved(2, "xyz") == 0
    assert Intent(edits).keys_saved(3, "cdef") == 0, "the slip stands there still"


def test_a_workload_is_cut_where_the_typist_pauses() -> None:
    edits = [
        Edit(each * 100.0 + 1000 * (each > 12), 0, Place(0, each), Place(0, each), "x", 1)
        for each in range(30)
    ]
    found = blocks(edits, 10)
    assert [(each.first, len(each.edits)) for each in found] == [(0, 13), (13, 17)]
    assert sum(len(each.edits) for each in found) == 30


def test_the_order_of_the_arms_is_shuffled_and_comes_from_the_seed() -> None:
    assert order(50, 2, 1) == order(50, 2, 1)
    assert 5 < sum(each == [0, 1] for each in order(50, 2, 1)) < 45


def test_a_page_replaces_across_lines() -> None:
    page = Page("one\ntwo\nthree")
    page.replace(Place(0, 2), Place(1, 1), "X\nY")
    assert page.text == "onX\nYwo\nthree"
    assert page.cursor == Place(1, 1)

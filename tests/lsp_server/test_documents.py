from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ghostlap.lsp_server.documents import (
    Document,
    DocumentNotOpen,
    Documents,
    InvalidParams,
    LineEdit,
)
from ghostlap.lsp_server.documents.positions import PositionEncoding

UTF_8, UTF_16, UTF_32 = PositionEncoding.UTF_8, PositionEncoding.UTF_16, PositionEncoding.UTF_32
URI = "file:///project/module.py"


def change(
    start: tuple[int, int], end: tuple[int, int], text: str, **more: object
) -> dict[str, Any]:
    return {"range": {"start": position(*start), "end": position(*end)}, "text": text, **more}


def position(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def opened(text: str, encoding: PositionEncoding = UTF_16) -> Document:
    return Document(URI, text, language="python", version=1, encoding=encoding)


# The model: one string, and positions found by walking it.


def model_lines(text: str) -> list[tuple[int, int]]:
    """Where each line begins, and where it ends without its line end."""
    spans, start = [], 0
    for end in re.finditer(r"\r\n|\r|\n", text):
        spans.append((start, end.start()))
        start = end.end()
    return [*spans, (start, len(text))]


def model_offset(text: str, line: int, character: int, encoding: PositionEncoding) -> int:
    spans = model_lines(text)
    if line >= len(spans):
        return len(text)
    offset, end = spans[line]
    while offset < end:
        character -= units(text[offset], encoding)
        if character < 0:
            break
        offset += 1
    return offset


def units(code_point: str, encoding: PositionEncoding) -> int:
    if encoding is UTF_8:
        return len(code_point.encode())
    return 1 if encoding is UTF_32 else len(code_point.encode("utf-16-le")) // 2


PIECES = st.sampled_from(
    [
        *("a", "  ", "(", "\t", "é", "e\u0301", "日", "😀", "👩\u200d💻", "\U0001d4b3"),
        *("\n", "\r\n", "\r", "\f", "\v", "\x85", "\u2028", "\u2029", "\x1c", "\0"),
    ]
)
TEXTS = st.lists(PIECES, max_size=24).map("".join)
POSITIONS = st.tuples(st.integers(0, 9), st.integers(0, 14))
EDITS = st.tuples(POSITIONS, POSITIONS, st.lists(PIECES, max_size=4).map("".join))


@settings(max_examples=400, deadline=None, database=None)
@given(TEXTS, st.lists(EDITS, max_size=8), st.sampled_from(PositionEncoding), st.integers(0, 20))
@example("a\rb\nc", [((1, 0), (1, 1), "")], UTF_16, 5)
@example("a\r", [((1, 0), (1, 0), "\n")], UTF_8, 5)
@example("a\n", [((0, 1), (0, 1), "\r")], UTF_8, 5)
@example("\r\n\r\n", [((0, 0), (9, 9), "😀")], UTF_16, 1)
def test_a_document_stays_in_step_with_a_plain_string(
    text: str,
    edits: list[tuple[tuple[int, int], tuple[int, int], str]],
    encoding: PositionEncoding,
    window: int,
) -> None:
    document = opened(text, encoding)
    observed = document.lines()
    for start, end, new_text in edits:
        offsets = sorted(model_offset(text, *at, encoding) for at in (start, end))
        text = text[: offsets[0]] + new_text + text[offsets[1] :]
        for edit in document.apply([change(start, end, new_text)]):
            observed[edit.start : edit.stop] = edit.lines

        assert document.text == text
        assert document.lines() == [text[begin:stop] for begin, stop in model_lines(text)]
        assert observed == document.lines()
        assert document.line_count == len(observed)
        assert_snapshot_agrees(document, text, start, encoding, window)


def assert_snapshot_agrees(
    document: Document,
    text: str,
    cursor: tuple[int, int],
    encoding: PositionEncoding,
    window: int,
) -> None:
    offset = model_offset(text, *cursor, encoding)
    whole = document.snapshot(position(*cursor))
    assert (whole.prefix, whole.suffix) == (text[:offset], text[offset:])

    begin, stop = model_lines(text)[whole.line]
    assert (whole.line_prefix, whole.line_suffix) == (text[begin:offset], text[offset:stop])
    back = whole.position_of(offset - begin)
    assert model_offset(text, back["line"], back["character"], encoding) == offset

    part = document.snapshot(position(*cursor), prefix_chars=window, suffix_chars=window)
    assert part.prefix == widest_prefix(text, offset, window)
    assert part.suffix == widest_suffix(text, offset, window)


def widest_prefix(text: str, offset: int, window: int) -> str:
    starts = [begin for begin, _ in model_lines(text) if begin <= offset]
    for step in (32, 8, 1):
        fitting = [begin for begin in starts[::step] if offset - window <= begin]
        if fitting:
            return text[min(fitting) : offset]
    return text[max(0, offset - window) : offset]


def widest_suffix(text: str, offset: int, window: int) -> str:
    starts = [begin for begin, _ in model_lines(text)[1:]]
    ends = [end for end in [*starts, len(text)] if offset < end <= offset + window]
    if ends or offset == len(text):
        return text[offset : max(ends, default=offset)]
    cut = offset + window
    return text[offset : cut - (text[cut - 1 : cut + 1] == "\r\n" and window > 0)]


@settings(max_examples=100, deadline=None, database=None)
@given(TEXTS, TEXTS)
@example("a\na\nb", "a\nb")
@example("a\nb", "a\na\nb")
def test_a_whole_new_text_is_reported_as_the_lines_that_differ(old: str, new: str) -> None:
    document = opened(old)
    observed = document.lines()

    (edit,) = document.apply([{"text": new}])

    observed[edit.start : edit.stop] = edit.lines
    assert document.text == new
    assert observed == document.lines()


def test_a_whole_new_text_with_one_changed_line_touches_that_line_alone() -> None:
    document = opened("a\nb\nc\n")

    assert document.apply([{"text": "a\nB\nc\n"}]) == [LineEdit(1, 2, ["B"])]


def test_changes_of_one_notification_build_on_each_other() -> None:
    document = opened("ab\n")

    edits = document.apply([change((0, 1), (0, 1), "\n"), change((1, 0), (1, 1), "x")])

    assert document.text == "a\nx\n"
    assert edits == [LineEdit(0, 1, ["a", "b"]), LineEdit(1, 2, ["x"])]


def test_a_reversed_range_is_taken_as_if_it_were_in_order() -> None:
    document = opened("one\ntwo\n")

    document.apply([change((1, 2), (0, 1), "-")])

    assert document.text == "o-o\n"


@pytest.mark.parametrize(
    ("encoding", "inside"),
    [(UTF_8, 2), (UTF_8, 3), (UTF_8, 4), (UTF_16, 2)],
)
def test_a_position_inside_a_code_point_means_before_it(
    encoding: PositionEncoding, inside: int
) -> None:
    document = opened("a😀b", encoding)

    document.apply([change((0, inside), (0, inside), "█")])

    assert document.text == "a█😀b"


@pytest.mark.parametrize(("encoding", "behind"), [(UTF_8, 5), (UTF_16, 3), (UTF_32, 2)])
def test_an_emoji_counts_as_the_encoding_has_it(encoding: PositionEncoding, behind: int) -> None:
    snapshot = opened("a😀b", encoding).snapshot(position(0, behind))

    assert (snapshot.line_prefix, snapshot.line_suffix) == ("a😀", "b")
    assert snapshot.position_of(2) == position(0, behind)


def test_a_position_behind_the_line_end_does_not_reach_into_it() -> None:
    document = opened("ab\r\nc")

    document.apply([change((0, 99), (0, 99), "█")])

    assert document.text == "ab█\r\nc"


@pytest.mark.parametrize("past", [(1, 1), (2, 0), (9999999999, 0)])
def test_a_position_behind_the_document_is_its_end(past: tuple[int, int]) -> None:
    document = opened("a\nb")

    document.apply([change(past, past, "█")])

    assert document.text == "a\nb█"


def test_a_negative_position_is_the_start_of_line_or_document() -> None:
    assert opened("a\nb").snapshot(position(1, -3)).prefix == "a\n"
    assert opened("a\nb").snapshot(position(-1, 5)).prefix == ""


def test_the_deprecated_range_length_is_ignored() -> None:
    document = opened("abc")

    document.apply([change((0, 0), (0, 1), "x", rangeLength=3)])

    assert document.text == "xbc"


def test_a_form_feed_does_not_end_a_line() -> None:
    assert opened("a\fb\u2028c\x85d\ne").lines() == ["a\fb\u2028c\x85d", "e"]


def test_halves_of_a_surrogate_pair_that_meet_are_one_code_point() -> None:
    document = opened("")

    document.apply([change((0, 0), (0, 0), "\ud83d"), change((0, 1), (0, 1), "\ude00")])

    assert document.text == "😀"


def test_a_lone_surrogate_does_not_break_positions_behind_it() -> None:
    for encoding in PositionEncoding:
        document = opened("\ude00日x", encoding)
        snapshot = document.snapshot(position(0, 99))
        end = snapshot.position_of(3)

        assert document.snapshot(end).line_prefix == "\ude00日x"


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"text": None},
        {"text": 3},
        {"range": {"start": position(0, 0)}, "text": "x"},
        {"range": {"start": position(0, 0), "end": {"line": 0}}, "text": "x"},
        {"range": {"start": {"line": 0, "character": 1.0}, "end": position(0, 0)}, "text": "x"},
        {"range": {"start": {"line": "0", "character": 0}, "end": position(0, 0)}, "text": "x"},
        {"range": 4, "text": "x"},
        "x",
    ],
)
def test_a_malformed_change_is_refused_with_all_that_came_with_it(broken: Any) -> None:
    document = opened("ab")

    with pytest.raises(InvalidParams):
        document.apply([change((0, 0), (0, 0), "x"), broken])

    assert document.text == "ab"


@pytest.mark.parametrize("broken", [{}, {"line": 1}, None, {"line": True, "character": 0}])
def test_a_malformed_position_is_refused(broken: Any) -> None:
    with pytest.raises(InvalidParams):
        opened("ab").snapshot(broken)


def test_the_store_knows_what_is_open() -> None:
    documents = Documents(UTF_8)
    document = documents.open(URI, "é", language="python", version=3)

    assert documents[URI] is document
    assert documents.get("file:///other.py") is None
    assert URI in documents
    assert (list(documents), len(documents)) == ([document], 1)


def test_the_store_hands_its_encoding_to_its_documents() -> None:
    documents = Documents()
    documents.encoding = UTF_8
    documents.open(URI, "éx")

    documents.change(URI, [change((0, 2), (0, 2), "█")], version=2)

    assert documents[URI].text == "é█x"
    assert documents[URI].version == 2


def test_a_change_without_a_version_keeps_the_last_one() -> None:
    documents = Documents()
    documents.open(URI, "", version=7)

    documents.change(URI, [{"text": "x"}])

    assert documents[URI].version == 7


def test_opening_a_document_again_replaces_it() -> None:
    documents = Documents()
    documents.open(URI, "old", version=9)
    documents.open(URI, "new", version=1)

    assert (documents[URI].text, documents[URI].version) == ("new", 1)
    assert len(documents) == 1


def test_what_is_not_open_can_be_neither_read_nor_changed_nor_closed() -> None:
    documents = Documents()
    documents.open(URI, "text")
    documents.close(URI)

    with pytest.raises(DocumentNotOpen, match="not open"):
        documents.change(URI, [{"text": "x"}])
    with pytest.raises(DocumentNotOpen):
        documents.close(URI)
    with pytest.raises(DocumentNotOpen) as raised:
        documents[URI]
    assert URI not in str(raised.value), "a path would stand in the log"


def test_a_refused_change_leaves_the_version_alone() -> None:
    documents = Documents()
    documents.open(URI, "text", version=1)

    with pytest.raises(InvalidParams):
        documents.change(URI, [{}], version=2)

    assert documents[URI].version == 1

"""How much of a document is taken along, and that its beginning stays put."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ghostlap.lsp_server.documents import Document
from ghostlap.lsp_server.documents.windows import window_after, window_before

LINES = [f"    line_{number} = compute({number})\n" for number in range(2000)]


def typed(lines: list[str], *, limit: int) -> list[str]:
    """The windows before the cursor at each key, while the lines are typed below LINES."""
    document = list(LINES)
    windows = []
    for line in lines:
        windows += [
            window_before(document, len(document), line[:column], limit)
            for column in range(len(line))
        ]
        document.append(line)
    return windows


def test_the_windows_beginning_moves_once_in_many_keystrokes() -> None:
    windows = typed(LINES[:64], limit=4000)
    moves = sum(old[:60] != new[:60] for old, new in pairwise(windows))
    assert 1 <= moves <= 3
    assert all(len(window) <= 4000 for window in windows)
    assert min(len(window) for window in windows) > 2500, "a quarter is given up, not more"


def test_windows_in_a_row_share_all_but_what_was_typed() -> None:
    windows = typed(LINES[:30], limit=4000)
    for old, new in pairwise(windows):
        assert new.startswith(old) or not new.startswith(old[:60]), "it grew, or it moved"


def test_a_line_typed_inside_of_the_window_does_not_move_its_beginning() -> None:
    lines = list(LINES)
    before = window_before(lines, 1007, "x", 4000)
    lines.insert(1000, "inserted = True\n")
    after = window_before(lines, 1008, "x", 4000)
    assert before[:2000] == after[:2000]


def test_long_lines_are_taken_in_smaller_steps() -> None:
    long = [f"{number}" + "x" * 300 + "\n" for number in range(100)]
    assert window_before(long, 63, "", 4000) == "".join(long[56:63])
    longer = ["x" * 1500 + "\n"] * 100
    assert window_before(longer, 63, "ab", 4000) == "".join(longer[61:63]) + "ab"


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_a_line_that_is_too_long_alone_is_cut(limit: int) -> None:
    window = window_before(["a\n"], 1, "0123456789", limit)
    assert window == "0123456789"[10 - limit :]


def test_what_follows_ends_with_a_line() -> None:
    assert window_after(["one\n", "two\n", "three\n"], 0, "ne\n", 8) == "ne\ntwo\n"


def test_a_document_that_fits_is_taken_whole() -> None:
    document = Document("file:///a.py", "".join(LINES[:40]))
    snapshot = document.snapshot({"line": 20, "character": 4})
    assert snapshot.prefix == "".join(LINES[:20]) + "    "

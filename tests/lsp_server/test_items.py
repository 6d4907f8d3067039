from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine import Suggestion
from ghostlap.lsp_server.protocol.items import completion_list, inline_list

AtCursor = Callable[..., Snapshot]


def inserted(text: str, item: dict[str, Any], new: str) -> str:
    """The line with the █, when an editor that counts in UTF-16 has taken the item."""
    units = text.replace("█", "").encode("utf-16-le")
    start, end = (item["range"][side]["character"] * 2 for side in ("start", "end"))
    assert item["range"]["start"]["line"] == item["range"]["end"]["line"] == 0
    return (units[:start] + new.encode("utf-16-le") + units[end:]).decode("utf-16-le")


@pytest.mark.parametrize(
    ("text", "suggestion", "result"),
    [
        ("x = █", Suggestion(1, "1"), "x = 1"),
        ("s = '😀█'", Suggestion(1, "😀"), "s = '😀😀'"),
        ("wi(█)", Suggestion(1, "1, 2) {", replaces=1), "wi(1, 2) {"),
        ("wi(█'😀')", Suggestion(1, "'😀'); f()", replaces=4), "wi('😀'); f()"),
        ("wo█", Suggestion(1, "rd\n    two"), "word\n    two"),
    ],
)
def test_both_kinds_of_items_insert_the_same(
    at_cursor: AtCursor, text: str, suggestion: Suggestion, result: str
) -> None:
    snapshot = at_cursor(text)
    [inline] = inline_list(snapshot, [suggestion])["items"]
    assert inserted(text, inline, inline["insertText"]) == result
    [completion] = completion_list(snapshot, [suggestion])["items"]
    edit = completion["textEdit"]
    assert inserted(text, edit, edit["newText"]) == result
    assert inline["command"] == completion["command"]


def test_nothing_to_suggest_is_an_empty_list_that_is_asked_again(at_cursor: AtCursor) -> None:
    assert inline_list(at_cursor("x█"), []) == {"items": []}
    assert completion_list(at_cursor("x█"), []) == {"isIncomplete": True, "items": []}


@pytest.mark.parametrize(
    ("text", "suggested", "label"),
    [
        ("x = █", "  f(x)\n  g(y)", "f(x)"),
        ("wo█", "rd", "word"),
        ("x = █", "y" * 100, "y" * 79 + "…"),
    ],
)
def test_a_label_is_one_short_line(
    at_cursor: AtCursor, text: str, suggested: str, label: str
) -> None:
    [item] = completion_list(at_cursor(text), [Suggestion(1, suggested)])["items"]
    assert item["label"] == label

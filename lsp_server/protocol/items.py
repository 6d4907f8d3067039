"""Suggestions as the editor takes them, by what VS Code, Neovim, Emacs and Helix accept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine import Suggestion

__all__ = ["ACCEPTED", "completion_list", "inline_list"]

ACCEPTED = "ghostlap.accepted"
"""The command of each item: the editor runs it when the user has taken the whole text over."""

_WORD_BEFORE = re.compile(r"\w*$")
_LABEL_CHARS = 80
_TEXT = 1  # CompletionItemKind
_AS_IS = 1  # InsertTextMode: the indentation is right already


def inline_list(snapshot: Snapshot, suggestions: Sequence[Suggestion]) -> dict[str, Any]:
    """An InlineCompletionList (LSP 3.18).

    The range is empty, or reaches over what the text repeats of the line. VS Code drops an item
    whose range spans lines or does not touch the cursor; without a range it replaces a word.
    """
    items = [
        {
            "insertText": each.text,
            "range": _range(snapshot, 0, each.replaces),
            "command": _command(each),
        }
        for each in suggestions
    ]
    return {"items": items}


def completion_list(snapshot: Snapshot, suggestions: Sequence[Suggestion]) -> dict[str, Any]:
    """A CompletionList for editors without ghost text.

    They keep the items that go on from the word before the cursor, so an item begins with it.
    """
    found = _WORD_BEFORE.search(snapshot.line_prefix)
    word = found[0] if found else ""
    items = [_completion_item(snapshot, each, word) for each in suggestions]
    return {"isIncomplete": True, "items": items}


def _completion_item(snapshot: Snapshot, suggestion: Suggestion, word: str) -> dict[str, Any]:
    text = word + suggestion.text
    label = text.strip().partition("\n")[0].rstrip()
    return {
        "label": label if len(label) <= _LABEL_CHARS else label[: _LABEL_CHARS - 1] + "…",
        "kind": _TEXT,
        "detail": "ghostlap",
        "sortText": "\x20",
        "filterText": text,
        "preselect": True,
        "insertTextMode": _AS_IS,
        "textEdit": {
            "range": _range(snapshot, len(word), suggestion.replaces),
            "newText": text,
        },
        "command": _command(suggestion),
    }


def _range(snapshot: Snapshot, before: int, behind: int) -> dict[str, Any]:
    """So many code points before the cursor and behind it."""
    cursor = len(snapshot.line_prefix)
    start = snapshot.position_of(cursor - before)
    end = snapshot.position_of(cursor + behind) if before or behind else start
    return {"start": start, "end": end}


def _command(suggestion: Suggestion) -> dict[str, Any]:
    return {"title": "Accepted", "command": ACCEPTED, "arguments": [suggestion.id]}

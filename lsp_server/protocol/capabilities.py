"""What the server says of itself in `initialize`, as plain data.

The same as pygls would compute of the features that `pygls_room` registers: a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ghostlap.lsp_server.controls import CONTROLS
from ghostlap.lsp_server.documents.positions import PositionEncoding, choose_encoding
from ghostlap.lsp_server.hedging.commands import SWITCHES
from ghostlap.lsp_server.protocol.items import ACCEPTED
from ghostlap.lsp_server.protocol.params import optional
from ghostlap.lsp_server.version import VERSION

__all__ = ["COMPLETION_OPTIONS", "INLINE_COMPLETION_OPTIONS", "encoding_of", "initialize_result"]

_INCREMENTAL = 2  # TextDocumentSyncKind

INLINE_COMPLETION_OPTIONS: Mapping[str, Any] = {"workDoneProgress": False}
"""Never empty: Emacs reads `{}` as nil, and asks for nothing."""

COMPLETION_OPTIONS: Mapping[str, Any] = {
    # Besides the letters of words, at which editors without ghost text ask by themselves. None
    # that Enter often follows, since Enter takes what their menu holds.
    "triggerCharacters": [".", "="],
    "resolveProvider": False,
}


def encoding_of(params: Any) -> PositionEncoding:
    """The position encoding to use with a client, by its `initialize` params."""
    offered = optional(params, list, "capabilities", "general", "positionEncodings") or []
    return choose_encoding([name for name in offered if isinstance(name, str)])


def initialize_result(
    encoding: PositionEncoding, more_commands: Sequence[str] = ()
) -> dict[str, Any]:
    commands = [ACCEPTED, *SWITCHES, *CONTROLS, *more_commands]
    return {
        "capabilities": {
            "positionEncoding": encoding.value,
            "textDocumentSync": {"openClose": True, "change": _INCREMENTAL, "save": False},
            "completionProvider": COMPLETION_OPTIONS,
            "executeCommandProvider": {"commands": commands},
            "inlineCompletionProvider": INLINE_COMPLETION_OPTIONS,
            "workspace": {
                "workspaceFolders": {"supported": True, "changeNotifications": True},
                "fileOperations": {},
            },
        },
        "serverInfo": {"name": "ghostlap", "version": VERSION},
    }

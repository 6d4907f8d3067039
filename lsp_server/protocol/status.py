"""Telling the client why a document gets no suggestion: `ghostlap/status`.

Sent only to a client whose `initialize` says `capabilities.experimental.ghostlapStatus: true`, when
the answer changes. Params: `uri`, and `excluded`, which is the reason in a few words, or null when
the document is not kept back any more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ghostlap.lsp_server.protocol.params import optional

__all__ = ["METHOD", "Status"]

log = logging.getLogger(__name__)

METHOD = "ghostlap/status"


class Status:
    """Remembers what the client was told. Used from one event loop alone."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._is_wanted = False
        self._withheld: dict[str, str] = {}

    def begin(self, params: Any) -> None:
        """Take up from the params of `initialize` whether the client wants to know."""
        wanted = optional(params, bool, "capabilities", "experimental", "ghostlapStatus")
        self._is_wanted = wanted is True

    def withheld(self, uri: str, reason: str) -> None:
        """Say, once, that nothing of a document is sent, and why."""
        if self._withheld.get(uri) != reason:
            self._withheld[uri] = reason
            log.info("A document is kept back: %s.", reason)  # its name stays out of the log
            self._tell(uri, reason)

    def allowed(self, uri: str) -> None:
        """Say so no longer."""
        if self._withheld.pop(uri, None) is not None:
            self._tell(uri, None)

    def _tell(self, uri: str, reason: str | None) -> None:
        if self._is_wanted:
            params = {"uri": uri, "excluded": reason}
            self._send({"jsonrpc": "2.0", "method": METHOD, "params": params})

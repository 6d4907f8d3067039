"""Work that takes a while, shown by the editor: LSP's `$/progress`, begun by the server.

Only for a client whose `initialize` says `capabilities.window.workDoneProgress`. The token is made
by `window/workDoneProgress/create`; what follows does not wait for the client's answer, which it
gives in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ghostlap.lsp_server.protocol.params import optional

__all__ = ["WorkProgress"]


class WorkProgress:
    """One piece of work at a time, which may come again. Used from one event loop alone."""

    def __init__(self, send: Callable[[dict[str, Any]], None], params: Any, title: str) -> None:
        """`params` are those of `initialize`."""
        self._send = send
        self._title = title
        self._is_wanted = optional(params, bool, "capabilities", "window", "workDoneProgress")
        self._begun = 0
        self._percent = -1

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done, of how much; the work ends when it is all of it."""
        if not self._is_wanted or not total:
            return
        if self._percent < 0:
            if done >= total:
                return
            self._begin()
        percent = min(100, 100 * done // total)
        if done >= total:
            self._tell({"kind": "end"})
            self._percent = -1
        elif percent > self._percent:
            self._percent = percent
            message = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"
            self._tell({"kind": "report", "percentage": percent, "message": message})

    @property
    def _token(self) -> str:
        return f"ghostlap-index-{self._begun}"

    def _begin(self) -> None:
        self._begun += 1
        self._percent = 0
        self._send(
            {
                "jsonrpc": "2.0",
                "id": self._token,
                "method": "window/workDoneProgress/create",
                "params": {"token": self._token},
            }
        )
        self._tell({"kind": "begin", "title": self._title, "cancellable": False, "percentage": 0})

    def _tell(self, value: dict[str, Any]) -> None:
        params = {"token": self._token, "value": value}
        self._send({"jsonrpc": "2.0", "method": "$/progress", "params": params})

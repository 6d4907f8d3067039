"""What the server says of itself, for an editor's status line: `ghostlap/status`.

Sent only to a client whose `initialize` says `capabilities.experimental.ghostlapStatus: true`, when
something of it changes; see `editors/PROTOCOL.md`. Of one document it says with `uri` and
`excluded` why nothing is sent, in a few words, or null when it is not kept back any more.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from ghostlap.lsp_server.protocol.params import optional
from ghostlap.lsp_server.quantiles import median
from ghostlap.telemetry import Outcome, Stage, Trace, monotonic_ns

__all__ = ["METHOD", "Status"]

log = logging.getLogger(__name__)

METHOD = "ghostlap/status"

_KEPT = 50  # suggestions that the median is of: the last minutes
_FIGURES_EVERY_NS = 1_000_000_000  # a number that changes more often can't be read


class Status:
    """Remembers what the client was told. Used from one event loop alone."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._is_wanted = False
        self._withheld: dict[str, str] = {}
        self._now: dict[str, Any] = {"state": "starting", "message": ""}
        self._latencies_ms: deque[float] = deque(maxlen=_KEPT)
        self._figures_ns = 0
        self.watcher: Callable[[], None] | None = None
        """Called when `now` has changed in more than its figures, or `why_withheld` has."""

    def begin(self, params: Any) -> None:
        """Take up from the params of `initialize` whether the client wants to know."""
        wanted = optional(params, bool, "capabilities", "experimental", "ghostlapStatus")
        self._is_wanted = wanted is True

    @property
    def now(self) -> dict[str, Any]:
        """All but what is said of single documents."""
        return {**self._now, **self._figures()}

    def asks(self, primary: str, hedge: Any, *, paused: bool) -> None:
        """Say who is asked from now on, and how hedging stands, as the setting has it."""
        is_error = self._now["state"] == "error" and primary == self._now.get("primary")
        news: dict[str, Any] = {"primary": primary, "hedge": hedge}
        if paused or not is_error:
            news |= {"state": "paused" if paused else "ready", "message": ""}
        self._change(**news)

    def problem(self, message: str) -> None:
        """Say what the user has to change, until a suggestion is found."""
        self._change(state="error", message=message)

    def recorded(self, trace: Trace) -> None:
        """Take the latency of a keystroke up into the median."""
        if trace.outcome is not Outcome.SERVED:
            return
        stamps = trace.stamps
        since_ns = stamps[Stage.CHANGE_RECEIVED] or stamps[Stage.REQUEST_RECEIVED]
        self._latencies_ms.append((stamps[Stage.USABLE] - since_ns) / 1e6)
        if self._now["state"] == "error":
            self._change(state="ready", message="")
        elif monotonic_ns() - self._figures_ns >= _FIGURES_EVERY_NS:
            self._figures_ns = monotonic_ns()
            self._tell(self._figures())

    def indexing(self, done: int, total: int) -> None:
        """Say how much of the workspace is indexed: `indexing` is a percentage, null at the end."""
        percent = None if done >= total else 100 * done // total
        if percent is not None or self._now.get("indexing") is not None:
            self._change(indexing=percent)

    def why_withheld(self, uri: str) -> str | None:
        """Why nothing of a document is sent, in a few words; None: it is."""
        return self._withheld.get(uri)

    def withheld(self, uri: str, reason: str) -> None:
        """Say, once, that nothing of a document is sent, and why."""
        if self._withheld.get(uri) != reason:
            self._withheld[uri] = reason
            log.info("A document is kept back: %s.", reason)  # its name stays out of the log
            self._tell({"uri": uri, "excluded": reason})
            self._watched()

    def allowed(self, uri: str) -> None:
        """Say so no longer."""
        if self._withheld.pop(uri, None) is not None:
            self._tell({"uri": uri, "excluded": None})
            self._watched()

    def _figures(self) -> dict[str, Any]:
        if not self._latencies_ms:
            return {}
        return {"p50Ms": round(median(self._latencies_ms), 1), "shown": len(self._latencies_ms)}

    def _change(self, **news: Any) -> None:
        changed = {name: value for name, value in news.items() if self._now.get(name) != value}
        if changed:
            self._now |= changed
            self._tell(changed)
            self._watched()

    def _watched(self) -> None:
        if self.watcher is not None:
            self.watcher()

    def _tell(self, params: dict[str, Any]) -> None:
        if self._is_wanted:
            self._send({"jsonrpc": "2.0", "method": METHOD, "params": params})

"""Several suggestions side by side in a panel of the client's, one by one as they are there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from ghostlap.lsp_server.copilot.legacy import INVOKED, Legacy, position_in
from ghostlap.lsp_server.copilot.modern import Modern
from ghostlap.lsp_server.copilot.offers import Offers
from ghostlap.lsp_server.documents import DocumentNotOpen, InvalidParams, Snapshot
from ghostlap.lsp_server.engine import Suggestion
from ghostlap.lsp_server.engine.alternatives import MOST
from ghostlap.lsp_server.protocol.completions import Completions
from ghostlap.lsp_server.protocol.params import require
from ghostlap.lsp_server.protocol.wire import Channel
from ghostlap.telemetry import Outcome

__all__ = ["Panel"]

_PANEL_OPENS_S = 0.1
"""copilot.vim opens its panel when it has the answer, and drops the solutions that come before."""


class Panel:
    """Used from one event loop alone."""

    def __init__(
        self,
        channel: Channel,
        completions: Completions,
        offers: Offers,
        modern: Modern,
        legacy: Legacy,
    ) -> None:
        self._channel = channel
        self._completions = completions
        self._offers = offers
        self._modern = modern
        self._legacy = legacy

    def complete(self, request_id: int | str, params: Any) -> None:
        token = params.get("partialResultToken") if isinstance(params, dict) else None
        if type(token) not in (str, int):
            token = None
        render = partial(self._render, token)
        nothing: dict[str, Any] = {"items": []}
        self._completions.ask(request_id, params, render, INVOKED, superseded=nothing)

    def complete_legacy(self, request_id: int | str, params: Any) -> None:
        """Answer how many there will be at most, and send them behind it."""
        panel = require(params, str, "panelId")
        place = self._legacy.place(params)
        result = {"solutionCountTarget": MOST}
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": result})
        asyncio.get_running_loop().call_later(_PANEL_OPENS_S, self._synthesize, panel, place)

    def _render(
        self, token: str | int | None, snapshot: Snapshot, suggestions: Sequence[Suggestion]
    ) -> dict[str, Any]:
        answer = self._modern.render(snapshot, suggestions)
        if token is None:
            return answer
        for item in answer["items"]:
            self._notify("$/progress", {"token": token, "value": {"items": [item]}})
        return {"items": []}  # all of it was sent (LSP 3.18, Partial Result Progress)

    def _synthesize(self, panel: str, place: dict[str, Any] | None) -> None:
        if place is None:
            self._fail(panel, "The document was edited.")
            return
        try:
            self._completions.begin(place, partial(self._send_solutions, panel), INVOKED)
        except (DocumentNotOpen, InvalidParams) as error:
            self._fail(panel, str(error))

    def _send_solutions(
        self,
        panel: str,
        snapshot: Snapshot,
        outcome: Outcome,
        suggestions: Sequence[Suggestion],
    ) -> None:
        cursor = len(snapshot.line_prefix)
        ids = self._offers.put(snapshot, suggestions)
        for rank, (uuid, each) in enumerate(zip(ids, suggestions, strict=True)):
            solution = {
                "panelId": panel,
                "solutionId": uuid,
                "score": float(len(ids) - rank),  # clients show the highest first
                "displayText": each.text,
                "completionText": each.text,
                "range": {
                    "start": position_in(snapshot, cursor),
                    "end": position_in(snapshot, cursor + each.replaces),
                },
                "docVersion": snapshot.version,
            }
            self._notify("PanelSolution", solution)
        if outcome is Outcome.ERROR:
            self._fail(panel, "The provider failed; the status says how.")
        else:
            self._notify("PanelSolutionsDone", {"panelId": panel, "status": "OK"})

    def _fail(self, panel: str, why: str) -> None:
        done = {"panelId": panel, "status": "Error", "message": why}
        self._notify("PanelSolutionsDone", done)

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        self._channel.send({"jsonrpc": "2.0", "method": method, "params": params})

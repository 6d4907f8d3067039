"""The client's model picker, with the user's providers in it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Protocol

from ghostlap.lsp_server.hedging.commands import SELECT
from ghostlap.lsp_server.protocol.params import optional
from ghostlap.lsp_server.protocol.wire import Channel

__all__ = ["Chooses", "Models"]

log = logging.getLogger(__name__)


class Chooses(Protocol):
    """Who knows the providers, and switches between them."""

    def choices(self) -> Sequence[tuple[str, str]]:
        """Whom an editor's settings may select, with the model of each; first who is asked now."""
        ...

    def execute(self, command: str, arguments: list[Any]) -> dict[str, Any]:
        """Run a command of ours. Raises ValueError, with a sentence."""
        ...


class Models:
    def __init__(self, channel: Channel, host: Chooses) -> None:
        self._channel = channel
        self._host = host
        self._picked = ""
        """What the client's settings have named last: they come again with every other change."""

    def list(self, request_id: int | str, _params: Any) -> None:
        choices = self._host.choices()
        result = [
            {
                "id": name,
                "modelName": f"{name} ({model})" if model else name,
                "scopes": ["completion"],
                "preview": False,
                "default": index == 0,
            }
            for index, (name, model) in enumerate(choices)
        ]
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": result})

    def settings_changed(self, settings: Any) -> None:
        """Select who was picked; nobody picked is as our own settings say.

        It comes as a setting, which a project can bring along in some editors, so it may be nobody
        whom an editor's settings may not select otherwise.
        """
        copilot = optional(settings, dict, "github", "copilot")
        if copilot is None:
            return
        picked = optional(copilot, str, "selectedCompletionModel") or ""
        if picked == self._picked:
            return
        self._picked = picked
        if picked and picked not in dict(self._host.choices()):
            # The name may be a model of another server, which the client's settings still hold.
            log.warning(
                "The client picked a model that its settings may not select; nothing was switched. "
                "If it is a provider of yours, list it in editor_may_select."
            )
            return
        self._host.execute(SELECT, [picked or None])

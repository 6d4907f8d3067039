"""What a user holds back or speeds up by LSP commands while the server runs: pauses and eagerness.

They last as long as the server does. What is to last longer is a setting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine.asking import Context, Surroundings
from ghostlap.lsp_server.protocol.params import optional

__all__ = ["CONTROLS", "Controls", "HeldBack"]

PAUSE = "ghostlap.pause"
"""Takes {"scope": "all" | "language" | "document", "on": boolean, "name": language id or URI}."""
EAGERNESS = "ghostlap.eagerness"
"""Takes "eager", "balanced" or "calm"."""
STATUS = "ghostlap.status"
"""Changes nothing. No argument."""

CONTROLS = (PAUSE, EAGERNESS, STATUS)

_SCOPES = ("all", "language", "document")
_CALM_S = (
    0.4  # three of four gaps between keys are shorter (see schedule): only a pause is asked for
)
_EAGERNESS: Mapping[str, Callable[[float, float], tuple[float, float]]] = MappingProxyType(
    {
        "eager": lambda _least_s, _most_s: (0.0, 0.0),
        "balanced": lambda least_s, most_s: (least_s, most_s),
        "calm": lambda least_s, most_s: (max(least_s, _CALM_S), max(most_s, _CALM_S)),
    }
)


class Controls:
    """Used from one event loop alone."""

    def __init__(self) -> None:
        self._eagerness = "balanced"
        self._paused: set[tuple[str, str]] = set()
        """Pairs of scope and name; the name of "all" is empty."""

    @property
    def is_paused(self) -> bool:
        """Whether all is."""
        return ("all", "") in self._paused

    def why_not(self, uri: str, language: str) -> str | None:
        """Why a document gets no suggestions, as words for a status line; None: it does."""
        if self.is_paused:
            return "paused"
        if ("language", language) in self._paused:
            return f"paused for {language}"
        return "paused for this document" if ("document", uri) in self._paused else None

    def paced(self, least_s: float, most_s: float) -> tuple[float, float]:
        """Return how long to wait after a key, at least and at most, instead of these."""
        return _EAGERNESS[self._eagerness](least_s, most_s)

    def execute(self, command: str, arguments: list[Any]) -> None:
        """Run one of `CONTROLS`.

        :raises ValueError: a sentence that says what the command takes
        """
        (argument,) = arguments if len(arguments) == 1 else (None,)
        if command == PAUSE:
            self._pause(argument)
        elif command == EAGERNESS:
            if not isinstance(argument, str) or argument not in _EAGERNESS:
                raise ValueError(f"{EAGERNESS} takes one of {', '.join(_EAGERNESS)}.")
            self._eagerness = argument

    def _pause(self, argument: Any) -> None:
        scope = optional(argument, str, "scope")
        on = optional(argument, bool, "on")
        name = optional(argument, str, "name") if scope != "all" else ""
        if scope not in _SCOPES or on is None or name is None:
            raise ValueError(
                f'{PAUSE} takes an object of "scope", one of {", ".join(_SCOPES)}, "on", true or '
                'false, and "name", the language or the URI.'
            )
        if on:
            self._paused.add((scope, name))
        else:
            self._paused.discard((scope, name))


class HeldBack:
    """A context in which nothing may be sent from what the user has paused."""

    def __init__(
        self, context: Context, controls: Controls, allowed: Callable[[str], None]
    ) -> None:
        """`allowed` is called with the URI of a document that is not held back here any more."""
        self._context = context
        self._controls = controls
        self._allowed = allowed
        self._held: set[str] = set()

    def why_not(self, snapshot: Snapshot) -> str | None:
        reason = self._controls.why_not(snapshot.uri, snapshot.language)
        if reason is not None:
            self._held.add(snapshot.uri)
            return reason
        if snapshot.uri in self._held:
            self._held.discard(snapshot.uri)
            self._allowed(snapshot.uri)
        return self._context.why_not(snapshot)

    def surroundings(self, snapshot: Snapshot) -> Surroundings:
        return self._context.surroundings(snapshot)

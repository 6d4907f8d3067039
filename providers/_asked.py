"""What every dialect asks for, whatever it calls it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ghostlap.providers._base import CompletionRequest
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers.fim import FimTemplate

__all__ = ["merged", "stops", "token_cap"]


def token_cap(request: CompletionRequest, settings: ProviderSettings) -> int:
    """Return the most tokens to ask for, reasoning that can't be switched off included."""
    return min(request.max_tokens, settings.max_tokens) + settings.reasoning_tokens


def stops(
    request: CompletionRequest, settings: ProviderSettings, template: FimTemplate | None = None
) -> list[str]:
    """Return the stop strings to send, as many as the provider accepts.

    The line end comes first: it is what ends a request for one line soonest. All of them are cut
    client-side too.
    """
    wanted = ["\n"] if request.single_line and request.prefix.rpartition("\n")[2].strip() else []
    wanted += template.stops if template else ()
    return wanted[: settings.stop_limit]


def merged(body: dict[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    """Return `body` with the user's further fields, which win, table by table."""
    for key, value in further.items():
        mine = body.get(key)
        if isinstance(mine, dict) and isinstance(value, Mapping):
            body[key] = merged(dict(mine), value)
        else:
            body[key] = value
    return body

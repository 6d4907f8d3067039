"""From a name and its settings to a provider: the dialects by name, ours and other packages'.

Another package adds a dialect with an entry point in the group `ghostlap.dialects`: its name is the
dialect's, its object a function of `(name, settings, transport)` that returns a `Provider`.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TypeAlias

from ghostlap.providers._base import Provider
from ghostlap.providers._errors import BadRequest
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._transport import Transport

__all__ = ["DIALECTS", "Builder", "build", "dialect_names"]

Builder: TypeAlias = Callable[[str, ProviderSettings, Transport], Provider]

_GROUP = "ghostlap.dialects"

# Where each wire format stands; imported when a provider first speaks it.
DIALECTS: dict[str, str] = {
    "openai-compatible": "openai_compatible:OPENAI_COMPATIBLE",
    "openai-responses": "openai_responses:OPENAI_RESPONSES",
    "openai-responses-websocket": "openai_websocket:build",
    "anthropic": "anthropic:ANTHROPIC",
    "gemini": "gemini:GEMINI",
    "mistral-fim": "openai_compatible:MISTRAL_FIM",
    "mercury-fim": "openai_compatible:MERCURY_FIM",
    "ollama": "ollama:OLLAMA",
    "llama-cpp": "llama_cpp:LLAMA_CPP",
    "tgi": "tgi:TGI",
    "scripted": "scripted:build",
}


def dialect_names() -> list[str]:
    """Return the names that `dialect` may have, those of other packages included."""
    return sorted({*DIALECTS, *(each.name for each in entry_points(group=_GROUP))})


def build(name: str, settings: ProviderSettings, transport: Transport) -> Provider:
    """Return the provider, which asks over `transport` and leaves it open.

    Raises `BadRequest`, which names the setting to change.
    """
    if not settings.base_url and settings.dialect != "scripted":
        raise BadRequest(name, "there is no base_url", f"set it below [providers.{name}]")
    return _builder(name, settings.dialect)(name, settings, transport)


def _builder(name: str, dialect: str) -> Builder:
    place = DIALECTS.get(dialect)
    if place:
        module, _, attribute = place.partition(":")
        found = getattr(importlib.import_module(f"ghostlap.providers.{module}"), attribute)
        return found if callable(found) else _speaking(found)
    for entry_point in entry_points(group=_GROUP, name=dialect):
        builder: Builder = entry_point.load()
        return builder
    near = difflib.get_close_matches(dialect, dialect_names(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(dialect_names())}"
    raise BadRequest(name, f"dialect = {dialect!r} is unknown", hint)


def _speaking(dialect: object) -> Builder:
    from ghostlap.providers._streaming import Dialect, HttpProvider  # noqa: PLC0415  needed now

    assert isinstance(dialect, Dialect)

    def builder(name: str, settings: ProviderSettings, transport: Transport) -> Provider:
        return HttpProvider(name, settings, dialect, transport)

    return builder

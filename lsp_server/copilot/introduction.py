"""How a client of this dialect makes itself known, and what of its settings is meant for us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ghostlap.lsp_server.protocol.params import optional

__all__ = ["Client", "introduced", "is_of_the_dialect", "our_settings", "translated"]

_SECTIONS = ("github", "github-enterprise")
"""Of the settings, what nobody else has."""


@dataclass(frozen=True, slots=True)
class Client:
    editor: str
    plugin: str
    version: str
    """The plugin's."""


def introduced(told: Any) -> Client | None:
    """Return who speaks, by the options of `initialize` or the params of `setEditorInfo`."""
    editor = optional(told, dict, "editorInfo")
    plugin = optional(told, dict, "editorPluginInfo")
    if editor is None and plugin is None:
        return None
    return Client(
        optional(editor, str, "name") or "",
        optional(plugin, str, "name") or "",
        optional(plugin, str, "version") or "",
    )


def translated(params: Mapping[str, Any], client: Client) -> dict[str, Any]:
    """Return the params of `initialize` as a client of ours would send them.

    Positions are in UTF-16 whatever else is offered: clients count so, since the server that they
    were written for knows nothing else.
    """
    capabilities = optional(params, dict, "capabilities") or {}
    general = {**(optional(capabilities, dict, "general") or {}), "positionEncodings": ["utf-16"]}
    own = {"name": client.plugin or client.editor, "version": client.version}
    return {
        **params,
        "capabilities": {**capabilities, "general": general},
        "clientInfo": params.get("clientInfo") or own,
        "initializationOptions": our_settings(params.get("initializationOptions")),
    }


def is_of_the_dialect(settings: Any) -> bool:
    return isinstance(settings, dict) and any(name in settings for name in _SECTIONS)


def our_settings(settings: Any) -> dict[str, Any] | None:
    """Return what stands under our own name; the rest is for another server."""
    if isinstance(settings, dict) and "ghostlap" in settings:
        return {"ghostlap": settings["ghostlap"]}
    return None

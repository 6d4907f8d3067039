"""The settings: what they are, and where they come from."""

from __future__ import annotations

from ghostlap.lsp_server.config._config import (
    EMBEDDED,
    Config,
    Problem,
    SuggestionSettings,
    TelemetrySettings,
    config_path,
    load,
    mentioned,
    merge,
    schema,
    selectable,
)

__all__ = [
    "EMBEDDED",
    "Config",
    "Problem",
    "SuggestionSettings",
    "TelemetrySettings",
    "config_path",
    "load",
    "mentioned",
    "merge",
    "schema",
    "selectable",
]

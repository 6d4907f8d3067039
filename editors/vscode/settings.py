"""Writes the settings that the server has into package.json, so that the two never drift.

usage: python -I settings.py [--check]
"""

# ruff: noqa: INP001 - a script, in no package
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.config import schema

MANIFEST = Path(__file__).with_name("package.json")

OWN: dict[str, Any] = {
    "ghostlap.server.command": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "scope": "machine",
        "description": 'How to start the server, for instance ["/path/to/ghostlap", "serve"]. '
        "Empty: the one that installed this extension, else the one on PATH.",
    },
    "ghostlap.restarts": {
        "type": "integer",
        "default": 4,
        "minimum": 0,
        "description": "How often a server that died is started anew within three minutes.",
    },
}


def properties() -> dict[str, Any]:
    found = dict(OWN)
    for each in schema():
        if not each.user_only:  # the server takes such a setting from the user's own file alone
            found[f"ghostlap.{each.name}"] = _property(each)
    return found


def _property(setting: Any) -> dict[str, Any]:
    text = f"{setting.help[:1].upper()}{setting.help[1:]}."
    described: dict[str, Any] = {"type": setting.type, "scope": "resource", "description": text}
    if isinstance(setting.default, str | int | float | bool):
        described["default"] = setting.default
    if setting.choices:
        described["enum"] = list(setting.choices)
    if setting.type == "array":
        described |= {"items": {"type": "string"}, "default": list(setting.default or ())}
    if setting.type == "object":
        described["default"] = dict(setting.default or {})
    for name in ("minimum", "maximum"):
        if (limit := getattr(setting, name)) is not None:
            described[name] = limit
    return described


def with_settings(manifest: dict[str, Any]) -> dict[str, Any]:
    wanted = properties()
    manifest["contributes"]["configuration"]["properties"] = wanted
    # What a folder says of them counts once the user trusts it.
    manifest["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = [*wanted]
    return manifest


def main() -> int:
    text = MANIFEST.read_text(encoding="utf-8")
    wanted = json.dumps(with_settings(json.loads(text)), indent=2, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        return int(text != wanted)
    MANIFEST.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

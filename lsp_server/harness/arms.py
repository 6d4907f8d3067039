"""The arms of a comparison: which servers are started, and with which settings."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.client import LspClient, LspError, ServerGone
from ghostlap.lsp_server.commands import Failure
from ghostlap.lsp_server.launch import server_command

__all__ = ["Arm", "Started", "our_arm", "start", "their_arm", "told_apart", "user_settings"]

_START_S = 30.0


@dataclass(frozen=True, slots=True)
class Arm:
    name: str
    command: Sequence[str]
    settings: Mapping[str, Any] | None = field(default=None, repr=False)
    """Of our server; None: it is another one, whose settings are its own business."""
    simulated: bool = False

    @property
    def label(self) -> str:
        """What a user is shown: nothing simulated is ever named without saying so."""
        return f"{self.name} (simulated)" if self.simulated else self.name

    @property
    def is_ours(self) -> bool:
        return self.settings is not None


@dataclass(frozen=True, slots=True)
class Started:
    arm: Arm
    client: LspClient
    root: Path
    database: Path
    """Where our server writes what it measures."""


def our_arm(
    provider: str,
    settings: Mapping[str, Any],
    *,
    hedge: str | Mapping[str, int] = "off",
    backup: str = "",
    address: str = "",
) -> Arm:
    """Return an arm that asks `provider`, with the user's settings for all else.

    `address` is that of a server that plays the provider, where one does.
    """
    changed = {
        **settings,
        "primary": provider,
        "hedge": hedge,
        "backup": [backup] if backup else [],
    }
    changed["split"], changed["shadow"] = {}, {}
    changed["telemetry"] = {"enabled": True}
    name = f"{provider}, {_mode(hedge)} {backup}" if backup else provider
    asked = [settings.get("providers", {}).get(each, {}) for each in (provider, backup)]
    simulated = bool(address) or any(each.get("simulated") for each in asked)
    return Arm(name, server_command(), changed, simulated=simulated)


def _mode(hedge: str | Mapping[str, int]) -> str:
    return hedge if isinstance(hedge, str) else f"{hedge['delay_ms']} ms"


def their_arm(command: Sequence[str]) -> Arm:
    return Arm(Path(command[0]).name, tuple(command))


def told_apart(arms: Sequence[Arm]) -> list[Arm]:
    """Number those that are called alike, from the second on."""
    counts: Counter[str] = Counter()
    found = []
    for arm in arms:
        counts[arm.name] += 1
        number = counts[arm.name]
        found.append(replace(arm, name=f"{arm.name} ({number})") if number > 1 else arm)
    return found


def user_settings(file: Path) -> dict[str, Any]:
    """Return the user's file as it stands, or nothing where there is none. Raises Failure."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Failure(f"{file} can't be read; `ghostlap config check` says why") from error


@asynccontextmanager
async def start(arm: Arm) -> AsyncIterator[Started]:
    """Start the arm's server in folders of its own, and shake hands. Raises Failure."""
    prefix = "ghostlap-bench-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        root = folder / "workspace"
        root.mkdir()
        try:
            async with LspClient.spawn(arm.command, env=_environment(arm, folder)) as client:
                await _shake_hands(arm, client, root)
                yield Started(arm, client, root, folder / "telemetry.db")
        except OSError as error:
            raise Failure(f"{arm.name} can't be started: {error.strerror or error}") from error


def _environment(arm: Arm, folder: Path) -> dict[str, str] | None:
    if arm.settings is None:
        return None
    config = folder / "config.toml"
    settings = {**arm.settings, "telemetry": {"path": str(folder / "telemetry.db")}}
    config.touch(mode=0o600)
    config.write_text(_toml(settings), encoding="utf-8")
    return {
        **os.environ,
        "GHOSTLAP_CONFIG": str(config),
        "GHOSTLAP_DATA_DIR": str(folder),
        "GHOSTLAP_STATE_DIR": str(folder),
    }


async def _shake_hands(arm: Arm, client: LspClient, root: Path) -> None:
    try:
        async with asyncio.timeout(_START_S):
            result = await client.initialize(root=root)
    except (LspError, ServerGone, TimeoutError) as error:
        said = client.stderr.strip().splitlines() or ["nothing"]
        raise Failure(f"{arm.name} did not start; the last that it said: {said[-1]}") from error
    if not (result.get("capabilities") or {}).get("inlineCompletionProvider"):
        raise Failure(f"{arm.name} offers no textDocument/inlineCompletion (LSP 3.18)")


def _toml(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    """Write what tomllib reads: values first, then the tables below."""
    lines = [f"[{'.'.join(map(json.dumps, path))}]"] if path else []
    below = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            below.append(_toml(value, (*path, key)))
        else:
            lines.append(f"{json.dumps(key)} = {_value(value)}")
    return "\n".join([*lines, *below]) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{json.dumps(k)} = {_value(v)}' for k, v in value.items())} }}"
    return json.dumps(value) if isinstance(value, str | int | float) else str(value)

"""What the user has switched since the settings were written, for all servers and for good.

A small JSON file in the user's state folder. Whoever switches replaces it in one step; every server
looks at it twice a second.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from ghostlap.lsp_server.config import Config
from ghostlap.lsp_server.hedging.settings import Mode, parse_mode

__all__ = [
    "Signature",
    "Switches",
    "applied",
    "load",
    "save",
    "signature",
    "state_folder",
    "write_file",
]

_LONGEST_BYTES = 65_536
_DEFAULT_ON = "adaptive"


@dataclass(frozen=True, slots=True)
class Switches:
    hedge: Mode | None = None
    """In place of the setting of this name; None: as the settings say."""
    resume: Mode | None = None
    """What it was before it was switched off."""
    primary: str | None = None
    """In place of the setting of this name."""

    def toggled(self, config: Config) -> Switches:
        """Switch hedging off; or on again, as it was."""
        now = config.hedge if self.hedge is None else self.hedge
        if now != "off":
            return replace(self, hedge="off", resume=now)
        configured = None if config.hedge == "off" else config.hedge
        return replace(self, hedge=self.resume or configured or _DEFAULT_ON, resume=None)


Signature: TypeAlias = tuple[int, int, int]


def state_folder() -> Path:
    """Where what outlives a server is kept. Creates nothing.

    The folder that GHOSTLAP_STATE_DIR names, or GHOSTLAP_DATA_DIR; else the user's state folder.
    """
    for variable in ("GHOSTLAP_STATE_DIR", "GHOSTLAP_DATA_DIR"):
        if named := os.environ.get(variable):
            return Path(named).expanduser()
    from platformdirs import user_state_dir  # noqa: PLC0415 - 8 ms, behind the handshake

    return Path(user_state_dir("ghostlap", appauthor=False))


def path_in(folder: Path) -> Path:
    return folder / "hedge.json"


def signature(folder: Path) -> Signature | None:
    """Return what tells one state of the file from another; None: there is none."""
    try:
        stat = path_in(folder).stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def load(folder: Path) -> Switches:
    """Read the file. What is not there or makes no sense is not switched."""
    try:
        with path_in(folder).open("rb") as file:
            found = json.loads(file.read(_LONGEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return Switches()
    if not isinstance(found, dict):
        return Switches()
    primary = found.get("primary")
    return Switches(
        _mode(found.get("hedge")),
        _mode(found.get("resume")),
        primary if isinstance(primary, str) and primary else None,
    )


def save(folder: Path, switches: Switches) -> None:
    """Replace the file in one step, readable by the user alone. Raises OSError."""
    told = {"hedge": switches.hedge, "resume": switches.resume, "primary": switches.primary}
    write_file(path_in(folder), {name: value for name, value in told.items() if value is not None})


def write_file(path: Path, data: Any) -> None:
    """Replace a JSON file in one step. Raises OSError."""
    from tempfile import mkstemp  # noqa: PLC0415 - not while a server starts

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = mkstemp(dir=path.parent, prefix=path.name, suffix=".new")  # its mode is 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def applied(config: Config, switches: Switches, known: Collection[str]) -> Config:
    """Return the settings with the switches in place of what they switch.

    A primary that is not among the `known` ones is no longer there, and is not asked.
    """
    hedge = config.hedge if switches.hedge is None else switches.hedge
    primary = switches.primary if switches.primary in known else None
    return replace(config, hedge=hedge, primary=primary or config.primary)


def _mode(value: Any) -> Mode | None:
    try:
        return parse_mode(value)
    except ValueError:
        return None

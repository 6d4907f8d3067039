"""What an opened folder itself may ask for: `.ghostlap.toml` at its top.

It is part of what was opened, so it may only have less sent, or less recorded: [context] as in the
user's file, and `enabled = false` under [telemetry]. Anything else in it is left out, with one
message that names it.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.config._config import Config
from ghostlap.lsp_server.config._reader import Problem, quoted, read
from ghostlap.lsp_server.context.settings import ContextSettings

__all__ = ["FILE_NAME", "narrowed_by_folders"]

FILE_NAME = ".ghostlap.toml"
_LONGEST_BYTES = 64 * 1024
_MOST_NAMES = 8
_NOTHING_SENT = ContextSettings(remote=False)


@dataclass(frozen=True, slots=True)
class _Recording:
    enabled: bool = field(default=True, metadata={"help": "record", "narrows_to": False})


@dataclass(frozen=True, slots=True)
class _Folder:
    context: ContextSettings = field(
        default_factory=ContextSettings, metadata={"help": "what is sent"}
    )
    telemetry: _Recording = field(default_factory=_Recording, metadata={"help": "what is recorded"})


def narrowed_by_folders(
    config: Config, folders: Sequence[Path]
) -> tuple[Config, tuple[Problem, ...]]:
    """Return `config` with what the folders ask for, and what of that is not used.

    A file that can't be read asked for something: then nothing is sent.
    """
    problems: list[Problem] = []
    for folder in folders:
        asked, found = _read(folder)
        problems += found
        telemetry = config.telemetry
        config = replace(
            config,
            context=config.context.narrowed_by(asked.context),
            telemetry=replace(telemetry, enabled=telemetry.enabled and asked.telemetry.enabled),
        )
    return config, tuple(problems)


def _read(folder: Path) -> tuple[_Folder, tuple[Problem, ...]]:
    try:
        text = _text(folder / FILE_NAME)
    except (OSError, ValueError) as error:
        return _unusable(f"it can't be read ({_why(error)})")
    if text is None:
        return _Folder(), ()
    import tomllib  # noqa: PLC0415 - as for the user's file

    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError):
        return _unusable("it is not TOML")
    wanted, left_out = _allowed(table)
    asked, problems = read(_Folder(), wanted, source=FILE_NAME)
    if left_out:
        names = ", ".join(left_out[:_MOST_NAMES]) + ("…" if len(left_out) > _MOST_NAMES else "")
        message = f"a folder may only narrow what is sent, so this is left out: {names}"
        problems = (*problems, Problem("", message, FILE_NAME))
    return asked, problems


def _text(file: Path) -> str | None:
    """Return what a file holds; None where there is none. Raises OSError and ValueError."""
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is no regular file")
    with file.open("rb") as opened:
        data = opened.read(_LONGEST_BYTES + 1)
    if len(data) > _LONGEST_BYTES:
        raise ValueError(f"it is longer than {_LONGEST_BYTES // 1024} kB")
    return data.decode("utf-8-sig")


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return (error.strerror or "") if isinstance(error, OSError) else str(error)


def _unusable(why: str) -> tuple[_Folder, tuple[Problem, ...]]:
    problem = Problem("", f"{why}, so nothing is sent from this workspace", FILE_NAME)
    return _Folder(context=_NOTHING_SENT), (problem,)


def _allowed(table: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what a folder may say, and the names of what it says besides."""
    wanted: dict[str, Any] = {}
    left_out: list[str] = []
    for key, value in table.items():
        if key == "context":
            wanted[key] = value
        elif key == "telemetry" and isinstance(value, dict):
            wanted[key] = {name: each for name, each in value.items() if name == "enabled"}
            left_out += [quoted(f"telemetry.{name}") for name in value if name != "enabled"]
        else:
            left_out.append(quoted(key))
    return wanted, left_out

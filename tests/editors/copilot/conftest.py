"""A user whose Copilot clients are pointed at ghostlap by the lines that `editor install` shows."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CACHE = Path(__file__).parents[3] / ".cache"
PATIENCE_S = 30.0


@pytest.fixture
def suggested() -> str:
    """What the provider says: its length is another in each way of counting."""
    return "total_of('🙂🙂', second)"


@pytest.fixture
def dialect_user(user: dict[str, str], suggested: str, tmp_path: Path) -> dict[str, str]:
    """The variables of a user whose provider always says the same, and has ghostlap on PATH."""
    config = tmp_path / "config.toml"
    config.write_text(
        'primary = "script"\ndebounce_ms = 0\n[providers.script]\ndialect = "scripted"\n'
        f"script = {{ text = {json.dumps(suggested, ensure_ascii=False)} }}\n",
        encoding="utf-8",
    )
    user["GHOSTLAP_CONFIG"] = str(config)
    user["GHOSTLAP_DATA_DIR"] = str(tmp_path / "data")
    user["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), user["PATH"]))
    return user


@pytest.fixture
def lines(dialect_user: dict[str, str]) -> Callable[[str], str]:
    """What `ghostlap editor install` shows for a client, comments and all."""

    def show(client: str) -> str:
        command = ("ghostlap", "editor", "install", client)
        return run(command, dialect_user)

    return show


@pytest.fixture
def recorded(dialect_user: dict[str, str]) -> Callable[[], dict[str, Any]]:
    """What `ghostlap stats` says of the provider."""

    def stats() -> dict[str, Any]:
        rows: list[dict[str, Any]] = json.loads(run(("ghostlap", "stats", "--json"), dialect_user))[
            "rows"
        ]
        return next((row for row in rows if row["key"] == "script"), {})

    return stats


def run(command: tuple[str, ...], env: dict[str, str]) -> str:
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return done.stdout


class Emacs:
    """One Emacs that runs in a tmux of its own."""

    def __init__(self, tools: Path, folder: Path, variables: dict[str, str]) -> None:
        self._tools = tools
        self._folder = folder
        self._variables = variables

    def open(self, init: str, path: Path) -> None:
        file = self._folder / "init.el"
        file.write_text(init, encoding="utf-8")
        command = (str(self._tools / "emacs"), "-nw", "-q", "--no-site-file", "-l", str(file))
        size = ("-x", "120", "-y", "40")
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, shlex.join((*command, str(path))))

    def kill(self) -> None:
        self._tmux("kill-server", check=False)

    def keys(self, *names: str) -> None:
        self._tmux("send-keys", *names)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p", check=False).stdout

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"waited {PATIENCE_S:.0f} s in vain for {what}:\n{self.screen()}")
            time.sleep(0.05)

    def _tmux(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        tmux = (str(self._tools / "tmux"), "-u", "-S", str(self._folder / "tmux"))
        return subprocess.run(
            (*tmux, *args),
            env=self._variables,
            check=check,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )


@pytest.fixture
def emacs(
    dialect_user: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emacs]:
    tools = CACHE / "emacs" / "bin"
    if not (tools / "emacs").exists():
        absent = "emacs was not fetched: see what tests/editors/fetch-emacs.sh says"
        if os.environ.get("GHOSTLAP_REQUIRE_EDITORS"):
            pytest.fail(absent)
        pytest.skip(absent)
    started = Emacs(tools, tmp_path_factory.mktemp("emacs"), dialect_user)
    yield started
    started.kill()

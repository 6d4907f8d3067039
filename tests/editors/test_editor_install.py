"""`ghostlap editor`: what it says it would do, what it does, and what is left of it afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ghostlap(user: dict[str, str], *arguments: str, code: int = 0) -> str:
    command = (sys.executable, "-I", "-m", "ghostlap.lsp_server", "editor", *arguments)
    done = subprocess.run(command, env=user, check=False, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def package(user: dict[str, str]) -> Path:
    return Path(user["XDG_DATA_HOME"], "nvim", "site", "pack", "ghostlap", "start", "ghostlap")


@pytest.fixture
def note(user: dict[str, str]) -> Path:
    return Path(user["XDG_CONFIG_HOME"], "ghostlap", "server.json")


def test_neovim_gets_the_plugin_and_learns_which_server_is_its_own(
    user: dict[str, str], package: Path, note: Path
) -> None:
    ghostlap(user, "install", "neovim")
    assert (package / "plugin" / "ghostlap.lua").is_file()
    assert (package / "doc" / "ghostlap.txt").is_file()
    command = json.loads(note.read_text())["command"]
    assert command[0] == sys.executable
    assert command[-1] == "serve"
    ghostlap(user, "install", "neovim")  # an update


def test_uninstalling_leaves_nothing(user: dict[str, str], package: Path, note: Path) -> None:
    ghostlap(user, "install", "neovim")
    ghostlap(user, "uninstall", "neovim")
    assert not package.exists()
    assert not note.exists()
    ghostlap(user, "uninstall", "neovim")  # a second time does no harm


def test_print_says_all_and_does_nothing(user: dict[str, str], package: Path, note: Path) -> None:
    said = ghostlap(user, "install", "neovim", "--print")
    assert str(package) in said
    assert str(note) in said
    assert "lazy.nvim" in said
    assert not package.exists()
    assert not note.exists()


def test_a_folder_that_holds_something_else_is_left_alone(
    user: dict[str, str], package: Path
) -> None:
    package.mkdir(parents=True)
    (package / "mine.txt").write_text("mine")
    assert "something else" in ghostlap(user, "install", "neovim", code=1)
    assert (package / "mine.txt").read_text() == "mine"


@pytest.fixture
def shim(user: dict[str, str], tmp_path: Path) -> Path:
    """An editor's command that writes down how it was called, and fails when told to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("codium", "cursor"):
        program = folder / name
        program.write_text(
            f'#!/bin/sh\necho {name} "$@" >>{tmp_path}/calls\n'
            f"[ ! -e {tmp_path}/fail ] || {{ echo it broke >&2; exit 3; }}\n"
        )
        program.chmod(0o755)
    user["PATH"] = os.pathsep.join((str(folder), "/usr/bin", "/bin"))
    return tmp_path


def needs_extension() -> None:
    if not (ROOT / "editors" / "vscode" / "ghostlap.vsix").is_file():
        absent = "the extension was not built: see `make extension`"
        if os.environ.get("GHOSTLAP_REQUIRE_EDITORS"):
            pytest.fail(absent)
        pytest.skip(absent)


def test_every_vscode_that_is_there_gets_the_extension(user: dict[str, str], shim: Path) -> None:
    needs_extension()
    ghostlap(user, "install", "vscode")
    calls = (shim / "calls").read_text().splitlines()
    assert [call.split()[:2] for call in calls] == [
        ["codium", "--install-extension"],
        ["cursor", "--install-extension"],
    ]
    assert all(call.split()[2].endswith("ghostlap.vsix") for call in calls)
    ghostlap(user, "uninstall", "cursor")
    last = (shim / "calls").read_text().splitlines()[-1]
    assert last == "cursor --uninstall-extension ghostlap.ghostlap"


def test_an_editor_that_refuses_is_quoted(user: dict[str, str], shim: Path) -> None:
    needs_extension()
    (shim / "fail").touch()
    said = ghostlap(user, "install", "codium", code=1)
    assert "codium failed: it broke" in said


def test_without_any_vscode_it_says_what_to_do(user: dict[str, str]) -> None:
    needs_extension()
    user["PATH"] = "/usr/bin:/bin"
    assert "on PATH" in ghostlap(user, "install", "cursor", code=1)


def test_a_remote_hosts_own_command_is_found(user: dict[str, str], tmp_path: Path) -> None:
    needs_extension()
    remote = Path(user["HOME"], ".vscode-server/cli/servers/Stable-1/server/bin/remote-cli/code")
    remote.parent.mkdir(parents=True)
    remote.write_text("#!/bin/sh\n")
    remote.chmod(0o755)
    user["PATH"] = str(tmp_path)
    assert str(remote) in ghostlap(user, "install", "vscode", "--print")


def test_the_extensions_settings_are_those_of_the_server() -> None:
    script = ROOT / "editors" / "vscode" / "settings.py"
    done = subprocess.run([sys.executable, "-I", str(script), "--check"], check=False)
    assert done.returncode == 0, "run editors/vscode/settings.py"

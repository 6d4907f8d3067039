"""VS Code and what is made of it: the extension that ships with us, by the editor's own CLI."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from ghostlap.lsp_server.editor_install.note import Note
from ghostlap.lsp_server.editor_install.steps import NotPossible, Step, shipped

__all__ = ["VSCODE_NAMES", "find_clis", "vscode_install", "vscode_uninstall"]

VSCODE_NAMES = ("code", "code-insiders", "codium", "cursor", "windsurf", "code-server")
"""The commands by which one talks to each, as they are on PATH."""

_EXTENSION = "ghostlap.ghostlap"
_CLI_S = 120.0

# Where a remote host keeps the CLI, in folders named for a build: it is on PATH in none but the
# editor's own terminal.
_SERVERS = {
    "code": (
        ".vscode-server/cli/servers/*/server/bin/remote-cli",
        ".vscode-server/bin/*/bin/remote-cli",
    ),
    "code-insiders": (".vscode-server-insiders/bin/*/bin/remote-cli",),
    "codium": (".vscodium-server/bin/*/bin/remote-cli",),
    "cursor": (".cursor-server/bin/*/bin/remote-cli", ".cursor-server/bin/*/*/bin/remote-cli"),
    "windsurf": (".windsurf-server/bin/*/bin/remote-cli",),
}
_MAC_APPS = {
    "code": "Visual Studio Code.app",
    "code-insiders": "Visual Studio Code - Insiders.app",
    "codium": "VSCodium.app",
    "cursor": "Cursor.app",
    "windsurf": "Windsurf.app",
}


def find_clis(names: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the commands of these editors that are here, by name."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    found = {}
    for name in names:
        path = shutil.which(name, path=environ.get("PATH", ""))
        if path is None:
            path = next((str(each) for each in _elsewhere(name, home)), None)
        if path is not None:
            found[name] = path
    return found


def _elsewhere(name: str, home: Path) -> Iterator[Path]:
    for pattern in _SERVERS.get(name, ()):
        # The newest build last: the editor leaves old ones behind.
        builds = sorted(home.glob(f"{pattern}/{name}"), key=lambda each: each.stat().st_mtime)
        yield from reversed(builds)
    if sys.platform == "darwin" and name in _MAC_APPS:
        for base in (Path("/Applications"), home / "Applications"):
            cli = base / _MAC_APPS[name] / "Contents" / "Resources" / "app" / "bin" / "code"
            if cli.is_file():
                yield cli


def vscode_install(names: Sequence[str], note: Note, environ: Mapping[str, str]) -> list[Step]:
    vsix = shipped("vscode", "ghostlap.vsix")
    if not vsix.is_file():
        raise NotPossible(
            "This installation holds no VS Code extension: install a wheel that `make wheel` built,"
            " or run `make extension` in the checkout."
        )
    clis = _clis(names, environ)
    steps = [_cli_step(cli, ["--install-extension", str(vsix), "--force"]) for cli in clis]
    return [*steps, note.write()]


def vscode_uninstall(names: Sequence[str], note: Note, environ: Mapping[str, str]) -> list[Step]:
    clis = _clis(names, environ)
    return [*(_cli_step(cli, ["--uninstall-extension", _EXTENSION]) for cli in clis), note.remove()]


def _clis(names: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    found = find_clis(names, environ)
    if not found:
        raise NotPossible(
            f"None of {', '.join(names)} is on PATH: in VS Code, run “Shell Command: Install 'code'"
            " command in PATH”; on a remote host, run this in the editor's own terminal."
        )
    return [*found.values()]


def _cli_step(cli: str, arguments: Sequence[str]) -> Step:
    return Step(" ".join([cli, *arguments]), partial(_run, cli, arguments))


def _run(cli: str, arguments: Sequence[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own editor
            [cli, *arguments], check=False, capture_output=True, text=True, timeout=_CLI_S
        )
    except subprocess.TimeoutExpired:
        raise NotPossible(f"{cli} did not answer within {_CLI_S:.0f} s: try it by hand.") from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise NotPossible(f"{cli} failed: {lines[-1] if lines else f'exit {done.returncode}'}")

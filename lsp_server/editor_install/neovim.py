"""Neovim: the plugin as a package that Neovim loads at start (`:help packages`)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ghostlap.lsp_server.editor_install.note import Note
from ghostlap.lsp_server.editor_install.steps import NotPossible, Step, shipped

__all__ = ["SNIPPETS", "neovim_install", "neovim_uninstall"]

_HELPTAGS_S = 10.0

SNIPPETS = """\
Or let your plugin manager take it from where it lies now:
  lazy.nvim    {{ dir = "{plugin}", opts = {{ keys = {{ accept = "<Tab>" }} }} }}
  vim.pack     vim.opt.runtimepath:prepend("{plugin}")   (it manages repositories alone)
  runtimepath  vim.opt.runtimepath:prepend("{plugin}")
and give it keys: require("ghostlap").setup({{ keys = {{ accept = "<Tab>" }} }})
"""


def package_folder(environ: Mapping[str, str]) -> Path:
    """Return where Neovim looks for our package, by its `stdpath("data")`."""
    name = environ.get("NVIM_APPNAME") or "nvim"
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if sys.platform == "win32":
        base, name = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local"), f"{name}-data"
    else:
        base = home / ".local" / "share"
    data = Path(environ.get("XDG_DATA_HOME") or base)
    return data / name / "site" / "pack" / "ghostlap" / "start" / "ghostlap"


def neovim_install(note: Note, environ: Mapping[str, str]) -> list[Step]:
    plugin, target = shipped("nvim"), package_folder(environ)
    if not (plugin / "plugin" / "ghostlap.lua").is_file():
        raise NotPossible(f"This installation holds no Neovim plugin in {plugin}: install it anew.")
    return [
        Step(f"copy {plugin} to {target}", lambda: _copy(plugin, target)),
        Step(f"nvim --headless +'helptags {target / 'doc'}' +q", lambda: _helptags(target)),
        note.write(),
    ]


def neovim_uninstall(note: Note, environ: Mapping[str, str]) -> list[Step]:
    target = package_folder(environ)
    return [Step(f"remove {target}", lambda: _remove(target)), note.remove()]


def _copy(plugin: Path, target: Path) -> None:
    _remove(target)
    shutil.copytree(plugin, target)


def _remove(target: Path) -> None:
    if not target.exists():
        return
    if not (target / "plugin" / "ghostlap.lua").is_file():
        raise NotPossible(f"{target} holds something else than this plugin: move it away.")
    shutil.rmtree(target)


def _helptags(target: Path) -> None:
    nvim = shutil.which("nvim")
    if nvim is None:  # its own `:helptags ALL` makes them later
        return
    command = [nvim, "--headless", "-u", "NONE", "-c", f"helptags {target / 'doc'}", "-c", "q"]
    subprocess.run(command, check=False, capture_output=True, timeout=_HELPTAGS_S)  # noqa: S603 - Neovim as on PATH

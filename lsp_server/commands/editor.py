"""Put ghostlap into an editor, or take it out again.

vscode   the extension into every VS Code, VSCodium, Cursor, Windsurf and code-server that is found,
         on this machine or this remote host; or into one, by the name of its command
neovim   the plugin, as a package that Neovim loads at start

For a Copilot client it prints the lines that have the client start ghostlap, to be put into your
own settings: copilot.vim, copilot.lua, copilot.el, lspconfig (nvim-lspconfig's entry "copilot"),
lsp-mode (Emacs), helix, sublime (LSP-copilot).
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import os
import sys
from typing import TYPE_CHECKING

from ghostlap.lsp_server.commands import Failure

if TYPE_CHECKING:
    from ghostlap.lsp_server.editor_install import Step

__all__ = ["add_arguments", "run"]

_EDITORS = (
    "vscode",
    "neovim",
    "code",
    "code-insiders",
    "codium",
    "cursor",
    "windsurf",
    "code-server",
)
_COPILOT_CLIENTS = (
    "copilot.vim",
    "copilot.lua",
    "copilot.el",
    "lspconfig",
    "lsp-mode",
    "helix",
    "sublime",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("install", "uninstall"))
    parser.add_argument("editor", choices=(*_EDITORS, *_COPILOT_CLIENTS))
    parser.add_argument(
        "--print", action="store_true", dest="only_print", help="show what would be done"
    )


def run(args: argparse.Namespace) -> int:
    from ghostlap.lsp_server.editor_install import NotPossible, lines_for  # noqa: PLC0415 - as below

    if args.editor in _COPILOT_CLIENTS:
        if args.action == "uninstall":
            print("Take these lines out of your settings again:", file=sys.stderr)
        print(lines_for(args.editor), end="")
        return 0
    try:
        for step in _steps(args.action, args.editor):
            print(step.says)
            if not args.only_print:
                step.do()
    except NotPossible as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}") from error
    if args.action == "install":
        _say_what_is_next(args.editor, only_print=args.only_print)
    return 0


def _steps(action: str, editor: str) -> list[Step]:
    from ghostlap.lsp_server import editor_install as ours  # noqa: PLC0415 - not for --help

    note = ours.Note.here()
    if editor == "neovim":
        make = ours.neovim_install if action == "install" else ours.neovim_uninstall
        return make(note, os.environ)
    names = ours.VSCODE_NAMES if editor == "vscode" else (editor,)
    change = ours.vscode_install if action == "install" else ours.vscode_uninstall
    return change(names, note, os.environ)


def _say_what_is_next(editor: str, *, only_print: bool) -> None:
    from ghostlap.lsp_server.editor_install.neovim import SNIPPETS  # noqa: PLC0415 - as above
    from ghostlap.lsp_server.editor_install.steps import shipped  # noqa: PLC0415 - as above

    if editor == "neovim":
        print(SNIPPETS.format(plugin=shipped("nvim")), end="")
    if not only_print:
        print(
            "Done. :checkhealth ghostlap says how it is."
            if editor == "neovim"
            else "Done. Reload the editor's windows that are open."
        )

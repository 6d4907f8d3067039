"""Putting ghostlap into editors, and taking it out again, as steps that can be shown first."""

from __future__ import annotations

from ghostlap.lsp_server.editor_install.copilot_clients import COPILOT_CLIENTS, lines_for
from ghostlap.lsp_server.editor_install.neovim import neovim_install, neovim_uninstall
from ghostlap.lsp_server.editor_install.note import Note
from ghostlap.lsp_server.editor_install.steps import NotPossible, Step
from ghostlap.lsp_server.editor_install.vscode import (
    VSCODE_NAMES,
    find_clis,
    vscode_install,
    vscode_uninstall,
)

__all__ = [
    "COPILOT_CLIENTS",
    "VSCODE_NAMES",
    "NotPossible",
    "Note",
    "Step",
    "find_clis",
    "lines_for",
    "neovim_install",
    "neovim_uninstall",
    "vscode_install",
    "vscode_uninstall",
]

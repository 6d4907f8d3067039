"""Copilot clients: the lines that have each of them start ghostlap instead of its own server.

They are shown, not written: they belong into a file that the user keeps. All else is shown as
comments of that file's language, so that what is shown can be appended to it as it is.
"""

from __future__ import annotations

import json
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

__all__ = ["COPILOT_CLIENTS", "lines_for"]


@dataclass(frozen=True, slots=True)
class _Client:
    file: str
    """Where the lines belong."""
    comment: str
    lines: str
    """With {exe} as a string in double quotes, or 'exe' in single ones, and {{}} for braces."""
    tried: str
    lacks: str


COPILOT_CLIENTS: Mapping[str, _Client] = MappingProxyType(
    {
        "copilot.vim": _Client(
            file="vimrc or init.vim, before the plugin is loaded",
            comment='"',
            lines="let g:copilot_command = {exe_single}",
            tried="Not tried here: by its sources of 2025, which start what this names, with "
            "--stdio. Older ones know no such variable",
            lacks="show next edits, of which ghostlap has none",
        ),
        "copilot.lua": _Client(
            file="init.lua, in the place of your own call of setup",
            comment="--",
            lines='require("copilot").setup({{\n'
            '  server = {{ type = "binary", custom_server_filepath = {exe} }},\n'
            "}})",
            tried="Not tried here: by its sources of 2025",
            lacks="tell whether a word or a line was accepted",
        ),
        "copilot.el": _Client(
            file="init.el",
            comment=";;",
            lines='(setq copilot-server-executable {exe}\n      copilot-server-args \'("--stdio"))',
            tried="Not tried here: by its sources, 0.3",
            lacks="say that you dismissed a suggestion rather than typed on, before 0.4: ghostlap "
            "tells the two apart by what you do next",
        ),
        "lspconfig": _Client(
            file="init.lua, with nvim-lspconfig installed",
            comment="--",
            lines='vim.lsp.config("copilot", {{ cmd = {{ {exe}, "--stdio" }} }})\n'
            'vim.lsp.enable("copilot")\n'
            'vim.api.nvim_create_autocmd("LspAttach", {{ callback = function(event)\n'
            "  vim.lsp.inline_completion.enable(true, {{ bufnr = event.buf }})\n"
            "end }})",
            tried="Tried with Neovim 0.12.4, and its entry `copilot` as nvim-lspconfig has that",
            lacks="report what was shown, dismissed or accepted in part; and Neovim waits 200 ms "
            "after a key before it asks. `ghostlap editor install neovim` does neither",
        ),
        "lsp-mode": _Client(
            file="init.el, before lsp-mode is loaded",
            comment=";;",
            lines="(setq lsp-copilot-enabled t\n      lsp-copilot-executable {exe})",
            tried="Tried with lsp-mode 10.0.0 in Emacs 30.2",
            lacks="ask before you pause (lsp-inline-completion-idle-delay, 2 s unless you change "
            "it), accept in part, nor report what was shown",
        ),
        "helix": _Client(
            file="languages.toml; name ghostlap beside a language's own server",
            comment="#",
            lines='[language-server.ghostlap]\ncommand = {exe}\nargs = ["--stdio"]\n\n'
            '[[language]]\nname = "python"\nlanguage-servers = ["pylsp", "ghostlap"]',
            tried="Not tried here: by its documentation",
            lacks="show ghost text: the suggestion is an entry of the completion menu",
        ),
        "sublime": _Client(
            file="Preferences > Package Settings > LSP > Servers > LSP-copilot",
            comment="//",
            lines="{{\n"
            '  "command": [{exe}, "--stdio"],\n'
            '  "initializationOptions": {{ "editorPluginInfo": {{ "name": "LSP-copilot" }} }}\n'
            "}}",
            tried="Not tried here: by the sources of LSP-copilot of 2025, which still fetches the "
            "server of its own, and wants Node for that",
            lacks="chat: its commands for that are answered by an error",
        ),
    }
)


def lines_for(name: str) -> str:
    """Return what to add to a client's settings, and comments that say how good it is."""
    client = COPILOT_CLIENTS[name]
    exe = _executable()
    lines = client.lines.format(exe=json.dumps(exe), exe_single="'" + exe.replace("'", "''") + "'")
    said = f"{client.comment} {name}: for {client.file}"
    tried = f"{client.comment} {client.tried}."
    lacks = f"{client.comment} It can't {client.lacks}."
    return f"{said}\n{lines}\n{tried}\n{lacks}\n"


def _executable() -> str:
    """Return the program, by its path where it is known: an editor's PATH may be another."""
    own = Path(sysconfig.get_path("scripts"))
    found = shutil.which("ghostlap", path=str(own)) or shutil.which("ghostlap")
    return found or "ghostlap"

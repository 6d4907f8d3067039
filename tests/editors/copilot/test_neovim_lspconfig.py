"""Neovim's own ghost text, with the entry `copilot` that nvim-lspconfig has, and our command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.editors.conftest import Neovim

pytestmark = pytest.mark.editor

TYPED = "x = '🙂' + "

# The same in effect as nvim-lspconfig's entry: who it says it is, its settings, and signing in.
ENTRY = """
local itself = { name = "Neovim", version = tostring(vim.version()) }
vim.lsp.config("copilot", {
  cmd = { "copilot-language-server", "--stdio" },
  root_markers = { ".git" },
  init_options = { editorInfo = itself, editorPluginInfo = itself },
  settings = { telemetry = { telemetryLevel = "all" } },
  on_attach = function(client)
    local function ask(method)
      client:request(method, vim.empty_dict(), function(failure, result)
        answers_of = answers_of or {}
        answers_of[method] = failure and failure.message or result
      end)
    end
    ask("signIn")
    ask("signOut")
  end,
})
statuses = {}
vim.lsp.handlers["didChangeStatus"] = function(_, params) table.insert(statuses, params) end
vim.opt.swapfile = false
vim.keymap.set("i", "<Tab>", function()
  return vim.lsp.inline_completion.get() and "" or "<Tab>"
end, { expr = true })
"""


def test_ghost_text_is_seen_and_accepted_and_the_acceptance_is_on_record(
    neovim: Neovim,
    dialect_user: dict[str, str],
    lines: Callable[[str], str],
    recorded: Callable[[], dict[str, Any]],
    suggested: str,
    tmp_path: Path,
) -> None:
    init = Path(dialect_user["XDG_CONFIG_HOME"], "nvim", "init.lua")
    init.parent.mkdir(parents=True)
    init.write_text(ENTRY + lines("lspconfig"), encoding="utf-8")
    source = tmp_path / "source.py"
    source.write_text("first line\n", encoding="utf-8")
    neovim.open(source)
    ready = """
      local client = vim.lsp.get_clients({ bufnr = 0, name = "copilot" })[1]
      return client ~= nil and client.initialized == true"""
    neovim.wait("the server to attach", lambda: neovim.lua(ready))

    neovim.keys("o")
    neovim.type(TYPED)
    neovim.wait("the ghost text", lambda: neovim.ghost() == suggested)
    whole = TYPED + suggested
    neovim.wait("it on the screen", lambda: whole in "\n".join(neovim.screen()))
    assert neovim.line() == TYPED

    neovim.keys("Tab")
    neovim.wait("the suggestion in the buffer", lambda: neovim.line() == whole)
    neovim.keys("Escape")
    neovim.wait("normal mode", lambda: neovim.lua("return vim.fn.mode()") == "n")
    neovim.lua("vim.cmd('silent write') return true")
    assert source.read_bytes() == f"first line\n{whole}\n".encode()

    neovim.wait("the acceptance on record", lambda: recorded().get("accepted"))
    assert recorded()["accepted"] == 1
    answers = neovim.lua("return answers_of")
    assert answers["signIn"]["status"] == "AlreadySignedIn"
    assert answers["signOut"]["status"] == "NotSignedIn"
    assert neovim.lua("return statuses[#statuses].kind") == "Normal"
    said: str = neovim.lua("return vim.fn.execute('messages')")
    assert "ghostlap" not in said, "there was nothing to complain of"

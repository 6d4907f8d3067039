"""What `ghostlap editor install` shows for Copilot clients."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ghostlap.lsp_server.commands import editor
from ghostlap.lsp_server.editor_install import COPILOT_CLIENTS

if TYPE_CHECKING:
    from tests.editors.conftest import Neovim
    from tests.editors.copilot.conftest import Emacs


def without_comments(text: str, comment: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(comment))


def test_the_command_offers_each_client_that_there_are_lines_for() -> None:
    assert set(editor._COPILOT_CLIENTS) == set(COPILOT_CLIENTS)


@pytest.mark.parametrize("client", COPILOT_CLIENTS)
def test_each_says_where_the_lines_go_what_was_tried_and_what_it_cannot(
    client: str, lines: Callable[[str], str]
) -> None:
    shown = lines(client)
    comment = COPILOT_CLIENTS[client].comment
    added = without_comments(shown, comment)
    assert 1 <= len(added.splitlines()) <= 7
    assert "ghostlap" in added
    said = [line for line in shown.splitlines() if line.startswith(comment)]
    assert f"{client}: for " in said[0]
    assert "ried " in said[1]
    assert "can't" in said[2]


def test_those_in_toml_and_json_can_be_read(lines: Callable[[str], str]) -> None:
    helix = tomllib.loads(lines("helix"))
    assert helix["language-server"]["ghostlap"]["args"] == ["--stdio"]
    sublime = json.loads(without_comments(lines("sublime"), "//"))
    assert sublime["command"][1:] == ["--stdio"]


@pytest.mark.editor
def test_those_in_vim_and_lua_are_understood_by_neovim(
    neovim: Neovim, lines: Callable[[str], str], tmp_path: Path
) -> None:
    neovim.open(tmp_path / "nothing")
    (tmp_path / "lines.vim").write_text(lines("copilot.vim"), encoding="utf-8")
    command = neovim.lua(
        f"vim.cmd.source({str(tmp_path / 'lines.vim')!r}) return vim.g.copilot_command"
    )
    assert Path(command).name == "ghostlap"
    setup = lines("copilot.lua").replace('require("copilot").setup', "return ")
    assert neovim.lua(setup)["server"]["custom_server_filepath"] == command


@pytest.mark.editor
def test_those_in_lisp_are_understood_by_emacs(
    emacs: Emacs, lines: Callable[[str], str], tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    tell = (
        f'(write-region (concat copilot-server-executable (car copilot-server-args)) nil "{kept}")'
    )
    emacs.open(lines("copilot.el") + tell, tmp_path / "nothing")
    emacs.wait("the lines to be read", lambda: kept.exists() and kept.read_text())
    assert kept.read_text().endswith("ghostlap--stdio")

"""Ghost text in real Neovim, configured by nothing but the lines that the README gives."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copy
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.editors.conftest import Neovim

pytestmark = pytest.mark.editor

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def configured(user: dict[str, str]) -> str:
    """The README's lines as the user's init.lua, and ghostlap on the user's PATH."""
    readme = README.read_text(encoding="utf-8")
    block = re.search(r"^```lua\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert block
    init = Path(user["XDG_CONFIG_HOME"], "nvim", "init.lua")
    init.parent.mkdir(parents=True)
    init.write_text(block[1])
    user["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), user["PATH"]))
    return block[1]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A real Python file of more than a thousand lines, in a folder of its own."""
    path = Path(copy(argparse.__file__, tmp_path))
    assert len(path.read_text(encoding="utf-8").splitlines()) >= 1000
    return path


def test_the_readme_configures_neovim_in_five_lines(configured: str) -> None:
    assert len(configured.splitlines()) == 5


def type_until_ghost(neovim: Neovim, *lines: str) -> None:
    """Type the lines key by key, each answered before the next, until ghost text appears."""
    for key in (key for line in lines for key in (*line, "Enter")):
        neovim.press_and_wait(key)
        if neovim.ghost():
            return
    pytest.fail("no ghost text for any of\n" + "\n".join(lines))


def recorded(user: dict[str, str]) -> dict[str, Any]:
    """What `ghostlap stats` says of the embedded engine."""
    command = ("ghostlap", "stats", "--json")
    told = subprocess.run(command, env=user, check=True, capture_output=True, text=True)
    rows: list[dict[str, Any]] = json.loads(told.stdout)["rows"]
    return next((row for row in rows if row["key"] == "embedded"), {})


@pytest.mark.usefixtures("configured")
def test_ghost_text_appears_and_accepting_it_puts_exactly_it_into_the_buffer(
    neovim: Neovim, source: Path, user: dict[str, str]
) -> None:
    neovim.open(source)
    attached = "return #vim.lsp.get_clients({bufnr = 0, name = 'ghostlap'})"
    neovim.wait("the server to attach", lambda: neovim.lua(attached))

    # Anew, above where the file has it: the arguments that one call of several passes on.
    neovim.keys("/option_strings=option_strings,", "Enter", "O")
    type_until_ghost(neovim, "option_strings=option_strings,", "dest=dest,", "nargs=nargs,")

    ghost, typed = neovim.ghost(), neovim.line()
    shown = typed + ghost
    neovim.wait("the ghost text on the screen", lambda: shown in "\n".join(neovim.screen()))
    assert neovim.line() == typed

    neovim.keys("Tab")
    neovim.wait("the suggestion in the buffer", lambda: neovim.line() != typed)
    assert neovim.line() == shown

    neovim.wait("the acceptance on record", lambda: recorded(user).get("accepted"))
    assert recorded(user)["served"] >= 1

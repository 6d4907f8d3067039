"""`ghostlap watch` in a real terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ghostlap.telemetry import Outcome, SqliteRecorder, Stage, Trace, monotonic_ns

pexpect = pytest.importorskip("pexpect")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="pexpect needs a pty")

CONFIG = """\
primary = "slow"
backup = ["fast"]
hedge = "adaptive"
[providers.slow]
base_url = "http://127.0.0.1:1/v1"
[providers.fast]
base_url = "http://127.0.0.1:1/v1"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config.toml").write_text(CONFIG)
    return {
        **os.environ,
        "GHOSTLAP_CONFIG": str(tmp_path / "config.toml"),
        "GHOSTLAP_DATA_DIR": str(tmp_path),
        "GHOSTLAP_STATE_DIR": str(tmp_path),
        "COLUMNS": "110",
        "LINES": "40",
        "TERM": "xterm-256color",
    }


def record(folder: Path, sequence: int, provider: str) -> None:
    recorder = SqliteRecorder(folder / "telemetry.sqlite3")
    trace = Trace(sequence, language="python")
    trace.stamp(Stage.CHANGE_RECEIVED)
    trace.stamp(Stage.USABLE, monotonic_ns() + 42_000_000)
    trace.attempt(provider).won = True
    trace.end(Outcome.SERVED)
    recorder.record(trace)
    assert recorder.close(10)


STYLE = r"(?:\x1b\[[\d;]*m)*"
COMMAND = ["-m", "ghostlap.lsp_server", "watch"]


def switches(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "hedge.json").read_text())
    return found


@posix_only
def test_keystrokes_appear_and_keys_switch(tmp_path: Path, environment: dict[str, str]) -> None:
    record(tmp_path, 1, "early-chip")
    child = pexpect.spawn(
        sys.executable, COMMAND, env=environment, dimensions=(40, 110), timeout=30, encoding="utf-8"
    )
    try:
        child.expect("early-chip")
        record(tmp_path, 2, "late-chip")
        child.expect("late-chip")
        child.send("h")
        child.expect(f"hedging {STYLE}off")
        assert switches(tmp_path)["hedge"] == "off"
        child.send("h")
        child.expect(f"hedging {STYLE}adaptive")
        child.send("p")
        child.expect(f"primary {STYLE}(embedded|fast)")
        assert switches(tmp_path)["primary"] == child.match[1]
        child.send("q")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    finally:
        child.close(force=True)


def run_once(environment: dict[str, str]) -> str:
    command = [sys.executable, *COMMAND, "--once"]
    done = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, encoding="utf-8"
    )
    return done.stdout


def test_without_a_terminal_it_prints_once(tmp_path: Path, environment: dict[str, str]) -> None:
    record(tmp_path, 7, "chip")
    text = run_once(environment)
    (line,) = [line for line in text.splitlines() if " 7 served" in line]
    assert "chip" in line
    assert "primary slow" in text
    assert max(map(len, text.splitlines())) <= 110


def test_before_anything_is_recorded_it_waits(environment: dict[str, str]) -> None:
    assert "nobody types" in run_once(environment)

"""The commands that read the telemetry, from their command line on."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ghostlap.lsp_server.cli import main
from ghostlap.telemetry import Outcome, SqliteRecorder, Stage, Trace, monotonic_ns

DAY_NS = 86_400_000_000_000


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file with a keystroke of now, and one of forty days ago."""
    monkeypatch.setenv("GHOSTLAP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GHOSTLAP_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text("")
    recorder = SqliteRecorder(tmp_path / "telemetry.sqlite3")
    for sequence, days in ((1, 40), (2, 0)):
        trace = Trace(sequence)
        trace.stamp(Stage.CHANGE_RECEIVED, monotonic_ns() - days * DAY_NS)
        trace.stamp(Stage.USABLE, monotonic_ns() - days * DAY_NS + 40_000_000)
        trace.attempt("chip").won = True
        trace.end(Outcome.SERVED)
        recorder.record(trace)
    assert recorder.close(10)
    return tmp_path / "telemetry.sqlite3"


def test_trace_shows_a_keystroke_by_its_number(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", "2", "--json", "--db", str(recorded)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sequence"], found["outcome"], found["origin"]) == (
        2,
        "served",
        "change_received",
    )
    assert main(["trace", "2"]) == 0
    assert "keystroke 2" in capsys.readouterr().out


def test_a_keystroke_that_there_is_not_is_one_sentence(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", "99"]) == 1
    assert f"there is no keystroke 99 in {recorded}" in capsys.readouterr().err


def test_export_and_report_say_where_they_cannot_write(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(recorded.parent / "none" / "file")
    assert main(["export", "--format", "jsonl", "-o", nowhere]) == 1
    assert main(["report", "-o", nowhere]) == 1
    assert capsys.readouterr().err.count(f"-o {nowhere}: ") == 2
    assert main(["export", "--format", "parquet"]) == 1
    assert "needs -o FILE" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is another error there")
def test_export_ends_without_a_word_when_its_reader_has_enough(recorded: Path) -> None:
    command = [
        sys.executable,
        "-I",
        "-u",
        "-m",
        "ghostlap.lsp_server",
        "export",
        "--db",
        str(recorded),
    ]
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_endpoint_that_does_not_answer_is_one_sentence(recorded: Path) -> None:
    pytest.importorskip("opentelemetry.sdk")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "export", "--metrics-only"]
    done = subprocess.run(
        [*command, "--otlp", endpoint, "--db", str(recorded)],
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"ghostlap export: --otlp {endpoint} ")
    assert done.stderr.count("\n") == 1


def test_export_writes_to_stdout_unless_told_otherwise(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--since", "1d"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert err == "1 keystrokes\n"
    assert main(["export", "--grafana"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "ghostlap"
    assert recorded.exists()


def test_a_since_that_makes_no_sense_is_one_sentence(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("report", "export"):
        assert main([command, "--since", "soon"]) == 1
    assert main(["prune", "--before", "soon"]) == 1
    err = capsys.readouterr().err
    assert err.count("--since 'soon' is neither") == 2
    assert "--before 'soon' is neither" in err
    assert recorded.exists()


def test_prune_keeps_what_is_younger_than_the_settings_say(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prune"]) == 0  # sessions that began after the cut are not looked at
    assert "0 keystrokes before" in capsys.readouterr().out
    assert main(["stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["keystrokes"] == 2
    assert recorded.exists()


def test_prune_of_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prune", "--db", str(tmp_path / "none")]) == 0
    assert "Nothing is recorded yet" in capsys.readouterr().out

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ghostlap.lsp_server.views import stats
from ghostlap.lsp_server.views.stats import parse_since
from ghostlap.telemetry import (
    FeedbackKind,
    Outcome,
    SqliteRecorder,
    Stage,
    SummaryRow,
    Trace,
    monotonic_ns,
)
from ghostlap.telemetry._database import open_for_writing

MS = 1_000_000
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.sqlite3"


@pytest.fixture
def recorded(path: Path) -> Path:
    """Return a file with three keystrokes of now and one of two hours ago."""
    recorder = SqliteRecorder(path)
    for sequence, ago_s in enumerate([0, 0, 0, 7200]):
        trace = Trace(sequence, language="python", file_type="py")
        start_ns = monotonic_ns() - ago_s * 1000 * MS
        trace.stamp(Stage.CHANGE_RECEIVED, start_ns)
        if sequence:
            trace.stamp(Stage.USABLE, start_ns + 40 * MS)
        trace.attempt("chip", simulated=True)
        trace.end(Outcome.SERVED if sequence else Outcome.SUPERSEDED)
        recorder.record(trace)
    assert recorder.close(10)
    return path


def test_the_table_shows_each_group(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats.run(db=[recorded]) == 0
    out, err = capsys.readouterr()
    (line,) = [line for line in out.splitlines() if line.startswith("chip (simulated)")]
    assert line.split()[2:10] == ["4", "4", "3", "75%", "40.0", "40.0", "40.0", "40.0"]
    assert "from the arrival of the edit" in out
    assert not err


def test_a_table_that_goes_to_no_terminal_has_all_columns(
    recorded: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    stats.run(db=[recorded])
    out = capsys.readouterr().out
    assert "accepted" in out
    assert "wider terminal" not in out


def test_json_has_the_rows_with_their_units(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stats.run(db=[recorded], by="language", as_json=True) == 0
    answer = json.loads(capsys.readouterr().out)
    keys = {"by", "since", "files", "latency", "rows", "hedging", "acceptance"}
    assert set(answer) == keys
    assert (answer["by"], answer["since"], answer["files"]) == ("language", None, [str(recorded)])
    (row,) = answer["rows"]
    assert set(row) == set(SummaryRow.__slots__)
    assert (row["key"], row["simulated"], row["measured_from"]) == ("python", True, "arrival")
    assert (row["keystrokes"], row["served"], row["censored"]) == (4, 3, 1)
    assert (row["p50_ms"], row["share_within_100_ms"]) == (40.0, 0.75)


def test_json_tells_what_became_of_suggestions(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = SqliteRecorder(recorded)
    trace = Trace(1)
    trace.attempt("other").won = True
    trace.end(Outcome.SERVED)
    recorder.record(trace)
    recorder.record_feedback(1, FeedbackKind.ACCEPTED, length=9)
    recorder.record_feedback(1, FeedbackKind.PERSISTED, length=9, after_s=30)
    assert recorder.close(10)
    assert stats.run(db=[recorded], as_json=True) == 0
    (row,) = json.loads(capsys.readouterr().out)["acceptance"]
    assert (row["provider"], row["accepted"], row["accepted_chars"]) == ("other", 1, 9)
    assert row["still_there"]["30 s"] == {"n": 1, "share": 1.0}
    assert row["still_there"]["120 s"] == {"n": 0, "share": None}


def test_since_leaves_out_what_is_older(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats.run(db=[recorded], since="1h", as_json=True) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rows"][0]["keystrokes"] == 3
    assert datetime.fromisoformat(answer["since"]) < datetime.now(UTC)


def test_since_is_named_in_the_title(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stats.run(db=[recorded], since="2001-02-03")
    assert "by provider since 2001-02-03 00:00" in capsys.readouterr().out


def test_nothing_since_then_is_a_sentence(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stats.run(db=[recorded], since="2100-01-01") == 0
    out, err = capsys.readouterr()
    assert not out
    assert err == f"Nothing was recorded in {recorded} since 2100-01-01 00:00.\n"


@pytest.mark.parametrize("empty", [False, True])
def test_nothing_recorded_yet_says_what_to_run(
    path: Path, empty: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if empty:
        path.touch()
    assert stats.run(db=[path]) == 0
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith(f"Nothing is recorded yet in {path}: run `ghostlap demo`")


def test_nothing_recorded_yet_is_json_too(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats.run(db=[path], as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == []


def test_the_users_own_file_is_read_if_none_is_named(
    recorded: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GHOSTLAP_DATA_DIR", str(recorded.parent))
    assert stats.run(as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["files"] == [str(recorded)]


def test_a_file_named_twice_is_counted_once_and_a_missing_one_is_named(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = recorded.with_name("theirs.sqlite3")
    assert stats.run(db=[recorded, missing, recorded], as_json=True) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["rows"][0]["keystrokes"] == 4
    assert err.count("\n") == 1
    assert str(missing) in err


@pytest.mark.parametrize("since", ["yesterday", "7", "7 d", "-7d", "9" * 12 + "d", "2026-13-01"])
def test_a_since_that_makes_no_sense_is_one_sentence(
    path: Path, since: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stats.run(db=[path], since=since) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err == (
        f"ghostlap stats: --since {since!r} is neither a span as 30m, 12h, 7d nor a day as"
        " 2026-01-31\n"
    )


def test_a_grouping_that_there_is_not_is_one_sentence(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stats.run(db=[path], by="mood") == 2
    assert "'mood' is none of provider, model" in capsys.readouterr().err


def test_a_database_of_a_newer_version_is_one_sentence(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(open_for_writing(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert stats.run(db=[path]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    assert "upgrade ghostlap" in err


def test_a_file_that_is_no_database_is_one_sentence(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text("dear diary\n" * 1000)
    assert stats.run(db=[path]) == 1
    assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_span_counts_back_from_now(text: str, ago: timedelta) -> None:
    assert parse_since(text, NOW) == NOW - ago


def test_a_day_begins_at_its_local_midnight() -> None:
    assert parse_since("2026-02-03", NOW) == datetime(2026, 2, 3).astimezone()

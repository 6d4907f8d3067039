"""`ghostlap advise --apply`, from a database to the switch that running servers follow."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

from ghostlap.telemetry import (
    AttemptOutcome,
    AttemptStage,
    LaunchReason,
    Outcome,
    Role,
    Session,
    Stage,
    Trace,
    monotonic_ns,
)
from ghostlap.telemetry._store import Store

MS = 1_000_000
SETTINGS = """\
primary = "slow"
backup = "{backup}"
[providers.slow]
base_url = "http://127.0.0.1:9/v1"
[providers.steady]
base_url = "http://127.0.0.1:9/v1"
"""


def shadowed(random: Random, sequence: int) -> Trace:
    """The first is ten times as late now and then, the second never."""
    trace = Trace(sequence, language="python")
    start_ns = trace.stamps[Stage.REQUEST_RECEIVED] = monotonic_ns() + sequence * MS
    late = 10 if random.random() < 0.1 else 1
    for name, role, reason, after_ms in (
        ("slow", Role.PRIMARY, LaunchReason.REQUEST, random.gauss(100, 5) * late),
        ("steady", Role.SHADOW, LaunchReason.SHADOW, random.gauss(100, 5)),
    ):
        attempt = trace.attempt(name, role=role, launch_reason=reason)
        attempt.stamps[AttemptStage.STARTED] = start_ns
        for stage in (AttemptStage.FIRST_USABLE, AttemptStage.ENDED):
            attempt.stamps[stage] = start_ns + round(after_ms * MS)
        attempt.outcome = AttemptOutcome.COMPLETED
    trace.end(Outcome.SERVED)
    return trace


def advised(folder: Path, *, backup: str) -> "subprocess.CompletedProcess[str]":
    (folder / "config.toml").write_text(SETTINGS.format(backup=backup), encoding="utf-8")
    random = Random(1)
    database = folder / "recorded.db"
    with closing(Store(database, Session("0", "test", "0"))) as store:
        store.write([shadowed(random, number) for number in range(1, 901)], [])
    environment = {
        **os.environ,
        "GHOSTLAP_CONFIG": str(folder / "config.toml"),
        "GHOSTLAP_DATA_DIR": str(folder),
        "GHOSTLAP_STATE_DIR": str(folder / "state"),
    }
    command = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "advise"]
    return subprocess.run(
        [*command, "--db", str(database), "--budget", "20", "--apply"],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_what_is_recommended_is_switched_to(tmp_path: Path) -> None:
    done = advised(tmp_path, backup="steady")
    assert done.returncode == 0, done.stderr
    assert "Ask steady after" in done.stdout
    assert "10% to steady" in done.stdout
    assert "…1,00" in done.stdout, "eighty columns hold each interval whole"
    hedge = json.loads((tmp_path / "state/hedge.json").read_text(encoding="utf-8"))["hedge"]
    assert 100 < hedge["delay_ms"] <= 300


def test_advice_for_others_than_those_in_the_settings_is_not_applied(tmp_path: Path) -> None:
    done = advised(tmp_path, backup="embedded")
    assert done.returncode == 1
    assert "set primary and backup so" in done.stderr
    assert not (tmp_path / "state/hedge.json").exists()

"""The commands as a user gives them: real servers, real sockets, a dozen keys."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ghostlap.lsp_server.harness.figures import Comparison, Estimate, compare, figures
from ghostlap.lsp_server.harness.sentences import comparison_sentence
from ghostlap.lsp_server.harness.typist import Stroke
from ghostlap.telemetry.workload import read_workload

GHOSTLAP = (sys.executable, "-I", "-m", "ghostlap.lsp_server")
MS = 1_000_000


def ghostlap(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "GHOSTLAP_DATA_DIR": str(folder),
        "GHOSTLAP_CACHE_DIR": str(folder / "cache"),
        "GHOSTLAP_CONFIG": str(folder / "config.toml"),
    }
    environment.pop("GROQ_API_KEY", None)
    (folder / "config.toml").touch()
    return subprocess.run(
        [*GHOSTLAP, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=110,
    )


def test_two_simulated_providers_are_compared_and_labelled(tmp_path: Path) -> None:
    options = ("--provider", "groq", "--provider", "gemini", "--keys", "12", "-o", "r.json")
    done = ghostlap(tmp_path, "bench", "--simulated", *options)
    assert done.returncode == 0, done.stderr
    assert "groq (simulated)" in done.stdout
    assert "too few to tell" in done.stdout
    told = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [(each["name"], each["simulated"]) for each in told["arms"]] == [
        ("groq", True),
        ("gemini", True),
    ]
    assert all(each["ledger"]["requests"] for each in told["arms"])
    assert told["facts"]["clock"]
    assert str(tmp_path) not in json.dumps(told)
    assert "groq (simulated)" in (tmp_path / "r.html").read_text(encoding="utf-8")


PLAIN = """\
import sys, json
def read():
    size = 0
    while (line := sys.stdin.buffer.readline().strip()):
        if line.lower().startswith(b"content-length:"):
            size = int(line.split(b":")[1])
    return json.loads(sys.stdin.buffer.read(size)) if size else None
def send(id, result):
    body = json.dumps({"jsonrpc": "2.0", "id": id, "result": result}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    sys.stdout.buffer.flush()
while (message := read()):
    if message["method"] == "initialize":
        send(message["id"], {"capabilities": {CAPABILITIES}})
    elif message["method"] == "exit":
        break
    elif "id" in message:
        send(message["id"], [{"insertText": "from elsewhere"}])
"""


def test_another_server_stands_in_the_same_table(tmp_path: Path) -> None:
    plain = PLAIN.replace("{CAPABILITIES}", '{"inlineCompletionProvider": True}')
    (tmp_path / "plain.py").write_text(plain, encoding="utf-8")
    target = f"{sys.executable} plain.py"
    options = ("--provider", "embedded", "--target", target, "--target", target)
    done = ghostlap(tmp_path, "bench", *options, "--keys", "12", "-o", "r.json")
    assert done.returncode == 0, done.stderr
    name = Path(sys.executable).name
    heads = [line.split() for line in done.stdout.splitlines() if "embedded" in line]
    assert heads[0] == ["embedded", name, name, "(2)"], "one table"
    keys = [line.split() for line in done.stdout.splitlines() if line.strip().startswith("keys ")]
    assert keys[0] == ["keys", "12", "12", "12"]
    ours, theirs, _ = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["arms"]
    assert (ours["name"], ours["ledger"] is None) == ("embedded", False)
    assert (theirs["name"], theirs["ledger"]) == (Path(sys.executable).name, None)
    assert theirs["figures"]["served"] == theirs["figures"]["keys"] == 12


def test_a_server_without_ghost_text_is_told_apart_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(PLAIN.replace("{CAPABILITIES}", "{}"), encoding="utf-8")
    done = ghostlap(tmp_path, "bench", "--target", f"{sys.executable} plain.py", "--keys", "5")
    assert done.returncode == 1
    assert "offers no textDocument/inlineCompletion" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--provider", "nosuch"), "nosuch"),
        (("--provider", "groq"), "GROQ_API_KEY"),
        (("--target", ""), "--target names no command"),
        (("--target", "'"), "--target ': No closing quotation"),
        (("--target", "/no/such/server"), "server can't be started: No such file"),
        (("--hedge", "150"), "--hedge needs --provider, and --backup NAME"),
        (("--keys", "-5"), "--keys: a number from 1 on"),
        (("--simulated", "--provider", "nosuch"), "there is no profile 'nosuch'"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    """Not least a provider that can't be asked: nobody else's figures may stand below its name."""
    done = ghostlap(tmp_path, "bench", "--keys", "3", *arguments)
    assert done.returncode == 1, done.stdout
    assert why in done.stderr.splitlines()[-1]
    assert "unexpected" not in done.stderr


def test_a_workload_is_made_and_shown(tmp_path: Path) -> None:
    source = Path(__file__).parents[3] / "lsp_server/demo/material.py"
    done = ghostlap(tmp_path, "workload", "synth", str(source), "--keys", "50", "-o", "w.jsonl")
    assert done.returncode == 0, done.stderr
    assert len(read_workload(tmp_path / "w.jsonl").edits) == 50
    shown = json.loads(ghostlap(tmp_path, "workload", "show", "w.jsonl", "--json").stdout)
    assert (shown["edits"], shown["has_text"]) == (50, True)


def test_profiles_are_listed_with_their_sources(tmp_path: Path) -> None:
    done = ghostlap(tmp_path, "simulate")
    assert done.returncode == 0
    assert "(simulated)" in done.stdout
    assert "assumed: spread, tail and errors" in done.stdout
    assert ghostlap(tmp_path, "simulate", "grok").returncode == 1


def strokes(waits: Sequence[float | None], *, every_ms: float = 300.0) -> list[Stroke]:
    """Keys at a steady pace, each served after so many ms; None: not at all."""
    found = []
    for index, wait in enumerate(waits):
        at_ns = round(index * every_ms * MS) + MS
        stroke = Stroke(index, index // 10, at_ns, at_ns, at_ns + round(every_ms * MS))
        if wait is not None:
            stroke.usable_ns = stroke.answered_ns = at_ns + round(wait * MS)
        found.append(stroke)
    return found


def test_a_key_that_came_too_late_counts_against_the_share_and_as_censored() -> None:
    found = figures(strokes([100.0] * 60 + [400.0] * 40), seed=1)
    assert (found.keys, found.served, found.censored) == (100, 60, 40)
    assert found.served_by[200].value == pytest.approx(0.6)
    assert found.share_served.value == pytest.approx(0.6)
    assert found.p50_ms.value == pytest.approx(100)
    assert found.p95_ms.value is None, "the p95 was never reached"
    assert found.answered_max_ms == pytest.approx(400)


def test_arms_are_compared_at_the_keys_that_both_typed() -> None:
    one, other = strokes([250.0] * 200), strokes([120.0] * 200)[:150]
    found = compare(one, other, seed=1)
    assert (found.pairs, found.both_served) == (150, 150)
    assert found.within.value == pytest.approx(1.0)
    assert found.latency_ms.value == pytest.approx(-130)
    said = comparison_sentence("a", "b", found)
    assert "130 ms sooner than a (95% CI 130 to 130)" in said
    assert said.startswith("Take b: b serves 100.0% more of the keys within 200 ms than a")
    assert "b is 130 ms sooner than a" in said


def test_what_is_not_settled_is_said_so() -> None:
    unsure = Comparison(500, Estimate(0.03, (-0.02, 0.08)), 200, Estimate(None, None))
    assert "not settled" in comparison_sentence("a", "b", unsure)
    alike = Comparison(500, Estimate(0.001, (-0.01, 0.012)), 200, Estimate(None, None))
    assert "take the cheaper one" in comparison_sentence("a", "b", alike)


def test_keys_that_came_late_are_said_so() -> None:
    late = strokes([100.0] * 100)
    for each in late[:10]:
        each.pressed_ns += 20 * MS
    assert figures(late, seed=1).fell_behind
    assert not figures(strokes([100.0] * 100), seed=1).fell_behind


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a process group by signals")
def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    """As in a terminal: it reaches the servers, too."""
    environment = {
        **os.environ,
        "GHOSTLAP_CACHE_DIR": str(tmp_path),
        "GHOSTLAP_DATA_DIR": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    arguments = ("bench", "--simulated", "--provider", "groq", "--keys", "300", "--json")
    with subprocess.Popen(
        [*GHOSTLAP, *arguments],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    ) as bench:
        assert bench.stderr is not None
        assert "1 arms, 300 keys each" in bench.stderr.readline()
        wait_for_strokes(bench, tmp_path)
        os.killpg(bench.pid, signal.SIGINT)
        out, err = bench.communicate(timeout=60)
    assert bench.returncode == 0, err
    told = json.loads(out)
    assert told["facts"]["interrupted"]
    assert 0 < told["arms"][0]["figures"]["keys"] < 300
    assert any(each.startswith("Interrupted") for each in told["warnings"])


def wait_for_strokes(bench: "subprocess.Popen[str]", folder: Path) -> None:
    """Until the server under test has written down a keystroke that was typed."""
    pattern = "ghostlap-bench-*/telemetry.db-wal"
    while not any(file.stat().st_size > 100_000 for file in folder.glob(pattern)):
        assert bench.poll() is None
        time.sleep(0.1)


def test_advice_without_a_history_says_how_much_it_takes(tmp_path: Path) -> None:
    done = ghostlap(tmp_path, "advise")
    assert done.returncode == 0, done.stderr
    assert "0 pairs are too few, it takes 300 more" in done.stdout
    applied = ghostlap(tmp_path, "advise", "--apply")
    assert applied.returncode == 1
    assert "Nothing was changed." in applied.stderr

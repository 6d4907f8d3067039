"""A comparison's outcome: what it holds, what it never holds, and that a seed decides."""

import json
from io import StringIO
from random import Random

import pytest
from rich.console import Console

from ghostlap.lsp_server.harness.arms import our_arm, their_arm, told_apart
from ghostlap.lsp_server.harness.figures import STEP_MS
from ghostlap.lsp_server.harness.progress import progress
from ghostlap.lsp_server.harness.result_page import page
from ghostlap.lsp_server.harness.results import Result, as_json, result_of
from ghostlap.lsp_server.harness.run import ArmRun, Plan, Run
from ghostlap.lsp_server.harness.table import markdown, print_result
from ghostlap.lsp_server.harness.typist import Stroke
from ghostlap.telemetry.workload import Document, Edit, Place, Workload

MS = 1_000_000
SETTINGS = {
    "providers": {
        "desk": {
            "base_url": "https://user:hunter2@models.example/v1",
            "key_command": ["pass", "show", "swordfish"],
            "headers": {"X-Key": "open-sesame"},
            "model": "coder-7b",
        }
    },
    "telemetry": {"path": "/home/somebody/t.db"},
}


def typed(seed: int, *, slow_ms: float = 0.0, late_ms: float = 0.0) -> list[Stroke]:
    random = Random(seed)
    found = []
    for index in range(200):
        due_ns = (1 + 300 * index) * MS
        at_ns = due_ns + round(late_ms * MS)
        stroke = Stroke(index, index // 10, due_ns, at_ns, at_ns + 300 * MS)
        wait_ms = random.gauss(100 + slow_ms, 30)
        stroke.usable_ns = stroke.answered_ns = at_ns + round(wait_ms * MS)
        found.append(stroke)
    return found


def result(*, seed: int = 1, late_ms: float = 0.0, interrupted: bool = False) -> Result:
    arms = told_apart([our_arm("desk", SETTINGS), our_arm("groq", SETTINGS, address="http://x")])
    edits = [Edit(0.0, 0, Place(0, 0), Place(0, 0), "x", 1)]
    workload = Workload("w", "synth", [Document("a.py", "python", "")], edits, seed=7)
    strokes = typed(1, late_ms=late_ms), typed(2, slow_ms=80)
    runs = [ArmRun(arm, each) for arm, each in zip(arms, strokes, strict=True)]
    run = Run(runs, interrupted=interrupted, place="shared", stolen_s=0.25)
    return result_of(Plan(workload, arms, seed=seed), run)


def measured(found: Result) -> str:
    told = as_json(found)
    return json.dumps([told["arms"], told["compared"]])


def test_the_same_strokes_and_seed_give_the_same_figures_and_intervals() -> None:
    assert measured(result(seed=3)) == measured(result(seed=3))
    assert measured(result(seed=3)) != measured(result(seed=4)), "intervals are drawn"


def test_a_result_says_what_it_rests_on() -> None:
    facts = result().facts
    for name in ("ghostlap", "python", "machine", "system", "processors", "clock", "load_1min"):
        assert facts[name] not in ("", None), name
    assert (facts["seed"], facts["workload_seed"], facts["typist"]) == (1, 7, "shared")
    assert facts["settings"]["desk"]["primary"] == "desk"
    assert facts["models"]["desk"] == "coder-7b"
    assert facts["simulated"]["groq"].startswith("Groq LPU")


@pytest.mark.parametrize("secret", ["hunter2", "swordfish", "open-sesame", "somebody"])
def test_a_result_holds_no_secret_of_the_settings(secret: str) -> None:
    found = result()
    assert secret not in json.dumps(as_json(found))
    assert secret not in page(found)


def test_what_is_simulated_is_said_to_be_so_wherever_it_is_named() -> None:
    found = result()
    assert found.compared[0].sentence.count("groq") == found.compared[0].sentence.count(
        "groq (simulated)"
    )
    shown = printed(found) + page(found).partition("What they rest on")[0]
    assert shown.count("groq") == shown.count("groq (simulated)") > 3


def test_a_load_that_fell_behind_is_said_in_every_form_of_the_result() -> None:
    found = result(late_ms=5.0)
    (warning,) = found.warnings
    assert warning.startswith("The load fell behind: keys for desk were pressed up to 5.0 ms late")
    assert "the host of this virtual machine took 0.2 s of it" in warning
    told = as_json(found)
    assert [arm["figures"]["fell_behind"] for arm in told["arms"]] == [True, False]
    assert warning in page(found)
    assert warning in printed(found)
    assert not result().warnings


def test_what_was_interrupted_is_said_so_on_the_page() -> None:
    assert "Interrupted: these are the figures" in page(result(interrupted=True))


def test_the_page_holds_what_the_table_holds_and_asks_no_network() -> None:
    found = result()
    text = page(found)
    for line in ("within 200 ms", "served latency p50, ms", "groq (simulated)", "keys late by"):
        assert line in text
        assert line in printed(found)
    assert found.compared[0].sentence in text
    assert "http:" not in text
    assert "<script" not in text


def test_the_short_table_has_a_line_for_each_arm_and_names_what_is_simulated() -> None:
    lines = markdown(result(late_ms=5.0)).splitlines()
    assert lines[0].startswith("|  | keys | served | censored | within 50 ms, % | 200 ms |")
    assert lines[2].startswith("| desk | 200 | 200 | 0 | 4 (")
    assert lines[3].startswith("| groq (simulated) | 200 | 200 | 0 |")
    assert lines[-1].startswith("The load fell behind")
    assert {each.count("|") for each in lines[:4]} == {10}


def test_the_drawn_curve_goes_through_the_stated_shares() -> None:
    figures = result().arms[0].figures
    for limit, estimate in figures.served_by.items():
        assert figures.curve[limit // STEP_MS] == pytest.approx(estimate.value, abs=1e-4)


def test_arms_that_are_called_alike_are_numbered() -> None:
    arms = [their_arm(("/usr/bin/python", name)) for name in "abc"] + [their_arm(("zed",))]
    names = [each.name for each in told_apart(arms)]
    assert names == ["python", "python (2)", "python (3)", "zed"]


def test_progress_tells_time_left_and_percentiles_of_each_arm() -> None:
    screen = Console(file=StringIO(), force_terminal=True, width=100)
    with progress(screen) as watch:
        arms = [ArmRun(their_arm((name,)), typed(1)) for name in ("one", "other")]
        watch(30.0, 95.0, arms)
        shown = screen.file.getvalue()  # type: ignore[attr-defined] # a StringIO
    assert "1:05 left" in shown
    assert shown.count("served 200 of 200") == 2
    assert "p50 " in shown
    assert "p95 " in shown


def test_progress_says_nothing_where_there_is_no_terminal() -> None:
    file = StringIO()
    with progress(Console(file=file)) as watch:
        watch(1.0, 2.0, [ArmRun(their_arm(("one",)), typed(1))])
    assert file.getvalue() == ""


def printed(found: Result) -> str:
    """As in a terminal that is wide enough to wrap nothing."""
    file = StringIO()
    print_result(Console(file=file, width=1000), found)
    return file.getvalue()

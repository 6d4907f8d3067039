from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from ghostlap.telemetry import (
    Feedback,
    FeedbackKind,
    Outcome,
    ProviderFacts,
    Session,
    Stage,
    Trace,
)
from ghostlap.telemetry._store import Store
from ghostlap.telemetry.report import collect, page
from ghostlap.telemetry.report._figures import kaplan_meier

MakeTrace = Callable[..., Trace]
FACTS = {"chip": ProviderFacts("on-chip SRAM", 0.5, 1.0), "gpu": ProviderFacts("HBM", 1.0, 2.0)}
NOW = datetime(2026, 1, 2, tzinfo=UTC)
MS = 1_000_000


@pytest.fixture
def recorded(path: Path, make_trace: MakeTrace) -> Path:
    traces = []
    for number in range(200):
        stamps = {Stage.CHANGE_RECEIVED: 0.0, Stage.DISPATCHED: 5.0}
        served = number % 4 != 3
        if served:
            stamps |= {Stage.USABLE: 40.0 + number, Stage.RESPONSE_SENT: 41.0 + number}
        else:
            stamps |= {Stage.RESPONSE_SENT: 30.0}
        traces.append(
            make_trace(
                number,
                provider="chip" if number % 2 else "gpu",
                outcome=Outcome.SERVED if served else Outcome.SUPERSEDED,
                stamps_ms=stamps,
            )
        )
        if number == 7:
            traces[-1].attempts[0].error = "Overloaded"
    accepted = [Feedback(number, FeedbackKind.ACCEPTED, 1) for number in range(0, 200, 8)]
    with closing(Store(path, Session(), facts=FACTS.get)) as store:
        store.write(traces, accepted)
    return path


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "line", "path", "rect", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass


def test_the_page_asks_the_network_for_nothing(recorded: Path) -> None:
    text = page(collect(recorded), now=NOW)
    outline = _Outline()
    outline.feed(text)
    assert outline.addresses == []
    assert not re.search(r"https?:|url\(|@import", text)


def test_every_figure_says_n_and_from_where_to_where(recorded: Path) -> None:
    text = page(collect(recorded), now=NOW)
    sections = re.findall(r"<section><h2>(.*?)</h2><p class=measures>(.*?)</p><svg", text)
    titles = [title for title, _ in sections]
    assert titles == [
        "Served by, per provider",
        "Served by, per hardware",
        "Latency, per provider",
        "Latency, per hardware",
        "Latency over time",
        "Where the time goes",
        "Acceptance against latency",
    ]
    assert all("rom the arrival of the edit" in measures for _, measures in sections)
    assert all(re.search(r"n = \d|latest \d", measures) for _, measures in sections)


def test_errors_are_told_by_kind(recorded: Path) -> None:
    assert collect(recorded).errors == {("chip", "Overloaded"): 1}
    assert "<td>Overloaded</td><td>1</td>" in page(collect(recorded), now=NOW)


def test_a_provider_cannot_write_into_the_page(path: Path, make_trace: MakeTrace) -> None:
    with closing(Store(path, Session())) as store:
        store.write([make_trace(n, provider="<script>x</script>") for n in range(50)])
    assert "<script>x" not in page(collect(path), now=NOW)


def test_a_store_with_next_to_nothing_makes_a_page_too(path: Path, make_trace: MakeTrace) -> None:
    with closing(Store(path, Session())) as store:
        store.write([make_trace(1, outcome=Outcome.EMPTY, provider="")])
    assert "1 keystrokes" in page(collect(path), now=NOW)


def test_groups_know_what_was_served_and_what_was_cut_short(recorded: Path) -> None:
    data = collect(recorded)
    assert {name: group.eligible for name, group in data.hardware.items()} == {
        "on-chip SRAM": 100,
        "HBM": 100,
    }
    assert sum(map(len, data.providers["chip"].own_ns)) == 50
    assert data.providers["chip"].censored_ns == [30 * MS] * 50
    assert data.accepted.sum() == 25


def test_simulated_keystrokes_are_never_counted_with_others(
    path: Path, make_trace: MakeTrace
) -> None:
    accepted = [Feedback(number, FeedbackKind.ACCEPTED, 1) for number in range(40)]
    played = [make_trace(n, provider="played", simulated=True) for n in range(40)]
    with closing(Store(path, Session())) as store:
        store.write(played, accepted)
    alone = collect(path)
    assert (alone.simulated, alone.accepted.sum(), set(alone.stages)) == (True, 40, {"played"})
    text = page(alone, now=NOW)
    for title in ("Latency over time", "Where the time goes", "Acceptance against latency"):
        assert f"<h2>{title} (simulated providers)</h2>" in text
    with closing(Store(path, Session())) as store:
        store.write([make_trace(n) for n in range(30)], accepted[:3])
    both = collect(path)
    assert (both.simulated, both.accepted.sum(), set(both.stages)) == (False, 3, {"chip"})
    assert sum(int(counts.sum()) for counts in both.heat.values()) == 30
    assert "(simulated providers)" not in page(both, now=NOW)


def test_kaplan_meier_counts_out_what_was_cut_short() -> None:
    # By hand: 1 of 4 comes at 10, one leaves at 15, one of the two left comes at 20, one at 30.
    known = np.array([10, 20, 30]) * MS
    points = dict(kaplan_meier(known, np.array([15 * MS])))
    assert points[10.0] == pytest.approx(1 / 4)
    assert points[20.0] == pytest.approx(1 - 3 / 4 * 1 / 2)
    assert points[30.0] == pytest.approx(1.0)

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from rich.console import Console

from ghostlap.lsp_server.views.latency_table import latency_table
from ghostlap.telemetry import MeasuredFrom, SummaryRow


def row(
    key: str = "chip",
    *,
    p50_ms: float | None = 12.34,
    share: float | None = 0.5,
    simulated: bool = False,
    measured_from: MeasuredFrom = MeasuredFrom.ARRIVAL,
    exact: bool = True,
    latencies: int = 6001,
    interval: tuple[float, float] | None = None,
    cold_ms: float | None = None,
    cost: tuple[float, float] | None = None,
) -> SummaryRow:
    return SummaryRow(
        key=key,
        simulated=simulated,
        keystrokes=12345,
        eligible=12000,
        served=6000,
        share_served=share,
        share_served_interval=None,
        from_cache=11,
        share_from_cache=share,
        superseded=5,
        cancelled=4,
        empty=3,
        errors=2,
        accepted=1,
        latencies=latencies,
        censored=9,
        measured_from=measured_from,
        exact=exact,
        p50_ms=p50_ms,
        p90_ms=None,
        p95_ms=1234.5,
        p99_ms=None,
        share_within_100_ms=share,
        share_within_200_ms=share,
        share_within_500_ms=share,
        p50_ms_interval=interval,
        p95_ms_interval=None,
        cold=2 if cold_ms else 0,
        p50_ms_cold=cold_ms,
        p50_ms_warm=p50_ms,
        priced=1 if cost else 0,
        cost_usd=cost,
        cost_per_accepted_usd=cost,
    )


def render(*rows: SummaryRow, width: int = 200, by: str = "provider", title: str = "") -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(latency_table(rows, title=title, by=by, width=width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def cells(text: str, key: str = "chip") -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(key)]
    return line[len(key) :].split()


def test_a_wide_table_shows_all_columns() -> None:
    text = render(row(), title="Laps")
    assert text.splitlines()[0].strip() == "Laps"
    heads = "keys eligible served share p50 ms p90 p95 p99 n cut off ≤100 ms ≤200 ≤500 cached warm"
    assert " ".join(cells(text, "provider")) == f"{heads} empty errors accepted"
    assert " ".join(cells(text)) == (
        "12,345 12,000 6,000 50% 12.3 – 1,234 – 6,001 9 50% 50% 50% 50% 12.3 3 2 1"  # noqa: RUF001 - a dash
    )


def test_an_interval_is_shown_where_there_are_few() -> None:
    few, many = row(latencies=50, interval=(11.0, 14.0)), row("many", interval=(11.0, 14.0))
    text = render(few, many)
    assert "11.0…14.0" in cells(text)
    assert "11.0…14.0" not in cells(text, "many")
    assert "95% CI" not in render(many)


def test_costs_and_cold_connections_are_shown_where_they_are_known() -> None:
    text = render(row(cold_ms=50.0, cost=(0.0123, 0.0456)), row("free", cost=(0.0, 0.0)))
    assert {"50.0", "(2)", "0.012…0.046"} <= set(cells(text))
    assert cells(text, "free")[-2:] == ["0", "0"]
    assert "$" not in render(row())


def test_rolled_up_rows_are_marked() -> None:
    text = render(row(exact=False), row("other"))
    assert any(line.startswith("≈ chip") for line in text.splitlines())
    assert "1.1 %" in text.replace("\n", " ")


@pytest.mark.parametrize("width", range(24, 200, 4))
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(width: int) -> None:
    text = render(row(), row("cerebras"), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert {"12.3", "1,234"} <= set(cells(text))


def test_what_matters_least_gives_way_first() -> None:
    seen = [set(cells(render(row(), width=width), "provider")) for width in range(30, 200)]
    for narrow, wide in pairwise(seen):
        assert narrow <= wide
    assert seen[0] < seen[-1]


def test_it_is_said_that_a_wider_terminal_shows_more() -> None:
    assert "wider terminal" in render(row(), width=60).replace("\n", " ")
    assert "wider terminal" not in render(row(), width=200)


def test_a_long_name_goes_on_in_the_next_line() -> None:
    text = render(row("m" * 90), width=80, by="model")
    assert text.count("m" * 20) >= 3
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (None, "–"),  # noqa: RUF001 - a dash
        (0.0, "0.00"),
        (0.4567, "0.46"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (99.94, "99.9"),
        (99.96, "100"),
        (412.4, "412"),
        (61234.0, "61,234"),
    ],
)
def test_milliseconds_have_three_figures(ms: float | None, shown: str) -> None:
    assert cells(render(row(p50_ms=ms)))[4] == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (None, "–"),  # noqa: RUF001 - a dash
        (0.0, "0%"),
        (0.0001, "<1%"),
        (0.5, "50%"),
        (0.9999, ">99%"),
        (1.0, "100%"),
    ],
)
def test_nearly_nothing_is_not_shown_as_nothing(share: float | None, shown: str) -> None:
    assert cells(render(row(share=share)))[3] == shown


def test_a_simulated_provider_is_said_to_be_one() -> None:
    assert "chip (simulated)" in render(row(simulated=True))


@pytest.mark.parametrize(
    ("by", "shown"),
    [("provider", "none asked"), ("hardware", "not known"), ("language", "–")],  # noqa: RUF001 - a dash
)
def test_a_group_without_a_name_is_said_to_be_one(by: str, shown: str) -> None:
    assert cells(render(row(""), by=by), shown)[0] == "12,345"


@pytest.mark.parametrize(
    ("measured_from", "said"),
    [
        (MeasuredFrom.KEYSTROKE, "from the editor's keystroke until"),
        (MeasuredFrom.ARRIVAL, "from the arrival of the edit until"),
        (MeasuredFrom.MIXED, "from the editor's keystroke where it is known, else from the"),
    ],
)
def test_it_is_said_from_where_latency_counts(measured_from: MeasuredFrom, said: str) -> None:
    assert said in render(row(measured_from=measured_from))


def test_rows_that_count_from_different_stages_each_say_from_which() -> None:
    text = render(
        row("a", measured_from=MeasuredFrom.KEYSTROKE),
        row("b", measured_from=MeasuredFrom.ARRIVAL),
        row("c", measured_from=MeasuredFrom.NOTHING),
    )
    assert [cells(text, key)[0] for key in "abc"] == ["key", "edit", "–"]  # noqa: RUF001 - a dash


def test_a_name_is_no_markup_and_rules_no_terminal() -> None:
    text = render(row("[red]\x1b[2Jchip\n"))
    assert "[red]?[2Jchip?" in text


def test_a_table_of_nothing_has_only_its_heads() -> None:
    assert cells(render(), "provider")[0] == "keys"

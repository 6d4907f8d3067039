from __future__ import annotations

import io

import pytest
from rich.console import Console

from ghostlap.lsp_server.views.waterfall import waterfall_view
from ghostlap.telemetry import AttemptStage, Stage
from ghostlap.telemetry.waterfall import AttemptBar, Segment, Waterfall

MS = 1_000_000


def waterfall() -> Waterfall:
    return Waterfall(
        session="ab" * 16,
        sequence=7,
        at_unix_ns=10**18,
        origin=Stage.CHANGE_RECEIVED,
        outcome="served",
        source="provider",
        text_from=0,
        language="python",
        policy="hedge",
        denied="",
        simulated=False,
        total_ns=100 * MS,
        reaches=Stage.RESPONSE_SENT,
        segments=(Segment("debounce", 0, 60 * MS), Segment("decode", 60 * MS, 100 * MS)),
        attempts=(
            AttemptBar(
                "chip\x1b[31m",
                "coder",
                "backup",
                "delay",
                "completed",
                "",
                won=True,
                error="",
                cold=True,
                stamps_ns={AttemptStage.STARTED: 60 * MS, AttemptStage.FIRST_USABLE: 90 * MS},
            ),
        ),
        feedback=(("accepted_word", 900 * MS),),
    )


def render(width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(waterfall_view(waterfall(), width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_bars_begin_where_the_stage_before_ended() -> None:
    first, second = render(100).splitlines()[1:3]
    assert first.startswith("debounce")
    assert second.index("█") == first.rindex("█") + 1
    assert first.count("█") / second.count("█") == pytest.approx(1.5, rel=0.1)


def test_it_says_how_far_it_reaches() -> None:
    text = render(100)
    assert "ms, from the arrival of the edit to reply sent" in text
    assert "accepted word after 900 ms" in text
    assert "backup (delay), won, cold connection, ┃ first usable" in text


@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, render(width).splitlines())) <= width


def test_a_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in render(100)

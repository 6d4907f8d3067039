"""What an editor reports of a suggestion, from the wire into the database."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from ghostlap.lsp_server.client import LspClient, LspError
from ghostlap.telemetry import monotonic_ns

URI = "file:///a.py"

FEEDBACK = """
    SELECT f.sequence, l.text AS kind, f.length FROM feedback f JOIN label l ON l.id = f.kind
    ORDER BY f.at_unix_ns
"""
TIMES = "SELECT sequence, keystroke_ns, response_received_ns, rendered_ns, hidden_ns FROM keystroke"


@asynccontextmanager
async def session(folder: Path) -> AsyncIterator[tuple[LspClient, int]]:
    """A server that has just sent the suggestion of the given id."""
    config = folder / "config.toml"
    config.write_text(
        'primary = "script"\ndebounce_ms = 0\n[providers.script]\ndialect = "scripted"\n'
        'script = { text = "total" }\n'
    )
    places = {"GHOSTLAP_CONFIG": str(config), "GHOSTLAP_DATA_DIR": str(folder)}
    command = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve", "--stdio"]
    async with LspClient.spawn(command, env={**os.environ, **places}) as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        params = {
            "textDocument": {"uri": URI},
            "position": {"line": 0, "character": 4},
            "context": {"triggerKind": 2},
        }
        answer = await client.request("textDocument/inlineCompletion", params)
        yield client, answer["items"][0]["command"]["arguments"][0]
        assert await client.shutdown() == 0


def rows(folder: Path, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "telemetry.sqlite3")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


async def test_the_clock_of_the_server_is_told(tmp_path: Path) -> None:
    async with session(tmp_path) as (client, _):
        before_ms = monotonic_ns() / 1e6
        answer = await client.request("ghostlap/clock", {})
        after_ms = monotonic_ns() / 1e6
    # Of one machine, and so of one clock.
    assert before_ms <= answer["receivedMs"] <= answer["answeredMs"] <= after_ms


async def test_the_times_of_the_editor_are_kept_with_the_keystroke(tmp_path: Path) -> None:
    async with session(tmp_path) as (client, suggestion):
        now_ms = monotonic_ns() / 1e6
        times = {"keyMs": now_ms - 9, "receivedMs": now_ms - 2, "renderedMs": now_ms}
        client.notify("ghostlap/shown", {"id": suggestion, **times})
        client.notify("ghostlap/hidden", {"id": suggestion, "atMs": now_ms + 1, "reason": "typed"})
    (row,) = rows(tmp_path, TIMES)
    assert row["rendered_ns"] - row["keystroke_ns"] == 9_000_000
    assert row["rendered_ns"] - row["response_received_ns"] == 2_000_000
    assert row["hidden_ns"] - row["rendered_ns"] == 1_000_000
    assert [row["kind"] for row in rows(tmp_path, FEEDBACK)] == ["shown", "hidden"]


async def test_what_is_taken_over_is_kept_by_how_much_it_was(tmp_path: Path) -> None:
    async with session(tmp_path) as (client, suggestion):
        for kind, length in (("word", 2), ("line", 3), ("", 1)):
            params = {"id": suggestion, "kind": kind, "length": length}
            client.notify("ghostlap/partiallyAccepted", params)
        client.notify("ghostlap/accepted", {"id": suggestion, "length": 5})
        client.notify("ghostlap/persisted", {"id": suggestion, "afterS": 30, "length": 4})
    assert [(row["kind"], row["length"]) for row in rows(tmp_path, FEEDBACK)] == [
        ("accepted_word", 2),
        ("accepted_line", 3),
        ("accepted_partly", 1),
        ("accepted", 5),
        ("persisted", 4),
    ]


async def test_only_what_the_user_dismissed_counts_as_rejected(tmp_path: Path) -> None:
    async with session(tmp_path) as (client, suggestion):
        client.notify("ghostlap/hidden", {"id": suggestion, "reason": "typed"})
        client.notify("ghostlap/hidden", {"id": suggestion, "reason": "dismissed"})
    assert [row["kind"] for row in rows(tmp_path, FEEDBACK)] == ["hidden", "hidden", "rejected"]


@pytest.mark.parametrize("time", [-1, 1e300, 0, "soon", None, 3_600_000, True])
async def test_a_time_that_cannot_be_is_left_out(tmp_path: Path, time: Any) -> None:
    if time == 3_600_000:  # an hour from now
        time += monotonic_ns() / 1e6
    async with session(tmp_path) as (client, suggestion):
        client.notify("ghostlap/shown", {"id": suggestion, "keyMs": time, "renderedMs": time})
    (row,) = rows(tmp_path, TIMES)
    assert not row["keystroke_ns"]
    assert not row["rendered_ns"]


async def test_a_report_without_an_id_is_ignored_and_ghost_text_goes_on(tmp_path: Path) -> None:
    async with session(tmp_path) as (client, _):
        for method in ("shown", "hidden", "accepted", "partiallyAccepted", "persisted"):
            client.notify(f"ghostlap/{method}", {"id": "one"})
            client.notify(f"ghostlap/{method}", None)
        assert await client.request("ghostlap/clock", None)
        with pytest.raises(LspError):
            await client.request("ghostlap/unheard", {})
    assert not rows(tmp_path, FEEDBACK)

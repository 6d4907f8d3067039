"""The server as users start it, with a scripted provider: what a session leaves in the database."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ghostlap.lsp_server.client import LspClient, LspError

URI = "file:///home/someone/secret_project/secret_file.py"
CODE = "secret_code = "

START: TypeAlias = Callable[[str], AbstractAsyncContextManager[LspClient]]

KEYSTROKES = """
    SELECT k.sequence, o.text AS outcome, s.text AS source, l.text AS language, f.text AS file_type,
           k.document, k.trigger, k.text_length,
           k.origin, k.change_received_ns, k.request_received_ns, k.handler_started_ns,
           k.debounced_ns, k.context_ready_ns, k.dispatched_ns, k.usable_ns, k.response_sent_ns
    FROM keystroke k
    LEFT JOIN label o ON o.id = k.outcome LEFT JOIN label s ON s.id = k.source
    LEFT JOIN label l ON l.id = k.language LEFT JOIN label f ON f.id = k.file_type
    ORDER BY k.sequence
"""
ATTEMPTS = """
    SELECT a.sequence, p.text AS provider, o.text AS outcome, c.text AS cause, a.won,
           a.first_usable_ns, a.ended_ns
    FROM attempt a
    LEFT JOIN label p ON p.id = a.provider LEFT JOIN label o ON o.id = a.outcome
    LEFT JOIN label c ON c.id = a.censor_cause
    ORDER BY a.sequence
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "telemetry.sqlite3"


def rows(database: Path, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


@pytest.fixture
def serve(tmp_path: Path, database: Path) -> START:
    @asynccontextmanager
    async def start(script: str) -> AsyncIterator[LspClient]:
        config = tmp_path / "config.toml"
        config.write_text(
            'primary = "script"\ndebounce_ms = 0\n'
            f'[providers.script]\ndialect = "scripted"\nscript = {{ {script} }}\n'
        )
        env = {
            **os.environ,
            "GHOSTLAP_CONFIG": str(config),
            "GHOSTLAP_DATA_DIR": str(database.parent),
        }
        command = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve", "--stdio"]
        async with LspClient.spawn(command, env=env) as client:
            try:
                await client.initialize()
                client.open(URI, "python", CODE)
                yield client
            except BaseException:
                print(client.stderr)  # noqa: T201 - what a failed test is explained by
                raise

    return start


async def test_a_served_keystroke_leaves_its_stages(serve: START, database: Path) -> None:
    async with serve('text = "f(x)"') as client:
        client.insert(URI, 0, 14, "y")
        answer = await client.inline_completion(URI, 0, 15)
        await client.inline_completion(URI, 0, 14)
        assert await client.shutdown() == 0
    [key, later] = rows(database, KEYSTROKES)
    assert answer["items"][0]["command"]["arguments"] == [key["sequence"]]
    assert (key["outcome"], key["source"]) == ("served", "provider")
    assert (key["language"], key["file_type"], key["trigger"]) == ("python", "py", 2)
    assert key["text_length"] == len("f(x)")
    assert key["document"] == later["document"] != 0
    stages = [name for name in key if name.endswith("_ns")]
    assert [key[name] for name in stages] == sorted(key[name] for name in stages)
    # The second request followed no edit: its wait is not counted from the first one's.
    assert later["change_received_ns"] is None
    [attempt, _] = rows(database, ATTEMPTS)
    assert (attempt["outcome"], attempt["won"]) == ("completed", 1)
    assert attempt["ended_ns"] > 0
    assert attempt["first_usable_ns"] > 0


async def test_keystrokes_that_were_not_served_are_recorded_all_the_same(
    serve: START, database: Path
) -> None:
    async with serve("hang = true") as client:
        client.inline_completion(URI, 0, 0)
        client.inline_completion(URI, 0, 1)
        cancelled = client.inline_completion(URI, 0, 2)
        client.cancel(cancelled.id)
        client.inline_completion(URI, 0, 3)
        client.insert(URI, 0, 0, "x")
        client.inline_completion(URI, 0, 4)
        assert await client.shutdown() == 0
    outcomes = [key["outcome"] for key in rows(database, KEYSTROKES)]
    assert outcomes == ["superseded", "superseded", "cancelled", "superseded", "cancelled"]
    causes = {each["cause"] for each in rows(database, ATTEMPTS)}
    assert causes <= {"keystroke", "shutdown"}


@pytest.mark.parametrize(
    ("script", "outcome"),
    [('text = ""', "empty"), ('text = "\\n"', "empty"), ('error = "Overloaded"', "error")],
)
async def test_what_came_of_a_keystroke_is_told_apart(
    serve: START, database: Path, script: str, outcome: str
) -> None:
    async with serve(script) as client:
        assert await client.inline_completion(URI, 0, 14) == {"items": []}
        assert await client.shutdown() == 0
    assert [key["outcome"] for key in rows(database, KEYSTROKES)] == [outcome]


async def test_an_accepted_suggestion_is_recorded(serve: START, database: Path) -> None:
    async with serve('text = "f(x)"') as client:
        answer = await client.inline_completion(URI, 0, 14)
        command = answer["items"][0]["command"]
        await client.request(
            "workspace/executeCommand",
            {"command": command["command"], "arguments": command["arguments"]},
        )
        assert await client.shutdown() == 0
    query = "SELECT f.sequence, l.text FROM feedback f JOIN label l ON l.id = f.kind"
    assert rows(database, query) == [{"sequence": 1, "text": "accepted"}]


async def test_a_suggestion_that_is_accepted_just_before_the_end_is_recorded(
    serve: START, database: Path
) -> None:
    async with serve('text = "f(x)"') as client:
        answer = await client.inline_completion(URI, 0, 14)
        client.start("workspace/executeCommand", answer["items"][0]["command"])
        assert await client.shutdown() == 0
    assert len(rows(database, "SELECT * FROM feedback")) == 1


async def test_neither_code_nor_paths_are_stored_or_logged(serve: START, database: Path) -> None:
    async with serve('text = "secret_answer"') as client:
        client.insert(URI, 0, 14, "secret_edit")
        await client.inline_completion(URI, 0, 20)
        with pytest.raises(LspError):
            await client.inline_completion("file:///secret_other.py", 0, 0)
        assert await client.shutdown() == 0
        assert "secret" not in client.stderr
    stored = b"".join(file.read_bytes() for file in database.parent.iterdir())
    assert b"python" in stored
    assert b"secret" not in stored


async def test_the_editors_name_is_kept_with_the_session(serve: START, database: Path) -> None:
    async with serve('text = "x"') as client:
        await client.inline_completion(URI, 0, 14)
        assert await client.shutdown() == 0
    [session] = rows(database, "SELECT client, version FROM session")
    assert session["client"] == "ghostlap"
    assert session["version"]

"""Recording from a running server, and what it leaves out."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from ghostlap.lsp_server.client import LspClient
from ghostlap.lsp_server.harness.page import Page
from ghostlap.lsp_server.harness.recording import gathered
from ghostlap.lsp_server.harness.tap import TypingTap, wish_path
from ghostlap.telemetry.workload import Place

URI = "file:///home/somebody/secret-project/main.py"
SERVE = (sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve")


def noted(text: bool, *edits: tuple[int, int, list[str]]) -> list[dict[str, object]]:
    tap = TypingTap(text=text)
    tap.document_opened(URI, "python", ["one", "two", "three"])
    for edit in edits:
        tap.document_edited(URI, *edit)
    return tap.take()


@pytest.mark.parametrize(
    "edit",
    [
        (1, 2, ["twox"]),
        (1, 2, ["", "two"]),
        (0, 1, ["one", ""]),
        (0, 2, ["onetwo"]),
        (1, 2, []),
        (2, 3, ["three", "", "four"]),
        (0, 3, ["all", "new"]),
    ],
)
def test_an_edit_of_lines_is_noted_as_what_was_typed(edit: tuple[int, int, list[str]]) -> None:
    lines = ["one", "two", "three"]
    found = noted(True, edit)[-1]
    page = Page("\n".join(lines))
    start, end, text = found["start"], found["end"], found["text"]
    assert isinstance(start, list)
    assert isinstance(end, list)
    page.replace(Place(*start), Place(*end), str(text))
    lines[edit[0] : edit[1]] = edit[2]
    assert page.text == "\n".join(lines)


def test_shapes_hold_no_code_no_name_and_no_path() -> None:
    told = json.dumps(noted(False, (1, 2, ["hunter2"])))
    for secret in ("hunter2", "main", "somebody", "three"):
        assert secret not in told
    assert '"chars": 7' in told


def test_with_text_what_is_no_source_file_is_left_out() -> None:
    tap = TypingTap(text=True)
    tap.document_opened("file:///project/.env", "dotenv", ["KEY=1"])
    tap.document_edited("file:///project/.env", 0, 1, ["KEY=12"])
    assert tap.take() == []


async def test_a_running_server_notes_while_it_is_asked_to(tmp_path: Path) -> None:
    folder = tmp_path / "noted"
    folder.mkdir()
    env = {**os.environ, "GHOSTLAP_DATA_DIR": str(tmp_path), "GHOSTLAP_CACHE_DIR": str(tmp_path)}
    wish = wish_path(tmp_path)
    wish.write_text(
        json.dumps({"folder": str(folder), "text": True, "until_unix_s": 4e9}), encoding="utf-8"
    )
    async with LspClient.spawn(SERVE, env=env) as client:
        await client.initialize()
        client.open("file:///project/a.py", "python", "x = 1\n")
        file = folder / f"{client.pid}.jsonl"
        async with asyncio.timeout(20):
            while not file.exists():  # the server looks twice a second
                client.insert("file:///project/a.py", 1, 0, "y")
                await asyncio.sleep(0.1)
        wish.unlink()
        await client.shutdown()
    found = gathered(folder)
    assert found.has_text
    assert found.documents[0].name == "a.py"
    assert {each.text for each in found.edits} <= {"y"}
    assert found.origin == "recorded"

"""Recording from a running server, and what it leaves out."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ghostlap.lsp_server.client import LspClient
from ghostlap.lsp_server.context.secret_lines import SecretDetector
from ghostlap.lsp_server.harness.page import Page
from ghostlap.lsp_server.harness.recording import gathered
from ghostlap.lsp_server.harness.tap import TypingTap, wish_path
from ghostlap.telemetry.workload import Place

URI = "file:///home/somebody/secret-project/main.py"
KEY = "AKIA" + "QWERTYUIOPASDFGH"
SERVE = (sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve")


def noted(text: bool, *edits: tuple[int, int, list[str]]) -> list[dict[str, object]]:
    tap = TypingTap(text=text, rules=Rules())
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
    tap = TypingTap(text=True, rules=Rules())
    tap.document_opened("file:///project/.env", "dotenv", ["KEY=1"])
    tap.document_edited("file:///project/.env", 0, 1, ["KEY=12"])
    assert tap.take() == []


async def test_a_running_server_notes_while_it_is_asked_to(tmp_path: Path) -> None:
    async with recorded(tmp_path):
        pass
    found, left_out = gathered(tmp_path / "noted")
    assert (found.has_text, left_out) == (True, 0)
    assert found.documents[0].name == "first.py"
    assert {each.text for each in found.edits} == {"y"}
    assert found.origin == "recorded"


async def test_with_text_what_is_never_sent_is_not_noted_either(tmp_path: Path) -> None:
    """Also where the embedded engine is asked, which sends nothing and keeps nothing back."""
    work = tmp_path / "work"
    work.mkdir()
    (work / ".gitignore").write_text("ignored.py\n", encoding="utf-8")
    (work / ".ghostlapignore").write_text("ours.py\n", encoding="utf-8")
    (tmp_path / "config.toml").write_text('[context]\nexclude = ["set.py"]\n', encoding="utf-8")
    async with recorded(tmp_path) as client:
        for name in ("ignored.py", "ours.py", "set.py"):
            typed(client, work / name, "only_here = 1\n", "z")
        typed(client, work / "held.py", f'aws_key = "{KEY}"\nx = 1\n', "z")
        typed(client, work / "typed.py", "x = 1\n", "u", f'aws_key = "{KEY}"\n')
    written = "".join(each.read_text(encoding="utf-8") for each in (tmp_path / "noted").iterdir())
    assert KEY not in written
    assert "only_here" not in written
    found, left_out = gathered(tmp_path / "noted")
    assert left_out == 1
    assert [each.name for each in found.documents] == ["first.py", "held.py"]
    assert {(each.document, each.text) for each in found.edits} == {(0, "y"), (1, "z")}


def test_a_file_that_is_excluded_while_it_is_noted_is_dropped() -> None:
    rules = Rules()
    tap = TypingTap(text=True, rules=rules)
    tap.document_opened(URI, "python", ["one"])
    tap.document_edited(URI, 0, 1, ["onex"])
    rules.excluded.add(URI)
    assert tap.take() == [
        {"kind": "document", "name": "", "language": "python", "text": ""},
        {"kind": "withheld", "document": 0},
    ]
    tap.document_edited(URI, 0, 1, ["onexy"])
    assert tap.take() == []


def test_a_secret_that_stands_there_keeps_its_place_and_nothing_else() -> None:
    tap = TypingTap(text=True, rules=Rules())
    tap.document_opened(URI, "python", ["one", f"    key = '{KEY}'", "three"])
    (document,) = tap.take()
    assert document["text"] == "\n".join(["one", "x" * (12 + len(KEY)), "three"])
    tap.document_edited(URI, 2, 3, ["threes"])
    assert [each["text"] for each in tap.take()] == ["s"]
    tap.document_edited(URI, 1, 2, [f"    key = '{KEY}' "])
    assert [each["kind"] for each in tap.take()] == ["withheld"]


def test_shapes_of_what_is_excluded_are_not_noted_either() -> None:
    rules = Rules()
    rules.excluded.add(URI)
    tap = TypingTap(text=False, rules=rules)
    tap.document_opened(URI, "python", ["one"])
    tap.document_edited(URI, 0, 1, ["onex"])
    assert tap.take() == []


class Rules:
    """Excludes what a test says, and knows secrets by the rules that are shipped."""

    def __init__(self) -> None:
        self.excluded: set[str] = set()
        self._detector = SecretDetector()

    def load(self) -> None:
        self._detector.load()

    def exclusion(self, uri: str) -> str | None:
        return "a test says so" if uri in self.excluded else None

    def scrub(self, text: str, language: str) -> str:
        return self._detector.scrub(text, language)


def typed(client: LspClient, file: Path, text: str, *keys: str) -> None:
    client.open(file.as_uri(), "python", text)
    for key in keys:
        client.insert(file.as_uri(), 1, 0, key)


@asynccontextmanager
async def recorded(folder: Path) -> AsyncIterator[LspClient]:
    """Yield what drives a server that notes its typing; in the end all of it is written."""
    (folder / "noted").mkdir()
    (folder / "work").mkdir(exist_ok=True)
    (folder / "config.toml").touch()
    env = {
        **os.environ,
        "GHOSTLAP_CONFIG": str(folder / "config.toml"),
        "GHOSTLAP_DATA_DIR": str(folder),
        "GHOSTLAP_CACHE_DIR": str(folder),
    }
    told = {"folder": str(folder / "noted"), "text": True, "until_unix_s": 4e9}
    wish_path(folder).write_text(json.dumps(told), encoding="utf-8")
    first = (folder / "work" / "first.py").as_uri()
    async with LspClient.spawn(SERVE, env=env) as client:
        await client.initialize(root=folder / "work")
        client.open(first, "python", "x = 1\n")
        await types_until_more_is_written(client, first, folder / "noted")
        yield client
        await types_until_more_is_written(client, first, folder / "noted")
        wish_path(folder).unlink()
        await client.shutdown()


async def types_until_more_is_written(client: LspClient, uri: str, noted: Path) -> None:
    """The server writes twice a second, in the order of the edits."""
    file = noted / f"{client.pid}.jsonl"
    before = keys_in(file)
    async with asyncio.timeout(20):
        while keys_in(file) == before:
            client.insert(uri, 1, 0, "y")
            await asyncio.sleep(0.1)


def keys_in(file: Path) -> int:
    return file.read_text(encoding="utf-8").count('"y"') if file.exists() else 0

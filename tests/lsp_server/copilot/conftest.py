"""A server over stdio whose provider knows what will be typed, and a client of the dialect."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ghostlap.lsp_server.client import LspClient

SERVER = Path(__file__).parents[2] / "editors" / "foreseeing_server.py"
SEPARATOR = "\x1e"

LINES = (
    "return total_of(first) + total_of(second)",
    "return nothing at all",
    "café = '🙂🙂' + done",
    "print(alpha, omega)",
)
PROVIDERS = ("swift", "sixty", "slow", "refused")

CONFIG = """\
primary = "{primary}"
debounce_ms = 0
{more}
[suggestion]
single_line = false
"""

FEEDBACK = """
    SELECT l.text, f.length FROM feedback f JOIN label l ON l.id = f.kind ORDER BY f.at_unix_ns
"""

URI = "file:///a.py"


class Peer:
    """One client of the dialect."""

    def __init__(self, lsp: LspClient, database: Path) -> None:
        self.lsp = lsp
        self._database = database

    async def introduce(self, plugin: str = "ourtest", **more: Any) -> dict[str, Any]:
        """Shake hands as a client of the dialect does."""
        options = {
            "editorInfo": {"name": "TestEditor", "version": "1"},
            "editorPluginInfo": {"name": plugin, "version": "2"},
            "copilotIntegrationId": "test",
        }
        return await self.lsp.initialize(options=options, **more)

    def open(self, text: str, *, uri: str = URI) -> dict[str, Any]:
        """Open a document, and return the place of its █, as params."""
        before, _, behind = text.partition("█")
        self.lsp.open(uri, "python", before + behind)
        line = before.rpartition("\n")[2]
        position = {
            "line": before.count("\n"),
            "character": len(line.encode("utf-16-le")) // 2,
        }
        return {"textDocument": {"uri": uri, "version": 1}, "position": position}

    async def modern(self, place: dict[str, Any], *, invoked: bool = False) -> list[dict[str, Any]]:
        """Ask for items."""
        params = {
            **place,
            "context": {"triggerKind": 1 if invoked else 2},
            "formattingOptions": {"tabSize": 4, "insertSpaces": True},
        }
        answer = await self.lsp.request("textDocument/inlineCompletion", params)
        items: list[dict[str, Any]] = answer["items"]
        return items

    async def legacy(
        self, place: dict[str, Any], method: str = "getCompletions"
    ) -> list[dict[str, Any]]:
        answer = await self.lsp.request(method, {"doc": doc_of(place)})
        completions: list[dict[str, Any]] = answer["completions"]
        return completions

    async def status(self, kind: str, method: str = "didChangeStatus") -> dict[str, Any]:
        """Wait until the server says of itself that it is of this kind."""
        name = "kind" if method == "didChangeStatus" else "status"
        while (told := await self.lsp.next_notification(method))[name] != kind:
            pass
        found: dict[str, Any] = told
        return found

    async def recorded(self) -> list[tuple[str, int]]:
        """End the server, and return what it has recorded of suggestions, with lengths."""
        assert await self.lsp.shutdown(timeout_s=20) == 0
        return self.so_far()

    def so_far(self) -> list[tuple[str, int]]:
        """What is in the database by now."""
        with closing(sqlite3.connect(self._database)) as connection:
            return [(str(kind), int(length)) for kind, length in connection.execute(FEEDBACK)]

    def clients(self) -> list[tuple[str, str]]:
        """Return the names and versions of the clients that were recorded."""
        with closing(sqlite3.connect(self._database)) as connection:
            return list(connection.execute("SELECT client, client_version FROM session"))


def doc_of(place: dict[str, Any]) -> dict[str, Any]:
    """A place as the legacy messages have it."""
    return {
        **place["textDocument"],
        "position": place["position"],
        "tabSize": 4,
        "insertSpaces": True,
        "relativePath": "a.py",
    }


StartPeer: TypeAlias = Callable[..., AbstractAsyncContextManager[Peer]]


@pytest.fixture
def start_peer(tmp_path: Path) -> StartPeer:
    @asynccontextmanager
    async def start(
        primary: str = "swift", *, more: str = "", lines: Sequence[str] = LINES
    ) -> AsyncIterator[Peer]:
        config = tmp_path / "config.toml"
        text = CONFIG.format(primary=primary, more=more)
        config.write_text(text + "".join(f"[providers.{each}]\n" for each in PROVIDERS))
        env = {
            **os.environ,
            "GHOSTLAP_CONFIG": str(config),
            "GHOSTLAP_DATA_DIR": str(tmp_path),
            "GHOSTLAP_CACHE_DIR": str(tmp_path),
            "GHOSTLAP_LOG": "info",
            "GHOSTLAP_TEST_LINES": SEPARATOR.join(lines),
        }
        async with LspClient.spawn([sys.executable, "-I", str(SERVER)], env=env) as client:
            try:
                yield Peer(client, tmp_path / "telemetry.sqlite3")
            except BaseException:
                print(client.stderr)  # noqa: T201 - what a failed test is explained by
                raise

    return start

"""Our server in the replay: a process for each typist, with default settings for a remote provider.

One for each, because one person types in one file at a time, and the server learns how fast.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from ghostlap.lsp_server.client import Call, LspClient, LspError, ServerGone
from ghostlap.lsp_server.documents.positions import PositionEncoding, character_at, index_at
from tests.bench._driver import BenchError
from tests.bench._replay_keys import Manuscript
from tests.bench._replay_target import Ghost, Inconsistent, Page, Show

__all__ = ["open_page"]

COMMAND = (sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve")
CONFIG = """\
primary = "replay"

[providers.replay]
base_url = "{base_url}"
model = "replay"
prompt = "suffix"
"""
_CALM_S = 0.02  # of processor time in half a second: what a server takes that waits for keys


class _ServedPage:
    def __init__(
        self,
        manuscript: Manuscript,
        client: LspClient,
        uri: str,
        tasks: asyncio.TaskGroup,
        *,
        cancels: bool,
    ) -> None:
        self._manuscript = manuscript
        self._client = client
        self._uri = uri
        self._tasks = tasks
        self._cancels = cancels
        self._typed = ""
        self._call: Call | None = None

    def open(self) -> None:
        text = self._manuscript.before + self._manuscript.after
        self._client.open(self._uri, self._manuscript.language, text)

    def edited(self, typed: str, text: str, removed: int, show: Show) -> None:
        """As VS Code does it: the request is cancelled, then comes the edit, then a request."""
        if self._cancels and self._call is not None and not self._call.done():
            self._client.cancel(self._call.id)
        assert "\n" not in self._typed[len(self._typed) - removed :], "slips are within a line"
        end = self._cursor()
        start = {"line": end["line"], "character": end["character"] - removed}
        self._client.change(self._uri, {"range": {"start": start, "end": end}, "text": text})
        self._typed = typed
        cursor = self._cursor()
        self._call = self._client.inline_completion(self._uri, cursor["line"], cursor["character"])
        self._tasks.create_task(self._read(self._call, show))

    def accepted(self, ghost: Ghost) -> None:
        if ghost.command is not None:
            self._client.start("workspace/executeCommand", ghost.command)

    async def _read(self, call: Call, show: Show) -> None:
        try:
            answer = await call
        except (LspError, ServerGone):  # given up, or the end of the replay
            return
        if call is not self._call:  # a newer key was on its way to the server
            return
        items = answer.get("items") if isinstance(answer, dict) else answer
        if items:
            show(Ghost(self._fitting(items[0]), call.received_ns, items[0].get("command")))

    def _fitting(self, item: Any) -> str:
        """Return what an item adds at the cursor. Raises Inconsistent."""
        line = self._line()
        span = item["range"]
        cursor = self._cursor()
        if {span["start"]["line"], span["end"]["line"]} != {cursor["line"]}:
            raise Inconsistent("the range leaves the cursor's line")
        start = index_at(line, span["start"]["character"], self._encoding)
        if span["end"]["character"] < cursor["character"] or start > len(line):
            raise Inconsistent("the range does not touch the cursor")
        text: str = item["insertText"]
        if not text.startswith(line[start:]):
            raise Inconsistent("the text does not go on from what stands in its range")
        return text[len(line) - start :]

    def _cursor(self) -> dict[str, int]:
        number = self._manuscript.before.count("\n") + self._typed.count("\n")
        line = self._line()
        return {"line": number, "character": character_at(line, len(line), self._encoding)}

    def _line(self) -> str:
        """Return the cursor's line, at whose end it always stands."""
        _, end, tail = self._typed.rpartition("\n")
        return tail if end else self._manuscript.before.rpartition("\n")[2] + tail

    @property
    def _encoding(self) -> PositionEncoding:
        return PositionEncoding(self._client.encoding)


def _settle_in(folder: Path, manuscript: Manuscript, base_url: str) -> Path:
    """Write settings and a workspace into an empty folder; return the file to open."""
    settings = CONFIG.format(base_url=base_url)
    Path(folder, "config.toml").write_text(settings, encoding="utf-8")
    file = Path(folder, "workspace", manuscript.name)
    file.parent.mkdir()
    file.write_text(manuscript.before + manuscript.after, encoding="utf-8")
    return file


async def _initialize(client: LspClient, root: Path) -> None:
    try:
        await client.initialize(root=root)
    except (LspError, ServerGone) as error:
        said = client.stderr.strip().splitlines() or ["nothing"]
        raise BenchError(f"the server did not start; the last that it said: {said[-1]}") from error


async def _settled(pid: int) -> None:
    """Wait until a server has loaded what it loads behind the first file that is opened."""
    process = psutil.Process(pid)
    used_s = -1.0
    while True:
        times = process.cpu_times()
        if times.user + times.system - used_s < _CALM_S and used_s > 0:
            return
        used_s = times.user + times.system
        await asyncio.sleep(0.5)


@asynccontextmanager
async def open_page(base_url: str, manuscript: Manuscript, *, cancels: bool) -> AsyncIterator[Page]:
    """Start a server and open the manuscript in it, as a file of a workspace that is its own."""
    prefix = "ghostlap-replay-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        file = _settle_in(Path(folder), manuscript, base_url)
        environment = {
            **os.environ,
            "GHOSTLAP_CONFIG": str(Path(folder, "config.toml")),
            "GHOSTLAP_DATA_DIR": folder,
            "GHOSTLAP_CACHE_DIR": folder,
        }
        async with (
            asyncio.TaskGroup() as tasks,
            LspClient.spawn(COMMAND, env=environment) as client,
        ):
            await _initialize(client, file.parent)
            page = _ServedPage(manuscript, client, file.as_uri(), tasks, cancels=cancels)
            page.open()
            await _settled(client.pid)
            yield page
            await client.shutdown()

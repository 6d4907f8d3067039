"""The obvious client: no benchmark, but what the engine is compared with.

It waits for the same time after each key and asks for each state at which the typing has paused
that long; the next key cancels. It reads the stream and shows its first line as soon as that is
whole. Nothing is kept. A debounce of 150 ms is llm.nvim's default, and in the middle of others':
copilot.lua has 75, Neovim itself 200, Continue 350.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson

from ghostlap.telemetry import monotonic_ns
from tests.bench._replay_keys import Manuscript
from tests.bench._replay_target import Ghost, Page, Show

__all__ = ["DEBOUNCE_S", "open_page"]

DEBOUNCE_S = 0.15
_PREFIX_CHARS, _SUFFIX_CHARS = 4_000, 1_000  # as much as our server sends
_MAX_TOKENS = 64


class _PlainPage:
    def __init__(
        self,
        manuscript: Manuscript,
        session: aiohttp.ClientSession,
        base_url: str,
        debounce_s: float,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._manuscript = manuscript
        self._session = session
        self._url = f"{base_url}/completions"
        self._debounce_s = debounce_s
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None

    def edited(self, typed: str, _text: str, _removed: int, show: Show) -> None:
        self.give_up()
        self._task = self._tasks.create_task(self._suggest(typed, show))

    def accepted(self, ghost: Ghost) -> None:
        """There is nobody to tell."""

    def give_up(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _suggest(self, typed: str, show: Show) -> None:
        await asyncio.sleep(self._debounce_s)
        prefix = (self._manuscript.before + typed)[-_PREFIX_CHARS:]
        body = {
            "model": "replay",
            "stream": True,
            "prompt": prefix,
            "suffix": self._manuscript.after[:_SUFFIX_CHARS],
            "max_tokens": _MAX_TOKENS,
        }
        if prefix.rpartition("\n")[2].strip():
            body["stop"] = ["\n"]
        async with self._session.post(self._url, json=body) as response:
            line = await _first_line(response)
        if line.strip():
            show(Ghost(line.rstrip(), monotonic_ns()))


async def _first_line(response: aiohttp.ClientResponse) -> str:
    """Read until a line is whole. On an empty line the line end that may come first is left out."""
    text = ""
    async for event in response.content:
        if not event.startswith(b"data: {"):
            continue
        text += orjson.loads(event[6:])["choices"][0].get("text") or ""
        line, end, _ = text.lstrip("\n").partition("\n")
        if end:
            return line
    return text.lstrip("\n")


@asynccontextmanager
async def open_page(
    base_url: str, manuscript: Manuscript, *, debounce_s: float
) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
        page = _PlainPage(manuscript, session, base_url, debounce_s, tasks)
        yield page
        page.give_up()

"""The workspace's index as an editor has it: the real server, its own indexing process."""

import asyncio
import itertools
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped] # it ships no types
import pytest

from ghostlap.lsp_server.client import LspClient
from ghostlap.providers.local.file_lock import locked
from ghostlap.providers.local.workspace_build import workspace_folder

SERVE = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve"]
CODE = "def area(width, height):\n    return width * height\n\n\n"
TYPED = "def area(width, height):\n    return width"
CONFIG = """\
primary = "embedded"
debounce_ms = 0
[telemetry]
enabled = false
[embedded]
standard_library = false
eagerness = "eager"
"""
DRAWS = {
    "window": {"workDoneProgress": True},
    "experimental": {"ghostlapStatus": True},
}
PATIENCE_S = 60
TIMES = itertools.count()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace of more than one step of progress."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "shapes.py").write_text(CODE * 3)
    for number in range(5):
        (root / f"large{number}.py").write_text(f"x{number} = 1\n" * 40_000)
    return root


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@asynccontextmanager
async def server(tmp_path: Path, cache: Path) -> AsyncIterator[LspClient]:
    (tmp_path / "config.toml").write_text(CONFIG)
    places = {
        "GHOSTLAP_CONFIG": str(tmp_path / "config.toml"),
        "GHOSTLAP_DATA_DIR": str(tmp_path / "data"),
        "GHOSTLAP_CACHE_DIR": str(cache),
    }
    async with LspClient.spawn(SERVE, env={**os.environ, **places}) as client:
        async with asyncio.timeout(PATIENCE_S):
            yield client
            await client.shutdown()


async def told_of_progress(client: LspClient) -> list[dict[str, Any]]:
    """Return the values of one piece of work, when it has ended."""
    values: list[dict[str, Any]] = []
    while not values or values[-1]["kind"] != "end":
        values.append((await client.next_notification("$/progress"))["value"])
    return values


async def suggested(client: LspClient, uri: str) -> list[str]:
    """Return what is suggested in a document that has just become another one."""
    client.close(uri)
    client.open(uri, "python", f"# {next(TIMES)}\n{TYPED}")
    answer = await client.inline_completion(uri, 2, len("    return width"))
    return [each["insertText"] for each in answer["items"]]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what nobody tells of."""
    while not await holds():  # noqa: ASYNC110 - it can only be asked
        await asyncio.sleep(0.1)


def the_index(cache: Path, root: Path) -> bytes:
    (made,) = workspace_folder(cache, root).glob("*.index")
    return made.read_bytes()


@contextmanager
def nothing_written(cache: Path, root: Path) -> Iterator[None]:
    """Hold the lock of the index: who wants to bring it up to date waits."""
    with locked(workspace_folder(cache, root) / "lock"):
        yield


@pytest.mark.skipif(sys.platform == "win32", reason="it has other priorities")
async def test_indexing_is_done_by_a_process_of_low_priority_that_ends_with_the_server(
    root: Path, tmp_path: Path, cache: Path
) -> None:
    with nothing_written(cache, root):
        async with server(tmp_path, cache) as client:
            await client.initialize(root=root)
            this = psutil.Process(client.pid)

            async def is_low() -> bool:
                return [each.nice() for each in this.children()] == [this.nice() + 10]

            await until(is_low)
            (indexing,) = this.children()
            assert "index" in indexing.cmdline()
        assert not indexing.is_running()


async def test_progress_and_the_status_show_how_far_it_is_and_then_it_is_suggested_from(
    root: Path, tmp_path: Path, cache: Path
) -> None:
    async with server(tmp_path, cache) as client:
        await client.initialize(root=root, capabilities=DRAWS)
        values = await told_of_progress(client)
        assert values[0]["kind"] == "begin"
        percents = [each["percentage"] for each in values[:-1]]
        assert percents == sorted(percents)
        assert any(0 < each < 100 for each in percents)
        shown: list[int | None] = [0]
        while shown[-1] is not None:
            shown.append((await client.next_notification("ghostlap/status")).get("indexing", 0))
        assert any(shown)
        uri = (root / "new.py").as_uri()

        async def is_suggested() -> bool:
            return await suggested(client, uri) == [" * height"]

        async def is_not() -> bool:
            return not await suggested(client, uri)

        await until(is_suggested)
        (root / "shapes.py").unlink()
        await until(is_not)  # it looks for the files every few seconds


async def test_a_second_server_finds_the_index_made(
    root: Path, tmp_path: Path, cache: Path
) -> None:
    uri = (root / "new.py").as_uri()
    async with server(tmp_path, cache) as first:
        await first.initialize(root=root, capabilities=DRAWS)
        await told_of_progress(first)
        with nothing_written(cache, root):  # nobody can index: it is there
            async with server(tmp_path, cache) as second:
                await second.initialize(root=root)

                async def is_suggested() -> bool:
                    return await suggested(second, uri) == [" * height"]

                await until(is_suggested)
        (made,) = workspace_folder(cache, root).glob("*.index")
        if sys.platform == "linux":

            async def is_mapped() -> bool:
                maps = psutil.Process(first.pid).memory_maps()
                return str(made.resolve()) in [each.path for each in maps]

            await until(is_mapped)


async def test_nothing_is_learnt_from_what_the_editor_excludes(
    root: Path, tmp_path: Path, cache: Path
) -> None:
    options = {"context": {"exclude": ["shapes.py"]}}
    async with server(tmp_path, cache) as client:
        await client.initialize(root=root, options=options, capabilities=DRAWS)
        await told_of_progress(client)
        assert await suggested(client, (root / "new.py").as_uri()) == []
    index = the_index(cache, root)
    assert b"large0.py" in index
    assert b"shapes.py" not in index

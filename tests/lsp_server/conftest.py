from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from ghostlap.lsp_server.client import Answer, LspClient
from ghostlap.lsp_server.documents import Document, Snapshot

ENGINE_SERVER = Path(__file__).with_name("engine_server.py")

CONFIG = """\
primary = "{primary}"
debounce_ms = 0
editor_may_select = ["echo", "held", "refused", "broken", "late", "unopened", "stuck"]
[suggestion]
single_line = true
[telemetry]
enabled = false
[providers.echo]
[providers.held]
[providers.refused]
[providers.broken]
[providers.late]
[providers.unopened]
[providers.stuck]
"""


@pytest.fixture
def at_cursor() -> Callable[..., Snapshot]:
    """Takes the snapshot at the █ of a text."""

    def take(text: str, *, uri: str = "file:///a.py", language: str = "python") -> Snapshot:
        before, _, behind = text.partition("█")
        document = Document(uri, before + behind, language=language)
        line = before.count("\n")
        character = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
        return document.snapshot({"line": line, "character": character})

    return take


StartServer: TypeAlias = Callable[..., AbstractAsyncContextManager[LspClient]]


@pytest.fixture
def start_server(tmp_path: Path) -> StartServer:
    """Starts the real server, over real pipes, with providers that the tests know."""

    @asynccontextmanager
    async def start(
        primary: str = "echo",
        *,
        config: str | None = None,
        log: str = "warning",
        answers: Mapping[str, Answer] | None = None,
    ) -> AsyncIterator[LspClient]:
        file = tmp_path / "config.toml"
        file.write_text(CONFIG.format(primary=primary) if config is None else config)
        places = {
            "GHOSTLAP_CONFIG": str(file),
            "GHOSTLAP_DATA_DIR": str(tmp_path),
            "GHOSTLAP_CACHE_DIR": str(tmp_path),
            "GHOSTLAP_LOG": log,
        }
        command = [sys.executable, "-I", str(ENGINE_SERVER)]
        async with LspClient.spawn(
            command, env={**os.environ, **places}, answers=answers
        ) as client:
            try:
                yield client
            except BaseException:
                print(client.stderr)  # noqa: T201 - what a failed test is explained by
                raise

    return start


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Programs that are started heed SIGINT, as those of a job in the background do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)

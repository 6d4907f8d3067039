"""The servers that are compared: how each is started, and told where the provider is."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench._driver import HERE, Session, build, open_session

__all__ = ["FLOOR", "GHOSTLAP", "PLAIN", "SERVERS", "Server"]

CONFIG = """\
primary = "bench"
debounce_ms = 0

[providers.bench]
base_url = "http://127.0.0.1:{port}/v1"
model = "bench"
prompt = "suffix"

[suggestion]
ahead_percent = 0
"""
"""All else as users have it, telemetry included. A debounce would be measured, not the server, and
what is asked ahead of need would be taken for the next key's request."""


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    title: str
    command: Callable[[], tuple[str, ...]]
    config: str = ""

    @contextmanager
    def session(self) -> Iterator[Session]:
        """The server with a data directory of its own, not yet started."""
        with tempfile.TemporaryDirectory(
            prefix="ghostlap-bench-", ignore_cleanup_errors=True
        ) as folder:
            config = Path(folder, "config.toml")
            environment = {"GHOSTLAP_CONFIG": str(config), "GHOSTLAP_DATA_DIR": folder}
            with open_session(self.name, self.command(), environment) as session:
                config.write_text(self.config.format(port=session.port))
                yield session


FLOOR = Server("relay", "C relay, no document (the floor)", lambda: (str(build("relay")),))
GHOSTLAP = Server(
    "ghostlap",
    "ghostlap",
    lambda: (sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve"),
    CONFIG,
)
PLAIN = Server(
    "plain",
    "plain pygls + httpx",
    lambda: (sys.executable, str(HERE / "plain_pygls.py")),
)
SERVERS = {server.name: server for server in (FLOOR, GHOSTLAP, PLAIN)}

"""A real llama.cpp server with a model of ours; tests skip, saying so, where it can't be had.

With GHOSTLAP_REQUIRE_EDITORS=1 they fail instead.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

HERE = Path(__file__).parent
SERVER = HERE.parents[2] / ".cache" / "llama-cpp" / "bin" / "llama-server"
START_S = 60.0
"""Loading takes 50 ms; a machine that is busy may take longer."""


@dataclass(frozen=True)
class LlamaServer:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_busy(self) -> bool:
        with urllib.request.urlopen(f"{self.root}/slots", timeout=START_S) as answer:
            slots: list[dict[str, Any]] = json.load(answer)
        return any(slot["is_processing"] for slot in slots)

    def cancelled(self) -> int:
        """Return how many tasks it gave up because nobody was there for them any more."""
        return self.log.read_bytes().count(b"stop: cancel task")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(START_S)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "chain.gguf"
    subprocess.run([sys.executable, str(HERE / "make_gguf.py"), str(file)], check=True)
    return file


@pytest.fixture(scope="session")
def program() -> Path:
    if not SERVER.exists():
        reason = f"no llama.cpp server in {SERVER.parent}: fetch-llama-server.sh brings one"
        if os.environ.get("GHOSTLAP_REQUIRE_EDITORS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return SERVER


@contextmanager
def started(program: Path, model: Path, log: Path) -> Iterator[LlamaServer]:
    command = [str(program), "-m", str(model), "--host", "127.0.0.1", "--port", "0"]
    command += ["-c", "8192", "-t", "1", "-np", "1", "--no-webui"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        port = _port(process, log)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=START_S) as health:
            assert json.load(health) == {"status": "ok"}
        yield LlamaServer(process, port, log)
    finally:
        process.kill()
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Return the port that the server took; it says so when the model is loaded."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        if said := re.search(rb"listening on http://127\.0\.0\.1:(\d+)\n", log.read_bytes()):
            return int(said[1])
        time.sleep(0.01)
    pytest.fail(f"llama-server did not start:\n{log.read_text(errors='replace')[-2000:]}")


StartLlama: TypeAlias = Callable[[Path], AbstractContextManager[LlamaServer]]


@pytest.fixture(scope="session")
def start_llama(program: Path, model: Path) -> StartLlama:
    """Starts a server that logs to the file it is given."""
    return partial(started, program, model)

"""The same server over a loopback socket, and over what an asyncio loop cannot wait on."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from ghostlap.lsp_server.protocol.framing import FrameDecoder, encode_message

SERVE = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve"]
INITIALIZE = {"method": "initialize", "id": 1, "params": {"capabilities": {}}}
SESSION: list[dict[str, Any]] = [
    INITIALIZE,
    {"method": "initialized", "params": {}},
    {"method": "shutdown", "id": 2},
    {"method": "exit"},
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "config.toml"
    config.write_text(
        'primary = "script"\n[providers.script]\ndialect = "scripted"\nscript = { text = "f(x)" }\n'
    )
    places = {"GHOSTLAP_CONFIG": str(config), "GHOSTLAP_DATA_DIR": str(tmp_path)}
    return {**os.environ, **places}


def framed(messages: list[dict[str, Any]]) -> bytes:
    return b"".join(encode_message({"jsonrpc": "2.0", **message}) for message in messages)


def answers(data: bytes) -> list[Any]:
    frames = FrameDecoder().feed(data)
    bodies = [frame for frame in frames if isinstance(frame, bytes)]
    assert len(bodies) == len(frames)
    return [orjson.loads(body) for body in bodies]


def test_a_session_can_be_read_from_a_file_and_written_to_one(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    said, heard = tmp_path / "said", tmp_path / "heard"
    said.write_bytes(framed(SESSION))
    with said.open("rb") as source, heard.open("wb") as sink:
        done = subprocess.run(
            SERVE, stdin=source, stdout=sink, stderr=subprocess.PIPE, env=environment, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")
    first, second = answers(heard.read_bytes())
    assert first["result"]["serverInfo"]["name"] == "ghostlap"
    assert second == {"jsonrpc": "2.0", "id": 2, "result": None}


async def test_one_client_is_served_over_a_loopback_socket(environment: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *SERVE, "--tcp", "127.0.0.1:0", stderr=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stderr is not None
    port = re.search(rb"port (\d+)", await process.stderr.readline())
    assert port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port[1]))
    writer.write(framed(SESSION))
    assert [each["id"] for each in answers(await reader.read())] == [1, 2]
    assert await process.wait() == 0
    assert await process.stderr.read() == b""
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("address", ["0.0.0.0:0", "example.com:5007", "192.0.2.1:0"])
def test_only_a_loopback_address_is_served(environment: dict[str, str], address: str) -> None:
    done = subprocess.run(
        [*SERVE, "--tcp", address], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 1
    assert "only a loopback address" in done.stderr
    assert "Traceback" not in done.stderr

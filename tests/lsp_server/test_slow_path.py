from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ghostlap.lsp_server.protocol.framing import FrameDecoder, decode_body
from ghostlap.lsp_server.protocol.slow_path import SlowPath
from ghostlap.lsp_server.protocol.wire import Channel, MessageHandler
from ghostlap.lsp_server.tasks import Tasks


class Client:
    """The far end of a channel: keeps what was sent to it."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[Any] = asyncio.Queue()

    def write(self, data: bytes) -> None:
        for frame in FrameDecoder().feed(data):
            assert isinstance(frame, bytes)
            self.received.put_nowait(decode_body(frame))

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


class NoServices:
    def change_settings(self, settings: Any) -> None:
        raise AssertionError(settings)

    def accepted(self, suggestion_id: int) -> None:
        raise AssertionError(suggestion_id)


def slow_path(
    client: Client, find_room: Callable[[], Callable[..., MessageHandler]]
) -> tuple[SlowPath, Tasks]:
    tasks = Tasks()
    return SlowPath(Channel(client), tasks, NoServices(), find_room), tasks


async def test_without_pygls_requests_are_refused_and_the_rest_is_ignored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def find_room() -> Callable[..., MessageHandler]:
        raise ImportError("secret")

    client = Client()
    path, tasks = slow_path(client, find_room)
    path({"method": "workspace/didChangeConfiguration", "params": {}})
    path({"method": "workspace/executeCommand", "id": 1})
    answer = await client.received.get()
    assert (answer["id"], answer["error"]["code"]) == (1, -32603)
    path({"method": "workspace/executeCommand", "id": 2})
    assert (await client.received.get())["id"] == 2
    assert "Starting pygls failed: ImportError" in caplog.text
    assert "secret" not in caplog.text
    await tasks.aclose(1.0)


async def test_a_message_that_fails_does_not_take_the_waiting_ones_along(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handled: list[Any] = []
    both = asyncio.Event()

    def handle(message: dict[str, Any]) -> None:
        handled.append(message["method"])
        if message["method"] == "bad":
            raise ValueError("secret")
        both.set()

    path, tasks = slow_path(Client(), lambda: lambda *_arguments: handle)
    path({"method": "bad"})
    path({"method": "good"})
    await both.wait()
    assert handled == ["bad", "good"]
    assert "Handling bad failed: ValueError" in caplog.text
    await tasks.aclose(1.0)


async def test_responses_and_cancels_do_not_start_pygls() -> None:
    def find_room() -> Callable[..., MessageHandler]:
        raise AssertionError

    path, tasks = slow_path(Client(), find_room)
    path({"id": 1, "result": None})
    path.cancel(1)
    await tasks.aclose(1.0)

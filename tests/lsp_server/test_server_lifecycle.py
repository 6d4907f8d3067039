from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from ghostlap.lsp_server.client import LspClient, LspError

StartServer = Callable[..., AbstractAsyncContextManager[LspClient]]

URI = "file:///a.py"


async def refused(call: Any) -> int:
    with pytest.raises(LspError) as caught:
        await call
    assert caught.value.message.endswith(".")
    return caught.value.code


async def test_a_session_from_initialize_to_exit(start_server: StartServer) -> None:
    async with start_server() as client:
        result = await client.initialize()
        assert result["serverInfo"]["name"] == "ghostlap"
        client.open(URI, "python", "x = 1\n")
        shown = await client.inline_completion(URI, 0, 5)
        assert shown["items"][0]["insertText"].startswith("⟦")
        assert await client.shutdown() == 0
        assert "provider closed" in client.stderr


async def test_requests_before_initialize_are_refused_and_notifications_dropped(
    start_server: StartServer,
) -> None:
    async with start_server() as client:
        client.open(URI, "python", "x")
        assert await refused(client.inline_completion(URI, 0, 0)) == -32002
        assert await refused(client.request("shutdown")) == -32002
        assert await refused(client.request("workspace/executeCommand")) == -32002
        await client.initialize()
        assert await refused(client.inline_completion(URI, 0, 0)) == -32602


async def test_a_second_initialize_is_refused(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        assert await refused(client.request("initialize", {"capabilities": {}})) == -32600


async def test_initialize_without_capabilities_is_refused_and_may_be_repeated(
    start_server: StartServer,
) -> None:
    async with start_server() as client:
        shapes: list[Any] = [None, [], {}, {"capabilities": []}, "x"]
        for params in shapes:
            assert await refused(client.request("initialize", params)) == -32602
        await client.initialize()


async def test_after_shutdown_every_request_is_refused(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x")
        assert await client.request("shutdown") is None
        assert await refused(client.inline_completion(URI, 0, 0)) == -32600
        assert await refused(client.request("shutdown")) == -32600
        assert await refused(client.request("initialize", {"capabilities": {}})) == -32600
        client.notify("exit")
        assert await client.wait() == 0


async def test_shutdown_answers_what_is_still_under_way(start_server: StartServer) -> None:
    async with start_server("held") as client:
        await client.initialize()
        client.open(URI, "python", "x")
        call = client.inline_completion(URI, 0, 1)
        done = asyncio.ensure_future(client.shutdown())
        assert await refused(call) == -32800
        assert await done == 0


async def test_exit_without_shutdown_ends_with_1(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.notify("exit")
        assert await client.wait() == 1


async def test_exit_before_initialize_ends_the_process(start_server: StartServer) -> None:
    async with start_server() as client:
        client.notify("exit")
        assert await client.wait() == 1


@pytest.mark.parametrize(("shut_down", "code"), [(True, 0), (False, 1)])
async def test_the_end_of_the_input_ends_the_process(
    start_server: StartServer, *, shut_down: bool, code: int
) -> None:
    async with start_server("held") as client:
        await client.initialize()
        client.open(URI, "python", "x")
        client.inline_completion(URI, 0, 1)
        if shut_down:
            await client.request("shutdown")
        client._process.stdin.close()
        assert await client.wait() == code


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking")
async def test_a_terminated_server_ends_in_order(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x")
        await client.inline_completion(URI, 0, 1)
        os.kill(client.pid, signal.SIGTERM)
        assert await client.wait() == 1
        assert "provider closed" in client.stderr


async def test_requests_wait_for_a_provider_that_is_slow_to_open(
    start_server: StartServer,
) -> None:
    async with start_server("late") as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        assert (await client.inline_completion(URI, 0, 4))["items"]


async def test_a_provider_that_cannot_be_opened_is_told_of_and_nothing_is_suggested(
    start_server: StartServer,
) -> None:
    async with start_server("unopened") as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        assert await client.inline_completion(URI, 0, 4) == {"items": []}
        told = await client.next_notification("window/showMessage")
        assert told["message"] == "unopened: there is no key — set key_env"
        assert await client.shutdown() == 0


async def test_a_thread_that_never_ends_does_not_keep_the_process(
    start_server: StartServer,
) -> None:
    async with start_server("stuck") as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        assert (await client.inline_completion(URI, 0, 4))["items"]
        assert await client.shutdown() == 0

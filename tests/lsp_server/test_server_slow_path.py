"""What pygls serves, and when it is imported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from ghostlap.lsp_server.client import LspClient, LspError
from ghostlap.lsp_server.protocol.pygls_room import open_room

StartServer = Callable[..., AbstractAsyncContextManager[LspClient]]

URI = "file:///folder/a.py"


async def refused(call: Any) -> int:
    with pytest.raises(LspError) as caught:
        await call
    return caught.value.code


async def test_a_session_of_typing_never_imports_pygls(start_server: StartServer) -> None:
    async with start_server(log="debug") as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        await client.inline_completion(URI, 0, 4)
        client.notify("$/setTrace", {"value": "verbose"})
        client.notify("textDocument/didSave", {"textDocument": {"uri": URI}})
        await client.shutdown()
        assert "modules of pygls: 0" in client.stderr


async def test_the_fast_path_goes_on_while_pygls_is_imported(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        await client.inline_completion(URI, 0, 4)
        unknown = client.start("ghostlap/none", {})
        served = [client.inline_completion(URI, 0, 4), client.start("shutdown")]
        assert await refused(unknown) == -32601
        assert all(0 < call.received_ns <= unknown.received_ns for call in served)


async def test_what_waits_for_pygls_is_answered_in_order(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        calls = [client.start("ghostlap/none", {"number": n}) for n in range(20)]
        assert [await refused(call) for call in calls] == [-32601] * 20
        received = [call.received_ns for call in calls]
        assert received == sorted(received)


async def test_an_accepted_suggestion_is_a_command(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        answer = await client.inline_completion(URI, 0, 4)
        command = answer["items"][0]["command"]
        params = {"command": command["command"], "arguments": command["arguments"]}
        assert await client.request("workspace/executeCommand", params) is None


BAD_COMMANDS: list[Any] = [
    None,
    {},
    {"command": 3},
    {"command": "ghostlap.none", "arguments": [1]},
    {"command": "ghostlap.accepted"},
    {"command": "ghostlap.accepted", "arguments": ["one"]},
    {"command": "ghostlap.accepted", "arguments": [1, 2]},
]


async def test_a_command_that_cannot_be_run_is_refused(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        for params in BAD_COMMANDS:
            code = await refused(client.request("workspace/executeCommand", params))
            assert code in (-32602, -32603), params
        assert not client.notifications


async def test_folders_and_progress_of_the_client_are_taken(
    start_server: StartServer, tmp_path: Path
) -> None:
    async with start_server() as client:
        await client.initialize(root=tmp_path)
        folder = {"uri": tmp_path.as_uri(), "name": "w"}
        client.notify(
            "workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}}
        )
        client.notify("workspace/didChangeWorkspaceFolders", {"event": 3})
        client.notify("window/workDoneProgress/cancel", {"token": "none"})
        assert await refused(client.request("ghostlap/none")) == -32601
        assert not client.notifications
        assert str(tmp_path) not in client.stderr


async def test_cancelling_a_request_that_waits_for_pygls_answers_it_all_the_same(
    start_server: StartServer,
) -> None:
    async with start_server() as client:
        await client.initialize()
        call = client.start("ghostlap/none", {})
        client.cancel(call.id)
        assert await refused(call) in (-32601, -32800)


class Services:
    def __init__(self) -> None:
        self.settings: asyncio.Queue[Any] = asyncio.Queue()

    def change_settings(self, settings: Any) -> None:
        self.settings.put_nowait(settings)

    def accepted(self, suggestion_id: int) -> None:
        raise AssertionError(suggestion_id)


async def test_what_pygls_asked_the_client_can_be_answered_in_any_shape() -> None:
    sent: list[dict[str, Any]] = []
    services = Services()
    room = open_room({"method": "initialize", "params": {}}, services, sent.append)
    answers: list[dict[str, Any]] = [
        {"error": {"code": -32601, "message": "no such method"}},
        {"result": 3},
        {"result": []},
        {"result": [{"debounce_ms": 3}]},
    ]
    for answer in answers:
        room({"method": "workspace/didChangeConfiguration", "params": {"settings": None}})
        await asyncio.sleep(0)
        room({"id": sent[-1]["id"], **answer})
    room({"id": "unknown", "result": None})
    room({"method": "$/cancelRequest", "params": {"id": "unknown"}})
    assert [await services.settings.get() for _ in range(2)] == [None, {"debounce_ms": 3}]
    assert {each["method"] for each in sent} == {"workspace/configuration"}


@pytest.mark.parametrize(
    "params",
    [
        {"processId": None, "rootUri": None, "capabilities": {}},
        {"capabilities": {}},
        {"capabilities": {"textDocument": 3}, "rootUri": 7},
        None,
    ],
)
async def test_pygls_starts_whatever_the_client_sent_to_initialize(params: Any) -> None:
    sent: list[dict[str, Any]] = []
    services = Services()
    room = open_room({"method": "initialize", "params": params}, services, sent.append)
    settings = {"ghostlap": {"debounce_ms": 3}}
    room({"method": "workspace/didChangeConfiguration", "params": {"settings": settings}})
    assert await services.settings.get() == settings
    assert sent == []  # the client has had its answer to initialize

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import orjson
import pytest

from ghostlap.lsp_server.client import LspClient, LspError

StartServer = Callable[..., AbstractAsyncContextManager[LspClient]]

URI = "file:///folder/a.py"


async def lives(client: LspClient) -> None:
    """Whatever came before, a document can be opened and completed."""
    uri = "file:///folder/alive.py"
    client.open(uri, "python", "x = ")
    assert (await client.inline_completion(uri, 0, 4))["items"]
    client.close(uri)


async def refused(client: LspClient, method: str, params: Any = None) -> LspError:
    with pytest.raises(LspError) as caught:
        await client.request(method, params)
    return caught.value


def framed(body: bytes, header: bytes = b"Content-Length") -> bytes:
    return b"%b: %d\r\n\r\n%b" % (header, len(body), body)


async def test_malformed_json_gets_an_error_without_an_id(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.send_bytes(framed(b'{"jsonrpc": "2.0", "id": 7, "method": '))
        client.send_bytes(framed(b"[1, 2]"))
        client.send_bytes(framed(b"\xff\xfe"))
        await lives(client)
        codes = [(each["id"], each["error"]["code"]) for each in client.unmatched]
        assert codes == [(None, -32700), (None, -32600), (None, -32700)]
        assert "secret" not in client.stderr


async def test_a_lower_case_content_length_is_read(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        body = orjson.dumps({"jsonrpc": "2.0", "id": 99, "method": "shutdown"})
        client.send_bytes(framed(body, b"content-length"))
        assert (await refused(client, "textDocument/inlineCompletion")).code == -32600
        assert client.unmatched == [{"jsonrpc": "2.0", "id": 99, "result": None}]


async def test_an_unknown_request_is_refused_and_an_unknown_notification_ignored(
    start_server: StartServer,
) -> None:
    async with start_server() as client:
        await client.initialize()
        for method in ("ghostlap/none", "textDocument/hover", "$/none"):
            client.notify(method, {"x": 1})
            assert (await refused(client, method)).code == -32601
            assert (await refused(client, method, {"position": 3})).code == -32601
        await lives(client)
        assert not client.notifications  # no message box for a client's mistake


PAST_THE_END = [
    (0, 10**9, "x = 1"),
    (7, 0, "x = 1\ny"),
    (10**12, 10**12, "x = 1\ny"),
    (-1, 3, ""),
    (0, -5, ""),
]


async def test_a_position_past_the_end_means_the_end(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x = 1\ny")
        for line, character, prefix in PAST_THE_END:
            [past] = (await client.inline_completion(URI, line, character))["items"]
            end = (prefix.count("\n"), len(prefix.rpartition("\n")[2]))
            [inside] = (await client.inline_completion(URI, *end))["items"]
            assert past["insertText"] == inside["insertText"], (line, character)
            assert past["range"] == inside["range"], (line, character)


async def test_a_request_for_an_unopened_document_is_refused(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
        error = await refused(client, "textDocument/inlineCompletion", params)
        assert (error.code, error.message) == (-32602, "The document is not open.")
        await lives(client)


async def test_edits_and_closes_of_unopened_documents_are_a_log_line(
    start_server: StartServer,
) -> None:
    async with start_server() as client:
        await client.initialize()
        client.insert(URI, 0, 0, "secret_code")
        client.close(URI)
        await lives(client)
        assert client.stderr.count("The document is not open.") == 2
        assert "secret_code" not in client.stderr
        assert "folder" not in client.stderr
        assert not client.notifications


POSITION = {"line": 0, "character": 0}


BAD_PARAMS: list[Any] = [
    None,
    [],
    "text",
    {},
    {"textDocument": {"uri": URI}},
    {"position": POSITION},
    {"textDocument": {"uri": 3}, "position": POSITION},
    {"textDocument": None, "position": POSITION},
    {"textDocument": {"uri": URI}, "position": [0, 0]},
    {"textDocument": {"uri": URI}, "position": {"line": 0}},
    {"textDocument": {"uri": URI}, "position": {"line": "0", "character": 0}},
    {"textDocument": {"uri": URI}, "position": {"line": 0.5, "character": None}},
    {"textDocument": {"uri": URI}, "position": {"line": True, "character": 0}},
]


async def test_params_of_another_shape_are_refused_with_a_sentence(
    start_server: StartServer,
) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x")
        for params in BAD_PARAMS:
            error = await refused(client, "textDocument/inlineCompletion", params)
            assert error.code == -32602, params
            assert error.message.endswith("."), params
        await lives(client)


BAD_EDITS: list[Any] = [
    None,
    {"textDocument": {"uri": URI}},
    {"textDocument": {"uri": URI}, "contentChanges": {"text": "y"}},
    {"textDocument": {"uri": URI}, "contentChanges": [{}]},
    {"textDocument": {"uri": URI}, "contentChanges": [{"text": 5}]},
    {"textDocument": {"uri": URI}, "contentChanges": [{"text": "y", "range": {"start": POSITION}}]},
    {"textDocument": {"uri": URI}, "contentChanges": ["y"]},
]


async def test_a_bad_edit_changes_nothing_and_is_a_log_line(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        before = await client.inline_completion(URI, 0, 4)
        for params in BAD_EDITS:
            client.notify("textDocument/didChange", params)
        after = await client.inline_completion(URI, 0, 4)
        assert after["items"][0]["insertText"] == before["items"][0]["insertText"]
        assert client.stderr.count("Ignored textDocument/didChange") == len(BAD_EDITS)


NO_MESSAGES: list[dict[str, Any]] = [
    {"jsonrpc": "2.0"},
    {"jsonrpc": "2.0", "method": 3},
    {"jsonrpc": "2.0", "method": ["initialize"], "params": {}},
    {"jsonrpc": "2.0", "result": None},
    {"jsonrpc": "2.0", "id": 3, "result": None},
    {"jsonrpc": "2.0", "id": "none", "error": {"code": 1, "message": "x"}},
    {"jsonrpc": "2.0", "method": "textDocument/inlineCompletion", "params": {}},
    {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": {}}},
]


async def test_what_is_no_message_is_ignored(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        for message in NO_MESSAGES:
            client.send_bytes(framed(orjson.dumps(message)))
        await lives(client)
        assert client.unmatched == []
        assert client.protocol_errors == []


BAD_REQUESTS: list[dict[str, Any]] = [
    {"jsonrpc": "2.0", "id": None, "method": "shutdown"},
    {"jsonrpc": "2.0", "id": 1.5, "method": "shutdown"},
    {"jsonrpc": "2.0", "id": [1], "method": "textDocument/inlineCompletion"},
    {"jsonrpc": "2.0", "id": 1234},
]


async def test_a_request_whose_id_or_method_is_none_is_refused_without_an_id(
    start_server: StartServer,
) -> None:
    async with start_server() as client:
        await client.initialize()
        for message in BAD_REQUESTS:
            client.send_bytes(framed(orjson.dumps(message)))
        await lives(client)
        told = [(answer["id"], answer["error"]["code"]) for answer in client.unmatched]
        assert told == [(None, -32600)] * len(BAD_REQUESTS)


async def test_an_id_that_is_still_in_use_is_refused(start_server: StartServer) -> None:
    async with start_server("held") as client:
        await client.initialize()
        client.open(URI, "python", "x")
        position = {"textDocument": {"uri": URI}, "position": POSITION}
        message = {"jsonrpc": "2.0", "method": "textDocument/inlineCompletion", "params": position}
        for _ in range(2):
            client.send_bytes(framed(orjson.dumps({**message, "id": "same"})))
        client.insert(URI, 0, 0, "y")
        await client.request("shutdown")
        answers = [each.get("error", {}).get("code") for each in client.unmatched]
        assert answers == [-32600, None]


async def test_a_notification_sent_as_a_request_is_answered(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        assert (await refused(client, "textDocument/didOpen", {})).code == -32600


async def test_a_client_that_stops_reading_is_served_again_when_it_reads(
    start_server: StartServer,
) -> None:
    async with start_server("held") as client:
        await client.initialize()
        client.open(URI, "python", "x")
        stdout = client._process.transport.get_pipe_transport(1)
        assert isinstance(stdout, asyncio.ReadTransport)
        stdout.pause_reading()
        # More answers than the pipes hold, and the server still takes in what is asked.
        calls = [client.start("textDocument/inlineCompletion", {}) for _ in range(5000)]
        last = client.inline_completion(URI, 0, 1)
        await client.stderr_has("held: asked")
        stdout.resume_reading()
        for call in calls:
            with pytest.raises(LspError):
                await call
        client.cancel(last.id)
        with pytest.raises(LspError):
            await last
        assert client.unmatched == []

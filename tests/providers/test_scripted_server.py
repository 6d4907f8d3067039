"""The scripted server does what it was told, and notes what it saw: others rely on its word."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from ghostlap.providers._sse import SseReader
from ghostlap.providers.scripted_dialects import Answer, Pace, Reply, json_reply
from ghostlap.providers.scripted_server import ScriptedServer
from ghostlap.telemetry import Usage, monotonic_ns


class Client:
    """One connection, and nothing between the test and the bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def ask(self, path: str, **body: object) -> None:
        content = orjson.dumps(body)
        head = f"POST /v1{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
        self.writer.write(head.encode() + content)

    async def head(self) -> str:
        return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    async def chunk(self) -> bytes:
        size = int(await self.reader.readline(), 16)
        data = await self.reader.readexactly(size)
        await self.reader.readexactly(2)
        return data

    async def body(self) -> bytes:
        whole = b""
        while data := await self.chunk():
            whole += data
        return whole


async def connect(server: ScriptedServer) -> Client:
    return Client(*await asyncio.open_connection("127.0.0.1", server.port))


def events(body: bytes) -> list[object]:
    return [
        event.data if event.data == b"[DONE]" else orjson.loads(event.data)
        for event in SseReader().feed(body)
    ]


async def test_an_answer_is_worded_in_the_dialect_of_the_path(server: ScriptedServer) -> None:
    client = await connect(server)
    for path, field in (("/chat/completions", "delta"), ("/completions", "text")):
        client.ask(path, model="m")
        assert "200" in await client.head()
        first = events(await client.body())[0]
        assert isinstance(first, dict)
        assert field in first["choices"][0]
    client.writer.close()


async def test_usage_is_sent_when_it_was_asked_for(server: ScriptedServer) -> None:
    usage = Usage(prompt_tokens=5, completion_tokens=2, cached_tokens=3)
    server.script = lambda _: Answer(usage=usage)
    client = await connect(server)
    client.ask("/completions")
    await client.head()
    assert b"usage" not in await client.body()
    client.ask("/completions", stream_options={"include_usage": True})
    await client.head()
    *_, counted, done = events(await client.body())
    assert isinstance(counted, dict)
    assert counted["choices"] == []
    assert counted["usage"]["prompt_tokens_details"] == {"cached_tokens": 3}
    assert done == b"[DONE]"
    client.writer.close()


async def test_each_write_is_cut_into_fragments(server: ScriptedServer) -> None:
    server.upcoming.append(Reply(writes=(b"abcdefg",), pace=Pace(fragment_bytes=3)))
    client = await connect(server)
    client.ask("/completions")
    await client.head()
    assert [await client.chunk() for _ in range(4)] == [b"abc", b"def", b"g", b""]
    client.writer.close()


async def test_a_body_without_keep_alive_ends_with_the_connection(server: ScriptedServer) -> None:
    server.upcoming.append(Reply(writes=(b"all",), pace=Pace(keep_alive=False)))
    client = await connect(server)
    client.ask("/completions")
    assert "connection: close" in await client.head()
    assert await client.reader.read() == b"all"
    client.writer.close()


@pytest.mark.parametrize(
    ("pace", "arrives"), [(Pace(close_after=1), b"1\r\na\r\n"), (Pace(hang_up=True), b"")]
)
async def test_it_closes_where_it_was_told_to(
    server: ScriptedServer, pace: Pace, arrives: bytes
) -> None:
    server.upcoming.append(Reply(writes=(b"a", b"b"), pace=pace))
    client = await connect(server)
    client.ask("/completions")
    assert (await client.reader.read()).endswith(arrives)
    client.writer.close()


async def test_it_notes_when_a_stalled_answer_was_given_up(server: ScriptedServer) -> None:
    server.upcoming.append(Reply(writes=(b"a", b"b"), pace=Pace(stall_after=1)))
    client = await connect(server)
    client.ask("/completions")
    await client.head()
    await client.chunk()
    left_ns = monotonic_ns()
    client.writer.transport.abort()
    (request,) = server.requests
    await server.until(lambda: bool(request.closed_ns))
    assert request.received_ns <= request.headers_sent_ns <= request.chunk_sent_ns[0] < left_ns
    assert left_ns < request.closed_ns
    assert request.chunks_after(left_ns) == 0
    assert request.answered_ns == 0
    assert server.open_connections == 0


async def test_a_request_in_two_packets_and_two_in_one_are_read(server: ScriptedServer) -> None:
    server.script = lambda request: Reply(writes=(request.body,))
    client = await connect(server)
    asked = b"POST /v1/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
    client.writer.write(asked + asked[:40])
    await client.head()
    assert await client.body() == b"{}"
    client.writer.write(asked[40:])
    await client.head()
    assert await client.body() == b"{}"
    assert len(server.connections) == 1
    client.writer.close()


async def test_a_reply_goes_out_as_it_is_and_an_unknown_path_is_not_found(
    server: ScriptedServer,
) -> None:
    client = await connect(server)
    server.upcoming.append(json_reply(503, {"error": "busy"}, {"retry-after": "3"}))
    client.ask("/completions")
    assert "retry-after: 3" in await client.head()
    assert await client.body() == b'{"error":"busy"}'
    client.ask("/nowhere")
    assert "404" in await client.head()
    client.writer.close()

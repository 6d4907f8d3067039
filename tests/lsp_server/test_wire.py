from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from ghostlap.lsp_server.client import LspClient
from ghostlap.lsp_server.protocol.framing import FrameDecoder, encode_message
from ghostlap.lsp_server.protocol.wire import Channel, run_tcp
from ghostlap.telemetry import monotonic_ns

SERVER = Path(__file__).with_name("wire_server.py")
POSIX_ALONE = pytest.mark.skipif(sys.platform == "win32", reason="asyncio pipes need POSIX")
TRANSPORTS = [pytest.param("pipes", marks=POSIX_ALONE), "threads"]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-I", str(SERVER), *arguments]


def serving(*arguments: str) -> AbstractAsyncContextManager[LspClient]:
    return LspClient.spawn(command(*arguments))


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def client(transport: str) -> AsyncIterator[LspClient]:
    async with serving(transport) as client:
        yield client


async def test_requests_are_answered(client: LspClient) -> None:
    assert await client.request("echo", {"text": "日本 😀"}) == {"text": "日本 😀"}


async def test_a_large_message_passes_both_ways(client: LspClient) -> None:
    text = "x" * 900_000

    assert await client.request("echo", [text]) == [text]


async def test_the_server_ends_when_it_closes_the_channel(client: LspClient) -> None:
    assert await client.shutdown() == 0
    await client.stderr_has("ended")
    assert client.stderr == "ended\n", "nothing is logged when all is well"


async def test_the_server_ends_with_its_input(client: LspClient) -> None:
    await client.request("echo")
    client._process.stdin.close()

    assert await client.wait() == 0


async def test_the_server_ends_when_nobody_can_hear_it(client: LspClient) -> None:
    await client.request("echo")
    stdout = client._process.transport.get_pipe_transport(1)
    assert stdout is not None
    client.start("echo")
    stdout.close()
    client._is_gone = False  # it may still be written to
    client.notify("pour", {"count": 1, "size": 1})

    assert await client.wait() == 0


async def test_what_is_printed_by_mistake_does_not_end_in_the_protocol(client: LspClient) -> None:
    await client.request("print")
    await client.request("echo")

    assert client.protocol_errors == []
    await client.stderr_has("stray child, read 0")
    assert "stray print" in client.stderr
    assert "stray write" in client.stderr


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (b"Content-Length: 5\r\n\r\n{bad}", -32700),
        (b"Content-Length: 0\r\n\r\n", -32700),
        (b'Content-Length: nine\r\n\r\n{"id":1}', -32700),
        (b"rubbish\r\n\r\n", -32700),
        (b"Content-Length: 2\r\n\r\n[]", -32600),
        (b"Content-Length: 4\r\n\r\nnull", -32600),
    ],
)
async def test_what_is_no_message_is_answered_with_an_error_and_life_goes_on(
    broken: bytes, code: int
) -> None:
    async with serving("auto") as client:
        client.send_bytes(broken)

        assert await client.request("echo", 1) == 1
        (complaint,) = client.unmatched
        assert (complaint["id"], complaint["error"]["code"]) == (None, code)


async def test_the_text_of_a_broken_message_is_not_logged(client: LspClient) -> None:
    client.send_bytes(b'Content-Length: 13\r\n\r\n{"my": secret')
    await client.request("echo")
    await client.stderr_has("WARNING")

    assert "secret" not in client.stderr


async def test_a_lower_case_header_is_understood(client: LspClient) -> None:
    client.send_bytes(b'content-length: 47\r\n\r\n{"jsonrpc":"2.0","id":"x","method":"shutdown"}\n')
    await client.request("echo")

    assert client.unmatched == [{"jsonrpc": "2.0", "id": "x", "result": None}]


async def test_a_handler_that_raises_is_logged_and_the_next_message_handled(
    client: LspClient,
) -> None:
    client.notify("raise", "oh no")

    assert await client.request("echo", 1) == 1
    await client.stderr_has("RuntimeError: oh no")


async def test_the_arrival_of_a_message_is_stamped(client: LspClient) -> None:
    call = client.start("stamps")
    received_ns, handled_ns = await call

    assert call.sent_ns <= received_ns <= handled_ns <= call.received_ns


async def test_all_that_was_sent_is_flushed_at_the_end(client: LspClient) -> None:
    client.notify("pour", {"count": 10, "size": 90_000})
    client.notify("exit")

    assert await client.wait() == 0
    for number in range(10):
        assert await client.next_notification("test/poured") == [number, "x" * 90_000]


def stdout_of(client: LspClient) -> asyncio.ReadTransport:
    transport = client._process.transport.get_pipe_transport(1)
    assert isinstance(transport, asyncio.ReadTransport)
    return transport


async def test_a_client_that_has_stopped_reading_is_not_waited_for_at_the_end(
    client: LspClient,
) -> None:
    await client.request("echo")
    stdout_of(client).pause_reading()
    client.notify("pour", {"count": 10, "size": 90_000})
    client.notify("exit")

    assert await client.wait() == 0
    await client.stderr_has("given up")


async def test_a_client_that_stops_reading_costs_messages_but_not_the_server(
    client: LspClient,
) -> None:
    await client.request("echo")
    stdout_of(client).pause_reading()
    client.notify("pour", {"count": 100, "size": 90_000})
    await client.stderr_has("poured")

    stdout_of(client).resume_reading()
    await answered(client)

    poured = [params[0] for method, params in client.notifications if method == "test/poured"]
    assert poured == list(range(len(poured)))
    assert await client.request("dropped") >= 100 - len(poured) > 0
    assert client.protocol_errors == []
    await client.stderr_has("reads again")
    assert len(re.findall("stopped reading", client.stderr)) == 1
    assert len(re.findall("reads again", client.stderr)) == 1


async def answered(client: LspClient) -> None:
    """Ask until an answer comes: what is sent before the client has caught up is dropped."""
    async with asyncio.timeout(30):
        while True:
            call = client.start("echo")
            for _ in range(10):
                if call.done():
                    return
                await asyncio.sleep(0.01)


async def test_a_message_larger_than_the_limit_is_sent_to_a_client_that_reads(
    transport: str,
) -> None:
    async with serving(transport, "1000") as client:
        assert await client.request("echo", "x" * 500_000) == "x" * 500_000


def test_files_for_stdin_and_stdout_are_served(tmp_path: Path) -> None:
    messages = [{"jsonrpc": "2.0", "id": n, "method": "echo", "params": n} for n in (1, 2)]
    (tmp_path / "in").write_bytes(b"".join(encode_message(message) for message in messages))

    with (tmp_path / "in").open("rb") as source, (tmp_path / "out").open("wb") as sink:
        subprocess.run(command("auto"), stdin=source, stdout=sink, check=True, timeout=60)

    bodies = FrameDecoder().feed((tmp_path / "out").read_bytes())
    assert [json.loads(body)["result"] for body in bodies if isinstance(body, bytes)] == [1, 2]


def test_the_null_device_for_stdin_is_an_end_of_input() -> None:
    ended = subprocess.run(command("auto"), stdin=subprocess.DEVNULL, check=True, timeout=60)

    assert ended.returncode == 0


@POSIX_ALONE
def test_one_socket_for_both_ways_is_served() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(command("auto"), stdin=theirs.fileno(), stdout=theirs.fileno())
        theirs.close()
        for number in (1, 2, 3):
            ours.sendall(encode_message({"id": number, "method": "echo", "params": number}))
            assert b'"result":%d}' % number in ours.recv(1000)
        ours.shutdown(socket.SHUT_WR)
        assert process.wait(60) == 0


@POSIX_ALONE
@pytest.mark.parametrize("transport", ["threads", "auto"])
def test_descriptors_that_came_non_blocking_are_served(transport: str) -> None:
    """As Node hands them out."""
    read_end, write_end = os.pipe()
    ours, theirs = socket.socketpair()
    os.set_blocking(read_end, False)
    theirs.setblocking(False)
    with ours, theirs:
        process = subprocess.Popen(command(transport), stdin=read_end, stdout=theirs.fileno())
        os.close(read_end)
        theirs.close()
        os.write(write_end, encode_message({"id": 1, "method": "pour", "params": POUR}))
        os.close(write_end)
        received = b"".join(iter(lambda: ours.recv(65536), b""))
        assert process.wait(60) == 0
    assert len(FrameDecoder().feed(received)) == POUR["count"]


POUR = {"count": 9, "size": 90_000}


@asynccontextmanager
async def tcp_server() -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    process = await asyncio.create_subprocess_exec(*command("tcp"), stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        word, port = (await process.stderr.readline()).split()
        assert word == b"port"
        yield process, int(port)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, params: object
) -> object:
    writer.write(encode_message({"id": 1, "method": method, "params": params}))
    header = await reader.readuntil(b"\r\n\r\n")
    return json.loads(await reader.readexactly(int(header.split(b":")[1])))["result"]


async def test_a_socket_is_served_until_the_client_leaves() -> None:
    async with tcp_server() as (process, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await ask(reader, writer, "echo", [1]) == [1]
        writer.close()
        await writer.wait_closed()

        async with asyncio.timeout(30):
            assert await process.wait() == 0


async def test_a_socket_is_flushed_and_closed_at_exit() -> None:
    async with tcp_server() as (process, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(encode_message({"method": "pour", "params": POUR}))
        writer.write(encode_message({"method": "exit"}))

        received = await reader.read()

        assert len(FrameDecoder().feed(received)) == POUR["count"]
        assert await process.wait() == 0
        writer.close()
        await writer.wait_closed()


async def test_a_second_client_is_turned_away() -> None:
    async with tcp_server() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await ask(reader, writer, "echo", 1)

        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)

        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", ""])
async def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(ValueError, match="only a loopback address"):
        await run_tcp(host, 0, lambda _channel: lambda _message: None)


class Sink:
    """An output that keeps what it gets, and says that `unread` bytes wait in it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.unread = 0

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...

    def abort(self) -> None: ...


async def test_messages_are_sent_again_once_half_of_the_limit_is_read() -> None:
    sink = Sink()
    channel = Channel(sink, unread_limit_bytes=1000)
    sent = []
    for unread in (0, 900, 1000, 900, 501, 500, 900):
        sink.unread = unread
        before = len(sink.written)
        channel.send({"id": 1})
        sent.append(len(sink.written) > before)

    assert sent == [True, True, False, False, False, True, True]
    assert channel.dropped == 3


async def test_a_closed_channel_neither_sends_nor_handles() -> None:
    sink = Sink()
    channel = Channel(sink)
    handled: list[object] = []

    def handle(message: dict[str, object]) -> None:
        handled.append(message)
        channel.close()

    channel.start(handle)
    channel.feed(encode_message({"id": 1}) + encode_message({"id": 2}), monotonic_ns())
    channel.send({"id": 3})

    assert handled == [{"id": 1}]
    assert sink.written == []

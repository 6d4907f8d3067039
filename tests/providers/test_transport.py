"""Connections are opened ahead, kept, used again and, on a cancel, cut."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ghostlap.providers import (
    ConnectError,
    FirstTokenTimeout,
    ProtocolError,
    ProviderError,
    StreamStalled,
    Truncated,
)
from ghostlap.providers._transport import Endpoint, Transport
from ghostlap.providers.scripted_dialects import Answer, Pace, Reply
from ghostlap.providers.scripted_server import ScriptedServer
from ghostlap.telemetry import Attempt, AttemptStage, monotonic_ns

BODY = b'{"model":"m"}'


def endpoint(server: ScriptedServer, **changes: object) -> Endpoint:
    settings = {"provider": "test", "url": f"{server.url}/chat/completions", "spares": 0}
    return Endpoint(**{**settings, **changes})  # type: ignore[arg-type]


async def read_all(transport: Transport, to: Endpoint, attempt: Attempt | None = None) -> bytes:
    async with transport.exchange(to, {}, BODY, attempt or Attempt("test")) as exchange:
        body = b""
        while received := await exchange.receive():
            body += received
        return body


async def test_the_request_arrives_as_it_was_given(
    server: ScriptedServer, transport: Transport
) -> None:
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    async with transport.exchange(endpoint(server), headers, BODY, Attempt("test")) as exchange:
        assert exchange.status == 200
        assert exchange.headers["Content-Type"].startswith("text/event-stream")
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("POST", "/v1/chat/completions", BODY)
    assert request.headers["authorization"] == "Bearer k"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"


async def test_each_stage_is_stamped_in_its_order(
    server: ScriptedServer, transport: Transport
) -> None:
    attempt = Attempt("test")
    assert b"[DONE]" in await read_all(transport, endpoint(server), attempt)
    stamps = attempt.stamps[: AttemptStage.FIRST_BYTE + 1]
    assert all(stamps)
    assert stamps == sorted(stamps)
    assert attempt.status == 200


async def test_a_connection_read_to_its_end_is_used_again(
    server: ScriptedServer, transport: Transport
) -> None:
    attempts = [Attempt("test") for _ in range(20)]
    for attempt in attempts:
        await read_all(transport, endpoint(server), attempt)
    assert len(server.connections) == 1
    assert [attempt.cold_connection for attempt in attempts] == [True] + 19 * [False]


async def test_a_connection_left_after_its_last_event_is_drained_and_used_again(
    server: ScriptedServer, transport: Transport
) -> None:
    server.script = lambda _: Reply(writes=(b"data: [DONE]\n\n", b":\n\n"), pace=Pace(delay_s=0.02))
    for _ in range(5):
        async with transport.exchange(endpoint(server), {}, BODY, Attempt("test")) as exchange:
            await exchange.receive()
            exchange.completed()
        await transport.idle()
    assert len(server.connections) == 1


async def test_leaving_early_closes_the_connection(
    server: ScriptedServer, transport: Transport
) -> None:
    server.upcoming.append(Answer(pieces=("a", "b"), pace=Pace(stall_after=2)))
    async with transport.exchange(endpoint(server), {}, BODY, Attempt("test")) as exchange:
        await exchange.receive()
    await server.until(lambda: bool(server.connections[0].closed_ns))
    assert server.requests[0].closed_ns


async def test_a_cancel_while_waiting_for_headers_closes_the_connection(
    server: ScriptedServer, transport: Transport
) -> None:
    server.upcoming.append(Answer(pace=Pace(head_delay_s=60)))
    task = asyncio.create_task(read_all(transport, endpoint(server)))
    await server.until(lambda: len(server.requests) == 1)
    task.cancel()
    await server.until(lambda: bool(server.requests[0].closed_ns))
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_warming_opens_connections_that_the_next_requests_use(
    server: ScriptedServer, transport: Transport
) -> None:
    to = endpoint(server, spares=3)
    await transport.warm(to)
    await server.until(lambda: len(server.connections) == 3)
    assert server.requests == []
    attempts = [Attempt("test") for _ in range(3)]
    await asyncio.gather(*(read_all(transport, to, attempt) for attempt in attempts))
    assert len(server.connections) == 3
    assert not any(attempt.cold_connection for attempt in attempts)


async def test_warming_opens_only_what_is_missing(
    server: ScriptedServer, transport: Transport
) -> None:
    await transport.warm(endpoint(server, spares=1))
    await transport.warm(endpoint(server, spares=3))
    await transport.warm(endpoint(server, spares=3))
    await server.until(lambda: len(server.connections) == 3)
    assert server.open_connections == 3


async def test_a_request_during_warming_finds_the_spare_that_was_there(
    server: ScriptedServer, transport: Transport
) -> None:
    await transport.warm(endpoint(server, spares=1))
    warming = asyncio.create_task(transport.warm(endpoint(server, spares=4)))
    await asyncio.sleep(0)
    attempt = Attempt("test")
    await read_all(transport, endpoint(server), attempt)
    await warming
    assert not attempt.cold_connection


async def test_a_cancel_is_followed_by_a_new_spare(
    server: ScriptedServer, transport: Transport
) -> None:
    to = endpoint(server, spares=2)
    await transport.warm(to)
    for _ in range(5):
        server.upcoming.append(Answer(pieces=("a", "b"), pace=Pace(stall_after=2)))
        attempt = Attempt("test")
        async with transport.exchange(to, {}, BODY, attempt) as exchange:
            await exchange.receive()
        assert not attempt.cold_connection
        await transport.idle()
    await server.until(lambda: server.open_connections == 2)


async def test_warming_an_endpoint_that_is_down_says_nothing(transport: Transport) -> None:
    await transport.warm(Endpoint("test", f"http://127.0.0.1:{unused_port()}/v1"))


async def test_a_dead_kept_connection_is_replaced_once_and_counted(
    server: ScriptedServer, transport: Transport
) -> None:
    await transport.warm(endpoint(server, spares=2))
    server.upcoming.append(Reply(pace=Pace(hang_up=True)))
    attempt = Attempt("test")
    assert await read_all(transport, endpoint(server), attempt)
    assert attempt.reconnects == 1
    assert attempt.cold_connection, "the other kept one is as old, and not to be trusted"
    assert attempt.stamps[AttemptStage.CONNECTED] <= attempt.stamps[AttemptStage.SENT]
    assert len(server.connections) == 3


async def test_it_is_not_tried_a_third_time(server: ScriptedServer, transport: Transport) -> None:
    await transport.warm(endpoint(server, spares=1))
    server.upcoming.extend(2 * [Reply(pace=Pace(hang_up=True))])
    attempt = Attempt("test")
    with pytest.raises(ConnectError, match="closed the connection before it answered"):
        await read_all(transport, endpoint(server), attempt)
    assert len(server.requests) == 2


async def test_a_request_that_was_being_answered_is_not_sent_again(transport: Transport) -> None:
    whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    async with answering(whole, b"HTTP/1.1 200 OK\r\ncontent-le") as (url, seen):
        to = Endpoint("test", url, spares=0)
        await read_all(transport, to)
        with pytest.raises(ProviderError):
            await read_all(transport, to)
    assert len(seen) == 2


async def test_a_fresh_connection_that_dies_is_not_tried_again(
    server: ScriptedServer, transport: Transport
) -> None:
    server.script = lambda _: Reply(pace=Pace(head_delay_s=60))
    attempt = Attempt("test")
    task = asyncio.create_task(read_all(transport, endpoint(server), attempt))
    await server.until(lambda: len(server.requests) == 1)
    server.disconnect_all()
    with pytest.raises(ConnectError, match="closed the connection before it answered"):
        await task
    assert attempt.reconnects == 0


async def test_a_body_cut_off_is_truncated(server: ScriptedServer, transport: Transport) -> None:
    server.upcoming.append(Answer(pieces=("a", "b"), pace=Pace(close_after=2)))
    with pytest.raises(Truncated, match="closed inside the answer"):
        await read_all(transport, endpoint(server))


async def test_a_body_ended_by_the_close_of_the_connection_is_whole(
    server: ScriptedServer, transport: Transport
) -> None:
    server.upcoming.append(Answer(pace=Pace(keep_alive=False)))
    assert b"[DONE]" in await read_all(transport, endpoint(server))


@pytest.mark.parametrize("pace", [Pace(head_delay_s=60), Pace(stall_after=1)])
async def test_nothing_visible_in_time_is_a_first_token_timeout(
    server: ScriptedServer, transport: Transport, pace: Pace
) -> None:
    server.upcoming.append(Answer(pace=pace))
    with pytest.raises(FirstTokenTimeout, match="raise first_token_timeout_s"):
        await read_all(transport, endpoint(server, first_token_timeout_s=0.05))
    await server.until(lambda: bool(server.requests[0].closed_ns))


async def test_silence_after_the_first_token_is_a_stall(
    server: ScriptedServer, transport: Transport
) -> None:
    server.upcoming.append(Answer(pace=Pace(stall_after=2)))
    to = endpoint(server, stall_timeout_s=0.05)
    async with transport.exchange(to, {}, BODY, Attempt("test")) as exchange:
        await exchange.receive()
        exchange.token_seen()
        with pytest.raises(StreamStalled, match="raise stall_timeout_s"):
            await exchange.read(1 << 20)


async def test_a_stall_of_a_body_without_a_length_is_a_stall_too(
    server: ScriptedServer, transport: Transport
) -> None:
    server.upcoming.append(Answer(pace=Pace(stall_after=2, keep_alive=False)))
    with pytest.raises(FirstTokenTimeout):
        await read_all(transport, endpoint(server, first_token_timeout_s=0.05))


async def test_a_stream_that_goes_on_is_no_stall(
    server: ScriptedServer, transport: Transport
) -> None:
    pieces = tuple("abcdef")
    server.upcoming.append(Answer(pieces=pieces, pace=Pace(delay_s=0.1)))
    to = endpoint(server, stall_timeout_s=0.5)
    async with transport.exchange(to, {}, BODY, Attempt("test")) as exchange:
        await exchange.receive()
        exchange.token_seen()
        while await exchange.receive():
            pass


async def test_a_refused_connection_names_the_address_and_the_setting(
    transport: Transport,
) -> None:
    port = unused_port()
    with pytest.raises(ConnectError, match=f"127.0.0.1:{port}.*refused.*base_url"):
        await read_all(transport, Endpoint("test", f"http://127.0.0.1:{port}/v1"))


async def test_an_unknown_host_names_the_setting(transport: Transport) -> None:
    with pytest.raises(ConnectError, match=r"nowhere\.invalid is not known — check base_url"):
        await read_all(transport, Endpoint("test", "https://nowhere.invalid/v1"))


async def test_an_address_that_never_answers_runs_into_the_connect_timeout(
    transport: Transport,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and says nothing
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/v1"
        with pytest.raises(ConnectError, match="raise connect_timeout_s"):
            await read_all(transport, Endpoint("test", url, connect_timeout_s=0.05))


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://host/v1", "http://"])
async def test_an_address_that_is_none_names_the_setting(transport: Transport, url: str) -> None:
    with pytest.raises(ConnectError, match="check base_url"):
        await read_all(transport, Endpoint("test", url))


async def test_a_kept_connection_on_which_the_server_spoke_unasked_is_not_used(
    transport: Transport,
) -> None:
    whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    unasked = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n"
    bored, said = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(BODY)
        writer.write(whole)
        await bored.wait()
        writer.write(unasked)
        said.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as running:
        to = Endpoint("test", f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}", spares=0)
        assert await read_all(transport, to) == b"ok"
        bored.set()
        await said.wait()
        await asyncio.sleep(0)  # the loop reads what has arrived
        attempt = Attempt("test")
        assert await read_all(transport, to, attempt) == b"ok"
        assert attempt.cold_connection
        assert attempt.status == 200
        await transport.aclose()


async def test_a_long_header_is_read(server: ScriptedServer, transport: Transport) -> None:
    server.upcoming.append(Reply(headers={"policy": "x" * 20_000}, writes=(b"ok",)))
    async with transport.exchange(endpoint(server), {}, BODY, Attempt("test")) as exchange:
        assert len(exchange.headers["Policy"]) == 20_000
        assert await exchange.read(100) == b"ok"


async def test_a_timeout_is_followed_by_a_new_spare(
    server: ScriptedServer, transport: Transport
) -> None:
    to = endpoint(server, spares=1, first_token_timeout_s=0.02)
    await transport.warm(to)
    server.upcoming.append(Answer(pace=Pace(head_delay_s=60)))
    with pytest.raises(FirstTokenTimeout):
        await read_all(transport, to)
    await transport.idle()
    await server.until(lambda: len(server.connections) == 2)


async def test_a_server_that_does_not_speak_http_is_a_protocol_error(
    transport: Transport,
) -> None:
    async with answering(b"SSH-2.0-OpenSSH_9.9\r\n") as (url, _):
        with pytest.raises(ProtocolError, match="check base_url and its port"):
            await read_all(transport, Endpoint("test", url))


async def test_closing_the_transport_ends_open_exchanges(
    server: ScriptedServer,
) -> None:
    transport = Transport()
    server.upcoming.append(Answer(pace=Pace(stall_after=1)))
    task = asyncio.create_task(read_all(transport, endpoint(server)))
    await server.until(lambda: bool(server.requests and server.requests[0].chunk_sent_ns))
    await transport.aclose()
    with pytest.raises(ConnectError, match="being closed"):
        await task
    with pytest.raises(ConnectError, match="being closed"):
        await read_all(transport, endpoint(server))


async def test_hundreds_of_cancels_leave_nothing_behind(
    server: ScriptedServer, transport: Transport
) -> None:
    pieces = tuple("abcdefghij")
    server.script = lambda _: Answer(pieces=pieces, pace=Pace(delay_s=0.005))
    to = endpoint(server, spares=2)
    await transport.warm(to)
    late = []
    for _ in range(300):
        async with transport.exchange(to, {}, BODY, Attempt("test")) as exchange:
            await exchange.receive()
        left_ns = monotonic_ns()
        request = server.requests[-1]
        await server.until(lambda request=request: bool(request.closed_ns))  # type: ignore[misc]
        late.append(request.chunks_after(left_ns))
    await transport.idle()
    await server.until(lambda: server.open_connections <= 3)
    assert max(late) <= 2
    assert len(asyncio.all_tasks()) <= 2


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that sends each of `answers` to one request, and then closes the connection."""
    seen: list[bytes] = []
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        for answer in answers:
            head = await reader.readuntil(b"\r\n\r\n")
            seen.append(head + await reader.readexactly(len(BODY)))
            writer.write(answer)
            await writer.drain()
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/v1", seen
    finally:  # not wait_closed: the client keeps spares open, and Python 3.13 waits for them
        running.close()
        for writer in writers:
            writer.transport.abort()

"""TLS and proxies behave as those who set their variables expect."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ghostlap.providers import BadRequest, ConnectError
from ghostlap.providers._transport import Endpoint, Transport
from ghostlap.providers.scripted_dialects import Answer, Pace
from ghostlap.providers.scripted_server import ScriptedServer
from ghostlap.telemetry import Attempt

BODY = b'{"model":"m"}'


async def ask(transport: Transport, to: Endpoint, attempt: Attempt | None = None) -> bytes:
    async with transport.exchange(to, {}, BODY, attempt or Attempt("test")) as exchange:
        return await exchange.read(1 << 20)


def endpoint(server: ScriptedServer, **files: Path) -> Endpoint:
    paths = {name: str(path) for name, path in files.items()}
    return Endpoint("test", f"{server.url}/chat/completions", spares=0, **paths)  # type: ignore[arg-type]


async def test_a_certificate_of_an_authority_in_ca_file_is_trusted(
    transport: Transport, certificates: Any
) -> None:
    async with ScriptedServer(tls=certificates.server_context()) as server:
        to = endpoint(server, ca_file=certificates.authority)
        assert b"[DONE]" in await ask(transport, to)
        assert b"[DONE]" in await ask(transport, to)
        assert len(server.connections) == 1


async def test_a_certificate_of_an_authority_in_the_environment_is_trusted(
    transport: Transport, certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    async with ScriptedServer(tls=certificates.server_context()) as server:
        assert b"[DONE]" in await ask(transport, endpoint(server))


async def test_an_unknown_authority_is_not_trusted(transport: Transport, certificates: Any) -> None:
    async with ScriptedServer(tls=certificates.server_context()) as server:
        with pytest.raises(ConnectError, match=r"not trusted.*set ca_file or SSL_CERT_FILE"):
            await ask(transport, endpoint(server))
        assert server.requests == []


async def test_a_client_certificate_is_shown_where_one_is_asked_for(
    transport: Transport, certificates: Any
) -> None:
    async with ScriptedServer(tls=certificates.server_context(ask_client=True)) as server:
        to = endpoint(
            server,
            ca_file=certificates.authority,
            client_cert_file=certificates.client,
            client_key_file=certificates.client_key,
        )
        assert b"[DONE]" in await ask(transport, to)


async def test_without_the_client_certificate_that_is_asked_for_there_is_no_answer(
    transport: Transport, certificates: Any
) -> None:
    async with ScriptedServer(tls=certificates.server_context(ask_client=True)) as server:
        with pytest.raises(ConnectError):
            await ask(transport, endpoint(server, ca_file=certificates.authority))
        assert server.requests == []


@pytest.mark.parametrize("setting", ["ca_file", "client_cert_file"])
async def test_a_certificate_file_that_is_missing_is_named_by_its_setting(
    transport: Transport, certificates: Any, tmp_path: Path, setting: str
) -> None:
    async with ScriptedServer(tls=certificates.server_context()) as server:
        with pytest.raises(ConnectError, match=r"No such file.*client_cert_file"):
            await ask(transport, endpoint(server, **{setting: tmp_path / "none.pem"}))


async def test_tls_asked_of_a_plain_server_names_the_setting(transport: Transport) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as plain:
        url = f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}/v1"
        with pytest.raises(ConnectError, match=r"TLS with .* failed.*base_url"):
            await ask(transport, Endpoint("test", url, spares=0))


async def test_a_cancel_over_tls_closes_the_connection_without_a_farewell(
    transport: Transport, certificates: Any
) -> None:
    async with ScriptedServer(tls=certificates.server_context()) as server:
        server.upcoming.append(Answer(pieces=("a", "b"), pace=Pace(stall_after=2)))
        to = endpoint(server, ca_file=certificates.authority)
        async with transport.exchange(to, {}, BODY, Attempt("test")) as exchange:
            await exchange.receive()
        await server.until(lambda: bool(server.requests[0].closed_ns))


async def test_spares_over_tls_are_used(transport: Transport, certificates: Any) -> None:
    async with ScriptedServer(tls=certificates.server_context()) as server:
        to = Endpoint(
            "test",
            f"{server.url}/chat/completions",
            spares=2,
            ca_file=str(certificates.authority),
        )
        await transport.warm(to)
        attempt = Attempt("test")
        await ask(transport, to, attempt)
        assert not attempt.cold_connection
        assert len(server.connections) == 2


@dataclass
class SeenByProxy:
    """First lines and credentials of what went through the proxy."""

    lines: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)


@asynccontextmanager
async def proxy(status: str = "200 Connected") -> AsyncIterator[tuple[int, SeenByProxy]]:
    """A forward proxy: CONNECT opens a tunnel, any other method is sent on as it is."""
    seen = SeenByProxy()
    copying: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *headers = head.decode().split("\r\n")
        seen.lines.append(first)
        told = [line for line in headers if line.lower().startswith("proxy-authorization: basic")]
        seen.credentials += [b64decode(line.split()[-1]).decode() for line in told]
        method, target, _ = first.split(" ")
        place = target if method == "CONNECT" else target.split("/")[2]
        host, _, port = place.partition(":")
        there, there_writer = await asyncio.open_connection(host, int(port))
        if method == "CONNECT":
            writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
        else:
            there_writer.write(head)
        for source, sink in ((reader, there_writer), (there, writer)):
            copying.add(asyncio.create_task(copy(source, sink)))

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield running.sockets[0].getsockname()[1], seen
        for task in copying:
            task.cancel()
        await asyncio.gather(*copying, return_exceptions=True)


async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
    except OSError:
        pass
    finally:
        sink.close()


async def test_https_goes_through_a_tunnel_of_the_proxy_with_its_user_and_password(
    transport: Transport, certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        ScriptedServer(tls=certificates.server_context()) as server,
        proxy() as (port, seen),
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:pa%40ss@127.0.0.1:{port}")
        to = endpoint(server, ca_file=certificates.authority)
        assert b"[DONE]" in await ask(transport, to)
        assert b"[DONE]" in await ask(transport, to)
        assert seen.lines == [f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"]
        assert seen.credentials == ["me:pa@ss"]


async def test_plain_http_is_sent_to_the_proxy_with_the_whole_address(
    server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy() as (port, seen):
        monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{port}")
        assert b"[DONE]" in await ask(transport, endpoint(server))
        assert seen.lines == [f"POST {server.url}/chat/completions HTTP/1.1"]
        assert seen.credentials == ["me:secret"]
        assert "authorization" not in server.requests[0].headers


async def test_spares_through_a_tunnel_are_used(
    transport: Transport, certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        ScriptedServer(tls=certificates.server_context()) as server,
        proxy() as (port, seen),
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        url, authority = f"{server.url}/chat/completions", str(certificates.authority)
        to = Endpoint("test", url, spares=2, ca_file=authority)
        await transport.warm(to)
        attempt = Attempt("test")
        await ask(transport, to, attempt)
        assert not attempt.cold_connection
        assert len(seen.lines) == 2


async def test_a_host_in_no_proxy_is_reached_directly(
    server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy() as (port, seen):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        await ask(transport, endpoint(server))
        assert seen.lines == []


async def test_a_proxy_that_refuses_is_told_apart_from_the_provider(
    transport: Transport, certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        ScriptedServer(tls=certificates.server_context()) as server,
        proxy("407 Proxy Authentication Required") as (port, _),
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        with pytest.raises(ConnectError, match=r"proxy refused .* status 407 — check HTTPS_PROXY"):
            await ask(transport, endpoint(server))


async def test_a_proxy_that_is_down_is_told_apart_from_the_provider(
    server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy() as (port, _):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    with pytest.raises(ConnectError, match="no connection to the proxy — check HTTPS_PROXY"):
        await ask(transport, endpoint(server))


async def test_a_proxy_of_another_kind_is_refused_by_name(
    server: ScriptedServer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(ConnectError, match="a socks5 proxy cannot be used"):
        await ask(transport, endpoint(server))


async def test_a_header_with_a_line_end_in_it_is_not_sent(
    server: ScriptedServer, transport: Transport
) -> None:
    headers = {"authorization": "Bearer key\r\nx-evil: 1"}
    with pytest.raises(BadRequest, match="holds a line end — check the key and headers") as caught:
        async with transport.exchange(endpoint(server), headers, BODY, Attempt("test")):
            pass
    assert "evil" not in str(caught.value)
    assert server.connections == []

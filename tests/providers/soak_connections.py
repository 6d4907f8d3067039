"""`make soak`: ten thousand cancels in a row, and a pause for thought."""

from __future__ import annotations

import asyncio
from statistics import median

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from ghostlap.providers import CompletionRequest
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._transport import Endpoint, Transport
from ghostlap.providers.registry import build
from ghostlap.providers.scripted_dialects import Answer, Pace
from ghostlap.providers.scripted_server import ScriptedServer
from ghostlap.telemetry import Attempt, Trace, monotonic_ns

CANCELS = 10_000
PAUSE_S = 60.0


def open_files() -> int:
    """Sockets and files of this process."""
    process = psutil.Process()
    counted: int = process.num_handles() if psutil.WINDOWS else process.num_fds()
    return counted


@pytest.mark.timeout(600)
async def test_ten_thousand_cancels_leave_no_wedge_no_leak_and_two_chunks_at_most(
    server: ScriptedServer, transport: Transport
) -> None:
    server.script = lambda _: Answer(pieces=tuple("abcdefghij"), pace=Pace(delay_s=0.005))
    settings = ProviderSettings(base_url=server.url, model="m", prompt="suffix")
    provider = build("soak", settings, transport)
    await provider.warm()
    files, late, seen_after_ns, cold = open_files(), [], [], 0
    for _ in range(CANCELS):
        trace = Trace(1)
        async with provider.stream(CompletionRequest(prefix="x = "), trace) as stream:
            await anext(aiter(stream))
        left_ns = monotonic_ns()
        (request,) = server.requests
        await server.until(lambda request=request: bool(request.closed_ns))  # type: ignore[misc]
        late.append(request.chunks_after(left_ns))
        seen_after_ns.append(request.closed_ns - left_ns)
        cold += trace.attempts[0].cold_connection
        server.requests.clear()
        server.connections[:] = [each for each in server.connections if not each.closed_ns]
    await transport.idle()
    print(  # noqa: T201 - what a soak is run for
        f"\n{CANCELS} cancels: the close was seen after {median(seen_after_ns) / 1e6:.2f} ms, "
        f"at most {max(late)} chunks after it, {cold} fresh connections, "
        f"{open_files() - files} files and {len(asyncio.all_tasks()) - 1} tasks more"
    )
    assert max(late) <= 2
    assert open_files() <= files + 4
    assert len(asyncio.all_tasks()) <= 2
    async with provider.stream(CompletionRequest(prefix="x = "), Trace(1)) as stream:
        assert "".join([piece async for piece in stream]) == "abcdefghij"


@pytest.mark.timeout(180)
async def test_a_connection_outlives_a_pause_of_a_minute(
    server: ScriptedServer, transport: Transport
) -> None:
    to = Endpoint("soak", f"{server.url}/completions", spares=2)
    await transport.warm(to)
    for pause_s in (PAUSE_S, PAUSE_S, 0.0):
        await asyncio.sleep(pause_s)
        attempt = Attempt("soak")
        async with transport.exchange(to, {}, b"{}", attempt) as exchange:
            await exchange.read(1 << 20)
        assert not attempt.cold_connection
        assert attempt.reconnects == 0
    assert server.open_connections == len(server.connections) == 2

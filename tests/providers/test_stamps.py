"""What an attempt's stamps mean: when bytes had been read, not when we were done with them."""

from __future__ import annotations

from ghostlap.providers import CompletionRequest, ProviderSettings
from ghostlap.providers._transport import Transport
from ghostlap.providers.registry import build
from ghostlap.providers.scripted_dialects import Answer
from ghostlap.providers.scripted_server import ScriptedServer
from ghostlap.telemetry import AttemptStage, Trace

REQUEST = CompletionRequest(
    prefix="x = ",
    suffix="\n",
    language="python",
    path="a.py",
    snippets=(),
    single_line=False,
)


async def test_text_is_stamped_with_the_arrival_of_its_bytes(
    server: ScriptedServer, transport: Transport
) -> None:
    server.upcoming.append(Answer(pieces=("one", " two")))
    settings = ProviderSettings(base_url=server.url, model="any", prompt="suffix")
    trace = Trace(1)
    async with build("vendor", settings, transport).stream(REQUEST, trace) as stream:
        async for _ in stream:
            pass
    (attempt,) = trace.attempts
    stamps = attempt.stamps
    assert stamps[AttemptStage.SENT] < stamps[AttemptStage.HEADERS]
    assert stamps[AttemptStage.HEADERS] <= stamps[AttemptStage.FIRST_BYTE]
    assert stamps[AttemptStage.FIRST_BYTE] == stamps[AttemptStage.FIRST_TOKEN]
    assert stamps[AttemptStage.LAST_TOKEN] <= attempt.received_ns < stamps[AttemptStage.ENDED]

"""Ollama's `/api/generate`: NDJSON, durations in nanoseconds on the last line."""

from __future__ import annotations

from typing import Any

import orjson

from ghostlap.providers._answers import ErrorEvent
from ghostlap.providers._asked import merged, stops, token_cap
from ghostlap.providers._base import CompletionRequest
from ghostlap.providers._prompt import Prompt
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._sse import Event
from ghostlap.providers._streaming import Dialect
from ghostlap.telemetry import Attempt, AttemptStage, ServerTiming, Usage

__all__ = ["COLD_LOAD_S", "OLLAMA", "OllamaAnswer"]

COLD_LOAD_S = 0.1
"""A model that took longer than this to load was not in memory: a cold start, not a sample."""
_CONTEXT_TOKENS = 8192
"""Ollama's own default cuts longer prompts without a word."""


def _body(request: CompletionRequest, settings: ProviderSettings, prompt: Prompt) -> dict[str, Any]:
    """Return the body of `POST /api/generate`.

    With a template of ours the prompt is sent raw, which works however the model was packed;
    without one Ollama's own template is asked to insert, if it can.
    """
    options: dict[str, Any] = {
        "num_predict": token_cap(request, settings),
        "num_ctx": _CONTEXT_TOKENS,
        "stop": stops(request, settings, prompt.template),
    }
    if settings.temperature is not None:
        options["temperature"] = settings.temperature
    body: dict[str, Any] = {"model": settings.model, "stream": True, "options": options}
    if prompt.template:
        body |= {"prompt": prompt.template.render(request), "raw": True}
    else:
        body |= {"prompt": request.prefix, "suffix": request.suffix}
    return merged(body, settings.body)


class OllamaAnswer:
    """Reads one answer's lines, of `/api/generate` and of `/api/chat`."""

    def __init__(self) -> None:
        self.ended = False

    def read(self, event: Event, attempt: Attempt) -> str:
        """Return the visible text of a line, and note in `attempt` whatever else it says."""
        data = orjson.loads(event.data)
        if "error" in data:
            raise ErrorEvent(data)
        message = data.get("message") or data
        if message.get("thinking"):
            attempt.stamp(AttemptStage.FIRST_REASONING, attempt.received_ns)
        if data.get("done"):
            self._end(data, attempt)
        return message.get("response") or message.get("content") or ""

    def _end(self, data: dict[str, Any], attempt: Attempt) -> None:
        self.ended = True
        attempt.finish_reason = data.get("done_reason") or "stop"
        attempt.usage = Usage(
            prompt_tokens=data.get("prompt_eval_count", -1),
            completion_tokens=data.get("eval_count", -1),
        )
        load_s = data.get("load_duration", 0) / 1e9
        attempt.server_timing = ServerTiming(
            queue_s=load_s,
            prefill_s=_seconds(data.get("prompt_eval_duration")),
            decode_s=_seconds(data.get("eval_duration")),
            total_s=_seconds(data.get("total_duration")),
        )
        if load_s > COLD_LOAD_S:
            attempt.cold_connection = True


def _seconds(duration_ns: int | None) -> float | None:
    return duration_ns / 1e9 if duration_ns is not None else None


OLLAMA = Dialect(
    "ollama",
    lambda _settings, _prompt: "/api/generate",
    _body,
    OllamaAnswer,
    ndjson=True,
    prompts=("suffix", "fim"),
)

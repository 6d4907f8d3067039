"""Anthropic's Messages API, version 2023-06-01: typed events, usage that is revised as it goes."""

from __future__ import annotations

from typing import Any

import orjson

from ghostlap.providers._answers import ErrorEvent
from ghostlap.providers._asked import merged, token_cap
from ghostlap.providers._base import CompletionRequest
from ghostlap.providers._prompt import Prompt
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._sse import Event
from ghostlap.providers._streaming import Dialect
from ghostlap.providers.chat_prompt import system_prompt, user_prompt
from ghostlap.telemetry import Attempt, AttemptStage, Usage

__all__ = ["ANTHROPIC", "AnthropicAnswer"]


def _body(
    request: CompletionRequest, settings: ProviderSettings, _prompt: Prompt
) -> dict[str, Any]:
    """Return the body of `POST /messages`.

    No prefill and no sampling unless the user sets a temperature: newer models refuse both. No stop
    sequences: they may not be white space, and a line end is what one would ask for.
    """
    body: dict[str, Any] = {
        "model": settings.model,
        "max_tokens": token_cap(request, settings),
        "system": system_prompt(request),
        "messages": [{"role": "user", "content": user_prompt(request)}],
        "stream": True,
    }
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    return merged(body, settings.body)


class AnthropicAnswer:
    """Reads one answer's events."""

    def __init__(self) -> None:
        self.ended = False
        self._usage: dict[str, Any] = {}

    def read(self, event: Event, attempt: Attempt) -> str:
        """Return the visible text of an event, and note in `attempt` whatever else it says."""
        data = orjson.loads(event.data)
        kind = data.get("type", event.name)
        if kind == "content_block_delta":
            return self._delta(data.get("delta") or {}, attempt)
        if kind == "content_block_start":
            block = data.get("content_block") or {}
            return block.get("text") or "" if block.get("type") == "text" else ""
        if kind == "message_start":
            self._count((data.get("message") or {}).get("usage"), attempt)
        elif kind == "message_delta":
            self._count(data.get("usage"), attempt)
            reason = (data.get("delta") or {}).get("stop_reason")
            attempt.finish_reason = reason or attempt.finish_reason
        elif kind == "message_stop":
            self.ended = True
        elif kind == "error":
            raise ErrorEvent(data)
        return ""

    def _delta(self, delta: dict[str, Any], attempt: Attempt) -> str:
        if delta.get("type") == "text_delta":
            return delta.get("text") or ""
        if delta.get("type") == "thinking_delta":
            attempt.stamp(AttemptStage.FIRST_REASONING, attempt.received_ns)
        return ""

    def _count(self, usage: dict[str, Any] | None, attempt: Attempt) -> None:
        """Counts are cumulative, and a later one may revise an earlier."""
        self._usage.update({key: n for key, n in (usage or {}).items() if isinstance(n, int)})
        given = self._usage
        fresh = given.get("input_tokens", -1)
        cached = given.get("cache_read_input_tokens", -1)
        written = given.get("cache_creation_input_tokens", 0)
        attempt.usage = Usage(
            prompt_tokens=fresh + max(cached, 0) + written if fresh >= 0 else -1,
            completion_tokens=given.get("output_tokens", -1),
            cached_tokens=cached,
        )


ANTHROPIC = Dialect(
    "anthropic", lambda _settings, _prompt: "/messages", _body, AnthropicAnswer, prompts=("chat",)
)

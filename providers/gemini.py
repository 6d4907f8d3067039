"""Google's `streamGenerateContent?alt=sse`: candidates, cumulative usage, no terminator."""

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

__all__ = ["GEMINI", "GeminiAnswer", "InteractionAnswer"]


def _route(settings: ProviderSettings, _prompt: Prompt) -> str:
    """Return the route; without `alt=sse` the answer would be one JSON array."""
    return f"/models/{settings.model}:streamGenerateContent?alt=sse"


def _body(
    request: CompletionRequest, settings: ProviderSettings, _prompt: Prompt
) -> dict[str, Any]:
    generation: dict[str, Any] = {"maxOutputTokens": token_cap(request, settings)}
    if settings.temperature is not None:
        generation["temperature"] = settings.temperature
    body = {
        "systemInstruction": {"parts": [{"text": system_prompt(request)}]},
        "contents": [{"role": "user", "parts": [{"text": user_prompt(request)}]}],
        "generationConfig": generation,
    }
    return merged(body, settings.body)


class GeminiAnswer:
    """Reads one answer's events. The end of the body ends it: there is no terminator."""

    def __init__(self) -> None:
        self.ended = False

    def read(self, event: Event, attempt: Attempt) -> str:
        """Return the visible text of an event, and note in `attempt` whatever else it says."""
        data = orjson.loads(event.data)
        if "error" in data:
            raise ErrorEvent(data)
        _count(data.get("usageMetadata") or {}, attempt)
        blocked = (data.get("promptFeedback") or {}).get("blockReason")
        if blocked:
            attempt.finish_reason = blocked
        text = ""
        for candidate in (data.get("candidates") or ())[:1]:
            attempt.finish_reason = candidate.get("finishReason") or attempt.finish_reason
            for part in (candidate.get("content") or {}).get("parts") or ():
                if part.get("thought"):
                    attempt.stamp(AttemptStage.FIRST_REASONING, attempt.received_ns)
                else:
                    text += part.get("text") or ""
        return text


class InteractionAnswer:
    """Reads the events of the Interactions API, which says when it is done."""

    def __init__(self) -> None:
        self.ended = False

    def read(self, event: Event, attempt: Attempt) -> str:
        """Return the visible text of an event, and note in `attempt` whatever else it says."""
        data = orjson.loads(event.data)
        kind = data.get("event_type") or data.get("type") or event.name
        if kind == "step.delta":
            delta = data.get("delta") or {}
            if delta.get("type") == "text":
                return delta.get("text") or ""
            attempt.stamp(AttemptStage.FIRST_REASONING, attempt.received_ns)
        elif kind == "interaction.completed":
            attempt.finish_reason = kind
            usage = (data.get("interaction") or {}).get("usage") or {}
            attempt.usage = Usage(
                prompt_tokens=usage.get("total_input_tokens", -1),
                completion_tokens=usage.get("total_output_tokens", -1),
                cached_tokens=usage.get("total_cached_tokens", -1),
                reasoning_tokens=usage.get("total_thought_tokens", -1),
            )
        elif kind == "error":
            raise ErrorEvent(data)
        return ""


def _count(usage: dict[str, Any], attempt: Attempt) -> None:
    """Counts are cumulative; thoughts are counted apart from the candidates."""
    if usage:
        attempt.usage = Usage(
            prompt_tokens=usage.get("promptTokenCount", -1),
            completion_tokens=usage.get("candidatesTokenCount", -1),
            cached_tokens=usage.get("cachedContentTokenCount", -1),
            reasoning_tokens=usage.get("thoughtsTokenCount", -1),
        )


GEMINI = Dialect("gemini", _route, _body, GeminiAnswer, terminates=False, prompts=("chat",))

"""OpenAI's Responses API: typed events, the last of which holds the whole response."""

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

__all__ = ["OPENAI_RESPONSES", "ResponsesAnswer", "responses_body"]

_ENDS = frozenset({"response.completed", "response.incomplete"})
_REASONS = (
    "response.reasoning_text.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_part.added",
)


def responses_body(
    request: CompletionRequest, settings: ProviderSettings, _prompt: Prompt
) -> dict[str, Any]:
    """Return the body of `POST /responses`. The API has no stop: answers are cut client-side."""
    body: dict[str, Any] = {
        "model": settings.model,
        "instructions": system_prompt(request),
        "input": user_prompt(request),
        "max_output_tokens": token_cap(request, settings),
        "store": False,
        "stream": True,
    }
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    return merged(body, settings.body)


class ResponsesAnswer:
    """Reads one answer's events.

    Newer models emit commentary before the final answer; only the latter is code.
    """

    def __init__(self) -> None:
        self.ended = False
        self._commentary: set[int] = set()

    def read(self, event: Event, attempt: Attempt) -> str:
        """Return the visible text of an event, and note in `attempt` whatever else it says."""
        data = orjson.loads(event.data)
        kind = data.get("type", event.name)
        if kind == "response.output_text.delta":
            return "" if data.get("output_index") in self._commentary else data.get("delta") or ""
        if kind == "response.output_item.added":
            self._item(data, attempt)
        elif kind in _REASONS:
            attempt.stamp(AttemptStage.FIRST_REASONING, attempt.received_ns)
        elif kind in _ENDS:
            self._end(kind, data.get("response") or {}, attempt)
        elif kind in ("error", "response.failed"):
            raise ErrorEvent(data)
        return ""

    def _item(self, data: dict[str, Any], attempt: Attempt) -> None:
        item = data.get("item") or {}
        if item.get("type") == "reasoning":
            attempt.stamp(AttemptStage.FIRST_REASONING, attempt.received_ns)
        if item.get("phase") == "commentary":
            self._commentary.add(data.get("output_index", -1))

    def _end(self, kind: str, response: dict[str, Any], attempt: Attempt) -> None:
        self.ended = True
        details = response.get("incomplete_details") or {}
        attempt.finish_reason = details.get("reason") or kind
        usage = response.get("usage") or {}
        attempt.usage = Usage(
            prompt_tokens=usage.get("input_tokens", -1),
            completion_tokens=usage.get("output_tokens", -1),
            cached_tokens=(usage.get("input_tokens_details") or {}).get("cached_tokens", -1),
            reasoning_tokens=(usage.get("output_tokens_details") or {}).get("reasoning_tokens", -1),
        )


OPENAI_RESPONSES = Dialect(
    "openai-responses",
    lambda _settings, _prompt: "/responses",
    responses_body,
    ResponsesAnswer,
    prompts=("chat",),
)

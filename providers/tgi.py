"""Hugging Face TGI's `/generate_stream`: one event a token, the whole text on the last."""

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
from ghostlap.telemetry import Attempt, Usage

__all__ = ["TGI", "TgiAnswer"]


def _body(request: CompletionRequest, settings: ProviderSettings, prompt: Prompt) -> dict[str, Any]:
    """Return the body of `POST /generate_stream`. A suffix would be refused (422)."""
    parameters: dict[str, Any] = {
        "max_new_tokens": token_cap(request, settings),
        "stop": stops(request, settings, prompt.template),
        "details": True,
        "return_full_text": False,
    }
    if settings.temperature:  # 0 is refused: leaving it out is greedy
        parameters["temperature"] = settings.temperature
    inputs = prompt.template.render(request) if prompt.template else request.prefix
    return merged({"inputs": inputs, "parameters": parameters}, settings.body)


class TgiAnswer:
    """Reads one answer's events."""

    def __init__(self) -> None:
        self.ended = False

    def read(self, event: Event, attempt: Attempt) -> str:
        """Return the visible text of an event, and note in `attempt` whatever else it says."""
        data = orjson.loads(event.data)
        if "error" in data:
            raise ErrorEvent(data)
        if data.get("generated_text") is not None:
            self._end(data.get("details") or {}, attempt)
        token = data.get("token") or {}
        return "" if token.get("special") else token.get("text") or ""

    def _end(self, details: dict[str, Any], attempt: Attempt) -> None:
        self.ended = True
        attempt.finish_reason = details.get("finish_reason") or "stop"
        attempt.usage = Usage(
            prompt_tokens=details.get("input_length", -1),
            completion_tokens=details.get("generated_tokens", -1),
        )


TGI = Dialect(
    "tgi", lambda _settings, _prompt: "/generate_stream", _body, TgiAnswer, prompts=("fim",)
)

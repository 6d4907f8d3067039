"""llama.cpp server's own `/infill`: the server applies the model's FIM template by itself."""

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
from ghostlap.providers._timings import timing_in
from ghostlap.telemetry import Attempt, Usage

__all__ = ["LLAMA_CPP", "LlamaCppAnswer"]


def _body(
    request: CompletionRequest, settings: ProviderSettings, _prompt: Prompt
) -> dict[str, Any]:
    """Return the body of `POST /infill`.

    The cursor's line goes as `prompt`, by itself: servers put it behind the middle token, or at the
    end of the prefix, as their version has it.
    """
    head, newline, line = request.prefix.rpartition("\n")
    body: dict[str, Any] = {
        "input_prefix": head + newline,
        "input_suffix": request.suffix,
        "input_extra": [{"filename": each.path, "text": each.text} for each in request.snippets],
        "prompt": line,
        "n_predict": token_cap(request, settings),
        "stop": stops(request, settings),
        "stream": True,
        "cache_prompt": True,
    }
    if settings.model:
        body["model"] = settings.model
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    return merged(body, settings.body)


class LlamaCppAnswer:
    """Reads one answer's events, of `/infill` and of `/completion`."""

    def __init__(self) -> None:
        self.ended = False

    def read(self, event: Event, attempt: Attempt) -> str:
        """Return the visible text of an event, and note in `attempt` whatever else it says."""
        data = orjson.loads(event.data)
        if "error" in data:
            raise ErrorEvent(data)
        if data.get("stop"):
            self.ended = True
            attempt.finish_reason = data.get("stop_type") or "stop"
            timings = data.get("timings") or {}
            attempt.server_timing = timing_in(data) or attempt.server_timing
            attempt.usage = Usage(
                prompt_tokens=data.get("tokens_evaluated", -1),
                completion_tokens=data.get("tokens_predicted", -1),
                cached_tokens=timings.get("cache_n", data.get("tokens_cached", -1)),
            )
        return data.get("content") or ""


LLAMA_CPP = Dialect(
    "llama-cpp",
    lambda _settings, _prompt: "/infill",
    _body,
    LlamaCppAnswer,
    prompts=("suffix",),
)

"""OpenAI's chat and legacy completions, and what all who speak them make of it.

Beside OpenAI's own: the role chunk without text, usage on a chunk of its own or on the last, text
on the finishing chunk (Mistral, vLLM), `text` and `delta.content` both (Together), reasoning as
`reasoning` or `reasoning_content`, content as a list of parts (Mistral), errors as chunks (vLLM,
Cerebras, OpenRouter) or as `event: error` (Groq), and everyone's timings.
"""

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
from ghostlap.providers._timings import TIMING_FIELDS, timing_in
from ghostlap.providers.chat_prompt import system_prompt, user_prompt
from ghostlap.telemetry import Attempt, AttemptStage, Usage

__all__ = ["MERCURY_FIM", "MISTRAL_FIM", "OPENAI_COMPATIBLE", "OpenAIAnswer"]


def _route(_settings: ProviderSettings, prompt: Prompt) -> str:
    return "/chat/completions" if prompt.kind == "chat" else "/completions"


def _body(request: CompletionRequest, settings: ProviderSettings, prompt: Prompt) -> dict[str, Any]:
    body: dict[str, Any] = {"model": settings.model, "stream": True}
    if prompt.kind == "chat":
        body["messages"] = [
            {"role": "system", "content": system_prompt(request)},
            {"role": "user", "content": user_prompt(request)},
        ]
    elif prompt.template:
        body["prompt"] = prompt.template.render(request)
        if settings.stop_token_ids and prompt.template.stop_token_ids:
            body["stop_token_ids"] = list(prompt.template.stop_token_ids)
    else:
        body["prompt"], body["suffix"] = request.prefix, request.suffix
    body[settings.max_tokens_field] = token_cap(request, settings)
    if prompt.kind != "chat" and (wanted := stops(request, settings, prompt.template)):
        body["stop"] = wanted  # not of a chat, which may begin its answer with a fence
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    if settings.stream_usage:
        body["stream_options"] = {"include_usage": True}
    return merged(body, settings.body)


def _fim_route(_settings: ProviderSettings, _prompt: Prompt) -> str:
    return "/fim/completions"


def _mistral_body(
    request: CompletionRequest, settings: ProviderSettings, prompt: Prompt
) -> dict[str, Any]:
    """Mistral's FIM takes snippets as text above the prefix, and sends usage unasked."""
    body = _body(request, settings, prompt)
    body.pop("stream_options", None)
    if request.snippets:
        files = "".join(f"+++++ {each.path}\n{each.text}\n\n" for each in request.snippets)
        body["prompt"] = f"{files}+++++ {request.path}\n{request.prefix}"
    return body


def _mercury_body(
    request: CompletionRequest, settings: ProviderSettings, prompt: Prompt
) -> dict[str, Any]:
    """An empty suffix has to be sent as the end of the text."""
    body = _body(request, settings, prompt)
    body["suffix"] = request.suffix or "<|endoftext|>"
    return body


_SIDE_CHANNELS = frozenset({"usage", "x_groq", *TIMING_FIELDS})


class OpenAIAnswer:
    """Reads one answer's events, of chat and of completions."""

    def __init__(self) -> None:
        self.ended = False

    def read(self, event: Event, attempt: Attempt) -> str:
        """Return the visible text of an event, and note in `attempt` whatever else it says."""
        data = orjson.loads(event.data)
        if data.get("error") or event.name == "error":
            raise ErrorEvent(data)
        if usage := data.get("usage"):
            attempt.usage = _usage(usage)
        choices = data.get("choices")
        text = self._choice(choices[0], attempt) if choices else ""
        if not _SIDE_CHANNELS.isdisjoint(data):
            _side_channels(data, attempt)
        return text

    def _choice(self, choice: dict[str, Any], attempt: Attempt) -> str:
        if choice.get("index"):  # another alternative, or another prompt's answer
            return ""
        attempt.finish_reason = choice.get("finish_reason") or attempt.finish_reason
        delta = choice.get("delta") or {}
        if delta.get("reasoning") or delta.get("reasoning_content"):
            attempt.stamp(AttemptStage.FIRST_REASONING, attempt.received_ns)
        content = delta.get("content")
        if isinstance(content, list):
            return _parts(content, attempt)
        return content or choice.get("text") or ""


def _parts(content: list[Any], attempt: Attempt) -> str:
    text = ""
    for part in content:
        if part.get("type") == "thinking":
            attempt.stamp(AttemptStage.FIRST_REASONING, attempt.received_ns)
        else:
            text += part.get("text") or ""
    return text


def _side_channels(data: dict[str, Any], attempt: Attempt) -> None:
    """Groq's second place for usage, and every vendor's timings."""
    groq = data.get("x_groq") or {}
    if groq.get("usage") and not data.get("usage"):
        attempt.usage = _usage(groq["usage"])
    timing = timing_in(data)
    if timing:
        attempt.server_timing = timing


def _usage(usage: dict[str, Any]) -> Usage:
    prompt = usage.get("prompt_tokens_details") or {}
    completion = usage.get("completion_tokens_details") or {}
    cached = prompt.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))
    if cached is None:
        cached = usage.get("cached_tokens")
    reasoning = completion.get("reasoning_tokens", usage.get("reasoning_tokens"))
    return Usage(
        prompt_tokens=usage.get("prompt_tokens", -1),
        completion_tokens=usage.get("completion_tokens", -1),
        cached_tokens=-1 if cached is None else cached,
        reasoning_tokens=-1 if reasoning is None else reasoning,
    )


OPENAI_COMPATIBLE = Dialect("openai-compatible", _route, _body, OpenAIAnswer)
MISTRAL_FIM = Dialect("mistral-fim", _fim_route, _mistral_body, OpenAIAnswer, prompts=("suffix",))
MERCURY_FIM = Dialect("mercury-fim", _fim_route, _mercury_body, OpenAIAnswer, prompts=("suffix",))

"""Every recorded stream assembles to what it is known to hold."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from ghostlap.providers._answers import ErrorEvent, error_from_event
from ghostlap.providers._ndjson import NdjsonReader
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._sse import Event, SseReader
from ghostlap.providers._streaming import Answer
from ghostlap.providers.anthropic import AnthropicAnswer
from ghostlap.providers.gemini import GeminiAnswer, InteractionAnswer
from ghostlap.providers.ollama import OllamaAnswer
from ghostlap.providers.openai_compatible import OpenAIAnswer
from ghostlap.providers.openai_responses import ResponsesAnswer
from ghostlap.telemetry import Attempt, AttemptStage

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures"
EXPECTED: dict[str, dict[str, Any]] = (
    json.loads((FIXTURES / "EXPECTED.json").read_text()) if FIXTURES.is_dir() else {}
)
# Another product's gateway; a list of several prompts' answers; a body that is no stream.
NOT_OURS = ("cody-gateway/", "tgi/llama-many-prompts", "tgi/endpoint-nonstream")

pytestmark = pytest.mark.skipif(
    not EXPECTED, reason="the recorded responses are not on this machine"
)


def reader_of(name: str) -> Callable[[], Answer]:
    if "responses" in name:
        return ResponsesAnswer
    if "interactions" in name:
        return InteractionAnswer
    by_vendor: dict[str, Callable[[], Answer]] = {
        "anthropic": AnthropicAnswer,
        "google": GeminiAnswer,
        "ollama": OllamaAnswer,
    }
    return by_vendor.get(name.partition("/")[0], OpenAIAnswer)


def events_of(path: Path) -> list[Event]:
    raw = path.read_bytes()
    if path.suffix == ".jsonl":  # the framing was stripped by whoever kept it
        return [Event("", line) for line in raw.splitlines() if line.strip()]
    if path.suffix == ".json":
        return [Event("", orjson.dumps(each)) for each in orjson.loads(raw)]
    reader = NdjsonReader() if path.suffix == ".ndjson" else SseReader()
    return [*reader.feed(raw), *reader.end()]


STREAMS = sorted(
    name
    for name, expected in EXPECTED.items()
    if not name.startswith(NOT_OURS) and expected.get("events", 0) > 0
)


@pytest.mark.parametrize("name", STREAMS)
def test_a_recorded_stream_assembles(name: str) -> None:
    expected = EXPECTED[name]
    answer = reader_of(name)()
    attempt = Attempt("acme")
    text, first_text, failure = "", None, None
    for number, event in enumerate(events_of(FIXTURES / name), 1):
        try:
            piece = "" if event.data == b"[DONE]" else answer.read(event, attempt)
        except ErrorEvent as error:
            failure = error_from_event("acme", ProviderSettings(), error.data)
            break
        if piece and first_text is None:
            first_text = number
        text += piece
    assert text == expected["text"]
    assert first_text == expected["first_text_event"]
    assert bool(failure) == bool(expected["error"])
    if expected["reasoning_chars"]:
        assert attempt.stamps[AttemptStage.FIRST_REASONING]
    if expected["usage"] and not failure:
        prompt, completion = _counts(expected["usage"])
        assert attempt.usage.completion_tokens == completion
        assert prompt in (-1, attempt.usage.prompt_tokens)  # -1: said in an earlier event
    if expected["finish"] and not failure:
        assert attempt.finish_reason == expected["finish"][-1]


def _counts(usage: dict[str, Any]) -> tuple[int, int]:
    def first(*names: str) -> int:
        return next((usage[name] for name in names if name in usage), -1)

    prompt = first("prompt_tokens", "input_tokens", "promptTokenCount", "prompt_eval_count")
    prompt = first("total_input_tokens") if prompt < 0 else prompt
    completion = first(
        "completion_tokens", "output_tokens", "candidatesTokenCount", "eval_count",
        "total_output_tokens",
    )  # fmt: skip
    return prompt, completion


TIMED = {
    "groq/llama33-70b-text.jsonl": ("queue_s", "prefill_s", "decode_s", "total_s"),
    "groq/gptoss120b-reasoning-stream.sse": ("queue_s", "prefill_s", "decode_s", "total_s"),
    "cerebras/zai-glm47-stream.jsonl": ("queue_s", "prefill_s", "decode_s", "total_s"),
    "ollama/llama3-generate-stream.ndjson": ("prefill_s", "decode_s", "total_s"),
}


@pytest.mark.parametrize("name", TIMED)
def test_the_servers_own_timing_arrives_in_seconds(name: str) -> None:
    answer = reader_of(name)()
    attempt = Attempt("acme")
    for event in events_of(FIXTURES / name):
        if event.data != b"[DONE]":
            answer.read(event, attempt)
    timing = attempt.server_timing
    for stage in TIMED[name]:
        seconds = getattr(timing, stage)
        assert seconds is not None
        assert 0 <= seconds < 60, stage
    assert timing.total_s is not None
    assert timing.total_s >= (timing.prefill_s or 0) + (timing.decode_s or 0) - 1e-6


def test_no_recorded_stream_was_forgotten() -> None:
    assert len(STREAMS) >= 30

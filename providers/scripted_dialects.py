"""How the scripted server words an answer: one writer for each route that providers are asked on.

A writer turns an `Answer`, which knows no dialect, into what is written to the socket, one element
for each write. Adding a dialect is adding a writer, and its route to `WRITERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from ghostlap.telemetry import Usage

__all__ = ["WRITERS", "Answer", "Pace", "Reply", "Writer", "json_reply", "sse"]


@dataclass(frozen=True, slots=True)
class Pace:
    """When the writes of a reply go out, and how the reply ends."""

    head_delay_s: float = 0.0
    """Before the headers."""
    first_delay_s: float = 0.0
    """Between the headers and the first write."""
    delay_s: float = 0.0
    """Before each further write."""
    fragment_bytes: int = 0
    """Cut every write into pieces of this size, each sent by itself; 0: not cut."""
    stall_after: int | None = None
    """Fall silent after so many writes."""
    hang_up: bool = False
    """Close the connection without a word of an answer."""
    close_after: int | None = None
    """Close the connection after so many writes, in the middle of the body."""
    keep_alive: bool = True
    """Whether the connection can be used again; if not, its close ends the body."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response, as it is to be written."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    writes: tuple[bytes, ...] = ()
    pace: Pace = Pace()


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion, whatever the dialect that it is asked for in."""

    pieces: tuple[str, ...] = ("ok",)
    reasoning: tuple[str, ...] = ()
    finish_reason: str = "stop"
    usage: Usage = field(default_factory=lambda: Usage(prompt_tokens=11, completion_tokens=7))
    error: Mapping[str, Any] | None = None
    """An error inside the stream, after the pieces and in place of the end."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields that a vendor adds to the finishing event, for instance `time_info`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    pace: Pace = Pace()


Writer: TypeAlias = Callable[[Answer, Mapping[str, Any]], Reply]
"""Is given the answer and the request's decoded body."""


def sse(data: Any, event: str = "") -> bytes:
    """Return one server-sent event; `data` is JSON, or bytes as they are."""
    body = data if isinstance(data, bytes) else orjson.dumps(data)
    name = f"event: {event}\n".encode() if event else b""
    return name + b"data: " + body + b"\n\n"


def json_reply(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply with a whole JSON body, as errors come."""
    return Reply(
        status, {"content-type": "application/json", **(headers or {})}, (orjson.dumps(body),)
    )


def _stream(answer: Answer, writes: list[bytes]) -> Reply:
    headers = {"content-type": "text/event-stream; charset=utf-8", **answer.headers}
    return Reply(200, headers, tuple(writes), answer.pace)


def _openai_chat(answer: Answer, request: Mapping[str, Any]) -> Reply:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1}
    base["model"] = request.get("model", "")

    def chunk(delta: Mapping[str, Any], finish: str | None = None, **extra: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return sse({**base, "choices": [choice], **extra})

    writes = [chunk({"role": "assistant", "content": ""})]
    writes += [chunk({"reasoning_content": piece}) for piece in answer.reasoning]
    writes += [chunk({"content": piece}) for piece in answer.pieces]
    return _stream(answer, writes + _openai_end(answer, request, base, chunk))


def _openai_completions(answer: Answer, request: Mapping[str, Any]) -> Reply:
    base = {"id": "cmpl-1", "object": "text_completion", "created": 1}
    base["model"] = request.get("model", "")

    def chunk(text: str | Mapping[str, Any], finish: str | None = None, **extra: Any) -> bytes:
        choice = {"index": 0, "text": text or "", "finish_reason": finish}
        return sse({**base, "choices": [choice], **extra})

    writes = [chunk(piece) for piece in answer.pieces]
    return _stream(answer, writes + _openai_end(answer, request, base, chunk))


def _openai_end(
    answer: Answer,
    request: Mapping[str, Any],
    base: Mapping[str, Any],
    chunk: Callable[..., bytes],
) -> list[bytes]:
    if answer.error is not None:
        return [sse({"error": answer.error})]
    writes = [chunk({}, answer.finish_reason, **answer.extra)]
    if (request.get("stream_options") or {}).get("include_usage"):
        prompt, completion = answer.usage.prompt_tokens, answer.usage.completion_tokens
        usage: dict[str, Any] = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
        if answer.usage.cached_tokens >= 0:
            usage["prompt_tokens_details"] = {"cached_tokens": answer.usage.cached_tokens}
        writes.append(sse({**base, "choices": [], "usage": usage}))
    return [*writes, sse(b"[DONE]")]


WRITERS: dict[str, Writer] = {
    "/chat/completions": _openai_chat,
    "/completions": _openai_completions,
}
"""By the end of the request's path; the longest that fits is taken."""

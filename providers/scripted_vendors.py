"""How the scripted server words an answer in the dialects that are not OpenAI's.

The shapes are those of the vendors' documentation and recordings, events without text included:
what reads them has to tell the first byte from the first token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ghostlap.providers.scripted_dialects import Answer, Reply, Writer, sse

__all__ = ["VENDOR_WRITERS"]

_MS_PER_TOKEN = 2.0
"""For the durations that local servers report: made up, and the same for every answer."""


def _stream(answer: Answer, writes: list[bytes], content_type: str = "text/event-stream") -> Reply:
    return Reply(200, {"content-type": content_type, **answer.headers}, tuple(writes), answer.pace)


def _anthropic(answer: Answer, request: Mapping[str, Any]) -> Reply:
    usage = {"input_tokens": answer.usage.prompt_tokens, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "usage": usage}
    message["model"] = request.get("model", "")
    writes = [_typed("message_start", message=message), _typed("ping")]
    index = 0
    for kind, key, pieces in (
        ("thinking", "thinking", answer.reasoning),
        ("text", "text", answer.pieces),
    ):
        if not pieces:
            continue
        block = {"type": kind, key: ""}
        writes.append(_typed("content_block_start", index=index, content_block=block))
        for piece in pieces:
            delta = {"type": f"{kind}_delta", key: piece}
            writes.append(_typed("content_block_delta", index=index, delta=delta))
        writes.append(_typed("content_block_stop", index=index))
        index += 1
    if answer.error is not None:
        return _stream(answer, [*writes, _typed("error", error=answer.error)])
    reason = {"stop": "end_turn", "length": "max_tokens"}.get(
        answer.finish_reason, answer.finish_reason
    )
    end = {"output_tokens": answer.usage.completion_tokens}
    writes.append(_typed("message_delta", delta={"stop_reason": reason}, usage=end))
    return _stream(answer, [*writes, _typed("message_stop")])


def _typed(kind: str, **rest: Any) -> bytes:
    return sse({"type": kind, **rest}, kind)


def _responses(answer: Answer, request: Mapping[str, Any]) -> Reply:
    return _stream(
        answer, [sse(event, event["type"]) for event in responses_events(answer, request)]
    )


def responses_events(answer: Answer, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the events of the Responses API, which go out by SSE or as a WebSocket's messages."""
    response: dict[str, Any] = {"id": "resp_1", "model": request.get("model", "")}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": response},
        {"type": "response.in_progress", "response": response},
    ]
    output = 0
    if answer.reasoning:
        item = {"id": "rs_1", "type": "reasoning"}
        events.append({"type": "response.output_item.added", "output_index": output, "item": item})
        events += [
            {"type": "response.reasoning_text.delta", "output_index": output, "delta": piece}
            for piece in answer.reasoning
        ]
        output += 1
    item = {"id": "msg_1", "type": "message", "role": "assistant"}
    events.append({"type": "response.output_item.added", "output_index": output, "item": item})
    events += [
        {"type": "response.output_text.delta", "output_index": output, "delta": piece}
        for piece in answer.pieces
    ]
    if answer.error is not None:
        failed = {**response, "error": answer.error}
        return [*events, {"type": "response.failed", "response": failed}]
    ended: dict[str, Any] = {
        **response,
        "usage": {
            "input_tokens": answer.usage.prompt_tokens,
            "output_tokens": answer.usage.completion_tokens,
        },
    }
    kind = "response.completed"
    if answer.finish_reason == "length":
        kind = "response.incomplete"
        ended["incomplete_details"] = {"reason": "max_output_tokens"}
    events.append({"type": kind, "response": ended})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _gemini(answer: Answer, _request: Mapping[str, Any]) -> Reply:
    usage = {"promptTokenCount": answer.usage.prompt_tokens}
    usage["candidatesTokenCount"] = answer.usage.completion_tokens

    def chunk(parts: list[dict[str, Any]], **candidate: Any) -> bytes:
        content = {"role": "model", "parts": parts}
        return sse(
            {"candidates": [{"content": content, "index": 0, **candidate}], "usageMetadata": usage}
        ).replace(b"\n", b"\r\n")

    writes = [chunk([{"text": piece, "thought": True}]) for piece in answer.reasoning]
    writes += [chunk([{"text": piece}]) for piece in answer.pieces[:-1]]
    if answer.error is not None:
        writes += [chunk([{"text": piece}]) for piece in answer.pieces[-1:]]
        return _stream(answer, [*writes, sse({"error": answer.error})])
    reason = {"stop": "STOP", "length": "MAX_TOKENS"}.get(
        answer.finish_reason, answer.finish_reason
    )
    last = [{"text": piece} for piece in answer.pieces[-1:]]
    return _stream(answer, [*writes, chunk(last, finishReason=reason)])


def _fim(answer: Answer, request: Mapping[str, Any]) -> Reply:
    """Mistral and Mercury: chat's chunks from a FIM route, text and usage on the last of them."""
    base = {"id": "fim-1", "object": "chat.completion.chunk", "model": request.get("model", "")}

    def chunk(delta: Mapping[str, Any], finish: str | None = None, **extra: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return sse({**base, "choices": [choice], "p": "abcdef", **extra})

    writes = [chunk({"role": "assistant", "content": ""})]
    writes += [chunk({"content": piece}) for piece in answer.pieces[:-1]]
    if answer.error is not None:
        writes += [chunk({"content": piece}) for piece in answer.pieces[-1:]]
        return _stream(answer, [*writes, sse({"error": answer.error})])
    prompt, completion = answer.usage.prompt_tokens, answer.usage.completion_tokens
    usage = {"prompt_tokens": prompt, "completion_tokens": completion}
    last = "".join(answer.pieces[-1:])
    writes.append(chunk({"content": last}, answer.finish_reason, usage=usage, **answer.extra))
    return _stream(answer, [*writes, sse(b"[DONE]")])


def _ollama(answer: Answer, request: Mapping[str, Any]) -> Reply:
    base = {"model": request.get("model", ""), "created_at": "2026-11-22T00:00:00Z"}
    lines: list[dict[str, Any]] = [
        {**base, "response": "", "thinking": piece, "done": False} for piece in answer.reasoning
    ]
    lines += [{**base, "response": piece, "done": False} for piece in answer.pieces]
    if answer.error is not None:
        lines.append({"error": answer.error.get("message", "")})
    else:
        decode_ns = int(answer.usage.completion_tokens * _MS_PER_TOKEN * 1e6)
        end = {
            "response": "",
            "done": True,
            "done_reason": answer.finish_reason,
            "total_duration": decode_ns + 2_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": answer.usage.prompt_tokens,
            "prompt_eval_duration": 1_000_000,
            "eval_count": answer.usage.completion_tokens,
            "eval_duration": decode_ns,
        }
        lines.append({**base, **end, **answer.extra})
    writes = [orjson.dumps(line) + b"\n" for line in lines]
    return _stream(answer, writes, "application/x-ndjson")


def _llama_cpp(answer: Answer, _request: Mapping[str, Any]) -> Reply:
    writes = [sse({"content": piece, "tokens": [], "stop": False}) for piece in answer.pieces]
    if answer.error is not None:
        return _stream(answer, [*writes, sse({"error": answer.error})])
    stop_type = {"stop": "eos", "length": "limit"}.get(answer.finish_reason, answer.finish_reason)
    tokens = answer.usage.completion_tokens
    end = {
        "content": "",
        "stop": True,
        "stop_type": stop_type,
        "tokens_evaluated": answer.usage.prompt_tokens,
        "tokens_predicted": tokens,
        "timings": {"prompt_ms": 3.0, "predicted_ms": tokens * _MS_PER_TOKEN, "cache_n": 5},
    }
    return _stream(answer, [*writes, sse({**end, **answer.extra})])


def _tgi(answer: Answer, _request: Mapping[str, Any]) -> Reply:
    def token(number: int, text: str, **extra: Any) -> bytes:
        token = {"id": number, "text": text, "logprob": -0.1, "special": False, **extra}
        return sse({"index": number, "token": token, "generated_text": None, "details": None})

    writes = [token(number, piece) for number, piece in enumerate(answer.pieces, 1)]
    if answer.error is not None:
        error = {"error": answer.error.get("message", ""), "error_type": "generation"}
        return _stream(answer, [*writes, sse(error)])
    reason = {"stop": "eos_token"}.get(answer.finish_reason, answer.finish_reason)
    details = {
        "finish_reason": reason,
        "generated_tokens": answer.usage.completion_tokens,
        "input_length": answer.usage.prompt_tokens,
    }
    special = {"id": 0, "text": "<|endoftext|>", "logprob": 0.0, "special": True}
    text = "".join(answer.pieces)
    writes.append(sse({"index": 0, "token": special, "generated_text": text, "details": details}))
    return _stream(answer, writes)


VENDOR_WRITERS: dict[str, Writer] = {
    "/messages": _anthropic,
    "/responses": _responses,
    ":streamGenerateContent": _gemini,
    "/fim/completions": _fim,
    "/api/generate": _ollama,
    "/infill": _llama_cpp,
    "/generate_stream": _tgi,
}
"""By the end of the request's path, without its query."""

"""What vendors say of their own time: queue, prefill, decode. Durations alone are comparable.

Each vendor counts differently, as its recordings show: Groq's total leaves the queue out,
Cerebras's is wall time and holds a residual, vLLM's time to first token begins at scheduling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ghostlap.telemetry import ServerTiming

__all__ = ["TIMING_FIELDS", "timing_in"]

TIMING_FIELDS = ("usage", "x_groq", "time_info", "timings", "metrics", "perf_metrics")
"""Where in a chunk to look: most chunks have none of them."""


def timing_in(chunk: Mapping[str, Any]) -> ServerTiming | None:
    """Return the timing that an OpenAI-like chunk holds, from whichever vendor it is."""
    for read in (_groq, _cerebras, _llama_cpp, _vllm, _fireworks):
        if timing := read(chunk):
            return timing
    return None


def _groq(chunk: Mapping[str, Any]) -> ServerTiming | None:
    """Seconds, in `usage` or `x_groq.usage`; total = prompt + completion, without the queue."""
    for usage in (chunk.get("usage"), (chunk.get("x_groq") or {}).get("usage")):
        if usage and "prompt_time" in usage:
            return ServerTiming(
                queue_s=usage.get("queue_time"),
                prefill_s=usage.get("prompt_time"),
                decode_s=usage.get("completion_time"),
                total_s=(usage.get("queue_time") or 0.0) + (usage.get("total_time") or 0.0),
            )
    return None


def _cerebras(chunk: Mapping[str, Any]) -> ServerTiming | None:
    """Seconds, in `time_info`; the total is wall time, and more than the sum of its parts."""
    info = chunk.get("time_info")
    if not info:
        return None
    return ServerTiming(
        queue_s=info.get("queue_time"),
        prefill_s=info.get("prompt_time"),
        decode_s=info.get("completion_time"),
        total_s=info.get("total_time"),
    )


def _llama_cpp(chunk: Mapping[str, Any]) -> ServerTiming | None:
    """Milliseconds, in `timings`; how long a slot took is not said."""
    timings = chunk.get("timings")
    if not timings:
        return None
    return ServerTiming(
        prefill_s=_seconds(timings.get("prompt_ms")),
        decode_s=_seconds(timings.get("predicted_ms")),
    )


def _vllm(chunk: Mapping[str, Any]) -> ServerTiming | None:
    """Milliseconds, in `metrics`, of a server started with --enable-per-request-metrics."""
    metrics = chunk.get("metrics")
    if not metrics:
        return None
    return ServerTiming(
        queue_s=_seconds(metrics.get("queue_time_ms")),
        prefill_s=_seconds(metrics.get("time_to_first_token_ms")),
        decode_s=_seconds(metrics.get("generation_time_ms")),
    )


def _fireworks(chunk: Mapping[str, Any]) -> ServerTiming | None:
    """Seconds as strings or numbers, in `perf_metrics`, asked for by perf_metrics_in_response."""
    metrics = chunk.get("perf_metrics")
    if not metrics:
        return None
    bare = {name.removeprefix("fireworks-"): value for name, value in metrics.items()}
    queues = ("tokenizer-queue-duration", "prefill-queue-duration", "generation-queue-duration")
    waits = [float(bare[name]) for name in queues if name in bare]
    first = bare.get("server-time-to-first-token")
    prefill = bare.get("prefill-duration", first)
    decode = bare.get("generation-duration")
    total = bare.get("server-processing-time")
    return ServerTiming(
        queue_s=sum(waits) if waits else None,
        prefill_s=None if prefill is None else float(prefill),
        decode_s=None if decode is None else float(decode),
        total_s=None if total is None else float(total),
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1e3

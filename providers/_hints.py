"""When a provider that turned a request away wants to be asked again, in every form it says so.

Forms: `retry-after-ms`; `retry-after` as seconds or an HTTP date (RFC 9110 §10.2.3); reset headers
as Go durations (OpenAI, Groq: `6m0s`, `12ms`), as seconds (Cerebras, Azure: `33011.4`) or as RFC
3339 times (Anthropic); Google's `RetryInfo.retryDelay` in the body; words (`try again in 7.66s`).
Only an answer that turned the request away is read: several vendors send `retry-after` on success.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

__all__ = ["parse_duration_s", "retry_after_s"]

_TURNED_AWAY = frozenset({408, 429, 498, 500, 502, 503, 504, 529})
_GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_GO_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_WORDS = re.compile(r"(?:re)?try (?:again )?in ((?:\d+(?:\.\d+)?(?:ms|h|m|s)\s*)+)", re.IGNORECASE)


def retry_after_s(
    status: int, headers: Mapping[str, str], body: Any, *, now: datetime | None = None
) -> float | None:
    """Return the seconds that the provider asks to be left alone; None where it does not say.

    `headers` have lower-case names; `body` is the decoded JSON, or anything else; `now` is only for
    the forms that name a time of day.
    """
    if status not in _TURNED_AWAY:
        return None
    now = now or datetime.now(UTC)
    said = (
        _milliseconds(headers.get("retry-after-ms", "")),
        parse_duration_s(headers.get("retry-after", ""), now),
        _retry_info_s(body),
        _exhausted_s(headers, now),
        parse_duration_s(headers.get("x-ratelimit-reset", ""), now),
        _words_s(body),
    )
    found = next((each for each in said if each is not None), None)
    return max(0.0, found) if found is not None else None


def parse_duration_s(text: str, now: datetime) -> float | None:
    """Return the seconds that `text` means: a number, a Go duration, or a time of day."""
    text = text.strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    parts = _GO_DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _GO_UNITS_S[unit] for number, unit in parts)
    return _until_s(text, now)


def _until_s(text: str, now: datetime) -> float | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            time = parse(text)
        except ValueError:
            continue
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        return (time - now).total_seconds()
    return None


def _milliseconds(text: str) -> float | None:
    try:
        return float(text) / 1000
    except ValueError:
        return None


def _exhausted_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the longest reset of the limits of which nothing remains."""
    resets = []
    for name, value in headers.items():
        if "ratelimit" in name and "remaining" in name and value.strip() in ("0", "0.0"):
            reset = parse_duration_s(headers.get(name.replace("remaining", "reset"), ""), now)
            if reset is not None:
                resets.append(reset)
    return max(resets, default=None)


def _retry_info_s(body: Any) -> float | None:
    """Google: `error.details[]` of the type `google.rpc.RetryInfo`."""
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and delay.endswith("s"):
            try:
                return float(delay[:-1])
            except ValueError:
                return None
    return None


def _words_s(body: Any) -> float | None:
    error = body.get("error", body) if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    found = _WORDS.search(message) if isinstance(message, str) else None
    if not found:
        return None
    parts = _GO_DURATION.findall(found[1])
    return sum(float(number) * _GO_UNITS_S[unit] for number, unit in parts)

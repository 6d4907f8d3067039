"""An answer that is an error, told as one of ours: which, why, and what the user can change.

The shapes are those that vendors are known to send: `{error: {message, type, code}}` (OpenAI and
most), flat `{message, type, code}` (Cerebras, SGLang), `{detail: …}` (Mistral, FastAPI), `{error:
"text"}` (Ollama, TGI, xAI), `{error: {status, details}}` (Google), an upstream's error nested in
`metadata.raw` (OpenRouter), and whatever a proxy puts in their place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ghostlap.providers._errors import (
    AuthenticationFailed,
    BadRequest,
    NotFound,
    Overloaded,
    RateLimited,
    StatusError,
)
from ghostlap.providers._hints import retry_after_s
from ghostlap.providers._secret import Secret
from ghostlap.providers._settings import ProviderSettings

__all__ = ["ErrorEvent", "error_from_answer", "error_from_event", "mask"]

_LONGEST_MESSAGE_CHARS = 160
_KEY = re.compile(
    r"\b(?:sk|gsk|csk|nvapi|pk|xai|hf|fw|r8|pplx|AIza|Bearer)[-_ ][\w*.-]{4,}"
    r"|AIza[\w-]{10,}|\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{28,}\b|\S*\*{3,}\S*"
)
_TAGS = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.DOTALL | re.IGNORECASE)

# What an error calls itself, where it comes without a status or with one that says less.
_STATUS_OF = {
    "authentication_error": 401,
    "invalid_api_key": 401,
    "api_key_invalid": 401,
    "unauthenticated": 401,
    "permission_error": 403,
    "permission_denied": 403,
    "insufficient_quota": 429,
    "billing_error": 402,
    "model_not_found": 404,
    "not_found_error": 404,
    "not_found": 404,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "resource_exhausted": 429,
    "overloaded_error": 529,
    "overloaded": 503,
    "unavailable_error": 503,
    "unavailable": 503,
    "capacity_exceeded": 498,
    "server_error": 500,
    "api_error": 500,
    "internal_error": 500,
    "timeout_error": 504,
    "invalid_request_error": 400,
    "invalid_argument": 400,
    "validation": 422,
    "generation": 424,
    "incomplete_generation": 500,
}
_NO_MONEY = frozenset({"insufficient_quota", "billing_error", "payment_required"})
_TOO_LONG = re.compile(
    r"context.(?:length|size|window)|too (?:long|large)|maximum context|token limit", re.IGNORECASE
)
_BAD_KEY = re.compile(
    r"api.?key.{0,24}(?:invalid|not valid|incorrect)|(?:invalid|incorrect) api.?key", re.IGNORECASE
)


class ErrorEvent(Exception):
    """Raised by a dialect's reader for an event that is an error; `data` is its decoded JSON."""

    def __init__(self, data: Any) -> None:
        self.data = data
        super().__init__()


@dataclass(frozen=True, slots=True)
class _Told:
    """What the body of an error says."""

    message: str
    code: str
    status: int


def error_from_answer(
    provider: str,
    settings: ProviderSettings,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    key: Secret | None = None,
) -> StatusError:
    """Return the error that an answer with a status other than 2xx amounts to.

    `headers` have lower-case names. The `key` that was sent is taken out of what the answer says.
    """
    if key:
        body = _without(key, body)
    parsed = _parse(body)
    return _error(provider, settings, status, headers, parsed, in_stream=False)


def error_from_event(
    provider: str, settings: ProviderSettings, event: Any, *, key: Secret | None = None
) -> StatusError:
    """Return the error that an event (its decoded JSON) inside a 200 stream amounts to.

    The `key` that was sent is taken out of what the event says.
    """
    if key:
        event = _parse(_without(key, orjson.dumps(event)))
    return _error(provider, settings, 0, {}, event, in_stream=True)


def _without(key: Secret, said: bytes) -> bytes:
    return said.replace(key.reveal().encode(), "•••".encode())


def mask(text: str) -> str:
    """Return `text` on one line, shortened, without anything that looks like a key."""
    text = " ".join(_KEY.sub("•••", text).split())
    if len(text) > _LONGEST_MESSAGE_CHARS:
        text = text[: _LONGEST_MESSAGE_CHARS - 1] + "…"
    return text


def _error(
    provider: str,
    settings: ProviderSettings,
    status: int,
    headers: Mapping[str, str],
    body: Any,
    *,
    in_stream: bool,
) -> StatusError:
    told = _told(body)
    named = _STATUS_OF.get(told.code.lower(), 0)
    status = status or told.status or named or 500
    meaning = _meaning(status, named, told)
    problem = f"{_name(meaning, status)}{': ' + mask(told.message) if told.message else ''}"
    error = meaning(
        provider,
        problem,
        _remedy(meaning, settings, told),
        status=status,
        code=told.code,
        in_stream=in_stream,
        retry_after_s=retry_after_s(status, headers, body),
    )
    if told.code.lower() in _NO_MONEY or status == 402:
        error.permanent = True
    if meaning is BadRequest and _TOO_LONG.search(told.message):
        error.permanent = False  # the next request may well be shorter
    return error


def _meaning(status: int, named: int, told: _Told) -> type[StatusError]:
    if _BAD_KEY.search(told.message) or named in (401, 403):
        return AuthenticationFailed
    if named in (404, 429) and status in (400, 403):
        status = named
    if status in (401, 403):
        return AuthenticationFailed
    if status == 404:
        return NotFound
    if status in (402, 429):
        return RateLimited
    if status in (408, 424, 498) or status >= 500:
        return Overloaded
    return BadRequest


def _name(meaning: type[StatusError], status: int) -> str:
    what = {
        AuthenticationFailed: "the key was refused",
        NotFound: "no such model or route",
        RateLimited: "the rate limit or quota is used up",
        Overloaded: "the provider is overloaded or failing",
        BadRequest: "the request was refused",
    }[meaning]
    return f"{what} ({status})"


def _remedy(meaning: type[StatusError], settings: ProviderSettings, told: _Told) -> str:
    if meaning is AuthenticationFailed:
        where = settings.key_env or ("key_command" if settings.key_command else "")
        return f"check the key in {where}" if where else "set key_env to the variable with your key"
    if meaning is NotFound:
        return f"check model = {settings.model!r} and base_url"
    if meaning is RateLimited:
        broke = told.code.lower() in _NO_MONEY
        return "add credit to the account, or set another primary" if broke else "set a backup"
    if meaning is Overloaded:
        return "set a backup, or another primary"
    return _setting_to_change(told.message)


def _setting_to_change(message: str) -> str:
    """What a refused request is most likely refused for."""
    if _TOO_LONG.search(message):
        return "lower max_tokens, or send less context"
    if "max_completion_tokens" in message:
        return "set max_tokens_field = 'max_completion_tokens'"
    for field in ("temperature", "stop", "reasoning", "suffix", "stream_options"):
        if field in message:
            setting = _SETTING_OF.get(field, field)
            return f"change {setting}"
    return "check base_url, dialect and model"


_SETTING_OF = {
    "stop": "stop_limit",
    "reasoning": "body, where reasoning is set",
    "suffix": "prompt: this route takes no suffix",
    "stream_options": "stream_usage",
}


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body.strip() or b"null")
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _told(body: Any) -> _Told:
    if isinstance(body, list):
        body = body[0] if body else None
    if isinstance(body, str):
        return _Told(_TAGS.sub(" ", body), "", 0)
    if not isinstance(body, dict):
        return _Told("", "", 0)
    response = body.get("response")
    if isinstance(response, dict) and response.get("error"):  # OpenAI: `response.failed`
        body = response
    error = body.get("error")
    inner = error if isinstance(error, dict) else body
    message = error if isinstance(error, str) else _message(inner)
    return _Told(message, _code(inner, body), _status(inner, body))


def _message(error: Mapping[str, Any]) -> str:
    upstream = _upstream(error)
    if upstream:
        return upstream
    message = error.get("message", error.get("detail", ""))
    if isinstance(message, list):  # FastAPI: where and what, never the value
        return "; ".join(
            f"{'.'.join(map(str, each.get('loc', ())))}: {each.get('msg', '')}"
            for each in message
            if isinstance(each, dict)
        )
    if isinstance(message, dict):
        return _message(message)
    return message if isinstance(message, str) else ""


def _upstream(error: Mapping[str, Any]) -> str:
    """OpenRouter: the error of the provider that it had chosen, as a string of JSON or of words."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if not isinstance(raw, str):
        return ""
    told = _told(_parse(raw.encode()))
    return told.message


def _code(error: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """The most telling of the names that an error gives itself."""
    details = error.get("details")
    reasons = [
        each.get("reason")
        for each in (details if isinstance(details, list) else ())
        if isinstance(each, dict)
    ]
    names = [
        *reasons,
        error.get("code"),
        error.get("type"),
        error.get("status"),
        body.get("code"),
        body.get("error_type"),
    ]
    given = [name for name in names if isinstance(name, str) and name and name != "error"]
    known = (name for name in given if name.lower() in _STATUS_OF or name.lower() in _NO_MONEY)
    return next(known, given[0] if given else "")


def _status(error: Mapping[str, Any], body: Mapping[str, Any]) -> int:
    for each in (error, body):
        for key in ("status_code", "status", "code"):
            value = each.get(key)
            if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600:
                return value
    return 0

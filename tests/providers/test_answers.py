"""Every shape of error that vendors are known to send, told as one of ours."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from ghostlap.providers import (
    AuthenticationFailed,
    BadRequest,
    NotFound,
    Overloaded,
    RateLimited,
    StatusError,
)
from ghostlap.providers._answers import error_from_answer, error_from_event, mask
from ghostlap.providers._hints import parse_duration_s, retry_after_s
from ghostlap.providers._secret import Secret
from ghostlap.providers._settings import ProviderSettings

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures"
SETTINGS = ProviderSettings(key_env="ACME_API_KEY", model="acme-coder")
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> StatusError:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return error_from_answer("acme", SETTINGS, status, headers or {}, raw)


BODIES: list[tuple[int, Any, type[StatusError]]] = [
    (
        401,
        {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}},
        AuthenticationFailed,
    ),
    (403, {"error": {"message": "no access"}}, AuthenticationFailed),
    (
        400,
        {"code": "invalid-argument", "error": "Incorrect API key provided."},
        AuthenticationFailed,
    ),
    (
        400,
        {"error": {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}},
        AuthenticationFailed,
    ),
    (401, {"detail": "Invalid API Key"}, AuthenticationFailed),
    (404, {"error": {"message": "no such model", "code": "model_not_found"}}, NotFound),
    (400, {"error": {"message": "x", "code": "model_not_found"}}, NotFound),
    (404, {"error": "model 'x' not found"}, NotFound),
    (404, b"<html><title>404</title><body>nginx</body></html>", NotFound),
    (
        429,
        {"message": "queue", "type": "too_many_requests_error", "code": "queue_exceeded"},
        RateLimited,
    ),
    (429, {"error": {"message": "slow down", "type": "rate_limit_error"}}, RateLimited),
    (402, {"error": {"message": "Insufficient Balance"}}, RateLimited),
    (
        503,
        {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
        Overloaded,
    ),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, Overloaded),
    (498, {"error": {"message": "x", "code": "capacity_exceeded"}}, Overloaded),
    (424, {"error": "Request failed during generation", "error_type": "generation"}, Overloaded),
    (500, b"", Overloaded),
    (502, b"<html>Bad gateway</html>", Overloaded),
    (
        422,
        {"detail": [{"loc": ["body", "suffix"], "msg": "extra", "input": "PLANTED"}]},
        BadRequest,
    ),
    (
        400,
        {"object": "error", "message": "bad", "type": "BadRequestError", "code": 400},
        BadRequest,
    ),
    (413, {"error": {"message": "too large"}}, BadRequest),
    (400, b"[]", BadRequest),
    (400, b"null", BadRequest),
    (400, [{"error": {"message": "in an array", "code": 400}}], BadRequest),
]


@pytest.mark.parametrize(("status", "body", "meaning"), BODIES)
def test_a_body_is_told_for_what_it_means(status: int, body: Any, meaning: type) -> None:
    error = answer(status, body)
    assert type(error) is meaning
    assert error.status == status
    assert error.provider == "acme"
    assert error.remedy
    assert "PLANTED" not in str(error)


def test_a_refused_key_names_the_variable_to_check() -> None:
    assert str(answer(401, {"error": {"message": "no"}})).endswith("check the key in ACME_API_KEY")


def test_no_money_left_sets_the_backend_aside_and_a_rate_limit_does_not() -> None:
    assert answer(429, {"error": {"message": "x", "code": "insufficient_quota"}}).permanent
    assert answer(402, {}).permanent
    assert not answer(429, {"error": {"message": "x", "code": "rate_limit_exceeded"}}).permanent


def test_a_prompt_that_was_too_long_does_not_set_the_backend_aside() -> None:
    llama_cpp = "request (9000 tokens) exceeds the available context size (8192 tokens)"
    assert not answer(400, {"error": {"message": llama_cpp}}).permanent
    assert not answer(400, {"error": {"message": "maximum context length is 8192"}}).permanent
    assert answer(400, {"error": {"message": "unknown field"}}).permanent


@pytest.mark.parametrize(
    ("message", "setting"),
    [
        ("Use 'max_completion_tokens' instead.", "max_tokens_field"),
        ("'temperature' is not supported with this model", "temperature"),
        ("stop: at most 4 strings", "stop_limit"),
        ("suffix is not currently supported", "prompt"),
    ],
)
def test_a_refused_request_names_the_setting_to_change(message: str, setting: str) -> None:
    assert setting in answer(400, {"error": {"message": message}}).remedy


def test_the_key_that_was_sent_never_comes_back() -> None:
    body = orjson.dumps({"error": {"message": "Incorrect API key provided: my-own-key"}})
    error = error_from_answer("acme", SETTINGS, 401, {}, body, key=Secret("my-own-key"))
    assert "my-own-key" not in str(error)
    assert "•••" in str(error)


@pytest.mark.parametrize(
    "told",
    [
        "sk-proj-" + "abc123def456ghi789",
        "gsk_" + "abcdefgh12345678",
        "AIza" + "SyA1234567890abcdefghijk",
        "sk-inval" + "****" + "key",
        "Bearer " + "abcdef123456",
        "f3b1c2d4" * 5,
    ],
)
def test_whatever_looks_like_a_key_is_masked(told: str) -> None:
    assert told not in mask(f"wrong key {told}, sorry")
    assert "•••" in mask(f"wrong key {told}, sorry")


def test_a_long_message_is_cut() -> None:
    assert len(mask("word " * 200)) == 160


IN_STREAM: list[tuple[Any, type[StatusError], int]] = [
    (
        {"error": {"message": "x", "type": "invalid_request_error", "status_code": 400}},
        BadRequest,
        400,
    ),
    (
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        Overloaded,
        529,
    ),
    (
        {"error": {"message": "x", "type": "BadRequestError", "param": None, "code": 400}},
        BadRequest,
        400,
    ),
    ({"error": {"message": "x", "code": "insufficient_quota"}}, RateLimited, 429),
    (
        {
            "type": "response.failed",
            "response": {"error": {"code": "server_error", "message": "x"}},
        },
        Overloaded,
        500,
    ),
    ({"error": "llama runner process has terminated"}, Overloaded, 500),
    ({"error": "x", "error_type": "generation"}, Overloaded, 424),
    ({"error": {"message": "busy", "type": "x"}, "status_code": 503}, Overloaded, 503),
    (
        {"type": "error", "status": 400, "error": {"code": "previous_response_not_found"}},
        BadRequest,
        400,
    ),
]


@pytest.mark.parametrize(("event", "meaning", "status"), IN_STREAM)
def test_an_error_inside_a_stream_has_the_status_that_it_names(
    event: Any, meaning: type, status: int
) -> None:
    error = error_from_event("acme", SETTINGS, event)
    assert (type(error), error.status, error.in_stream) == (meaning, status, True)


HINTS: list[tuple[dict[str, str], Any, float | None]] = [
    ({"retry-after-ms": "1500"}, None, 1.5),
    ({"retry-after-ms": "250", "retry-after": "1"}, None, 0.25),
    ({"retry-after": "7"}, None, 7),
    ({"retry-after": "0.5"}, None, 0.5),
    ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, None, 30),
    ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, None, 0),
    ({"retry-after": "soon"}, None, None),
    ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, None, 360),
    ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "12ms"}, None, 0.012),
    (
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2m59.56s"},
        None,
        179.56,
    ),
    ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "6m0s"}, None, None),
    (
        {"x-ratelimit-remaining-tokens-minute": "0", "x-ratelimit-reset-tokens-minute": "11.38"},
        None,
        11.38,
    ),
    (
        {
            "anthropic-ratelimit-tokens-remaining": "0",
            "anthropic-ratelimit-tokens-reset": "2026-11-22T12:01:00Z",
        },
        None,
        60,
    ),
    ({"x-ratelimit-reset": "3"}, None, 3),
    ({}, {"error": {"details": [{"@type": "RetryInfo", "retryDelay": "34.4s"}]}}, 34.4),
    ({}, {"error": {"message": "Please retry in 48.9s."}}, 48.9),
    ({}, {"error": {"message": "Please try again in 1m7.66s. Visit"}}, 67.66),
    ({}, {"error": {"details": [{"retryDelay": "forever"}]}}, None),
    ({}, None, None),
]


@pytest.mark.parametrize(("headers", "body", "wanted"), HINTS)
def test_every_form_of_retry_hint_is_read(
    headers: dict[str, str], body: Any, wanted: float | None
) -> None:
    said = retry_after_s(429, headers, body, now=NOW)
    assert said == (None if wanted is None else pytest.approx(wanted))


@pytest.mark.parametrize("status", [200, 400, 401, 404])
def test_a_hint_on_an_answer_that_turned_nobody_away_is_ignored(status: int) -> None:
    assert retry_after_s(status, {"retry-after": "30"}, None, now=NOW) is None


def test_what_is_no_duration_is_none() -> None:
    assert parse_duration_s("5 parsecs", NOW) is None
    assert parse_duration_s("", NOW) is None


RECORDED = {"openai": 5, "anthropic": 3, "google": 2, "mistral": 1, "deepseek": 2}
EXPECTED: dict[str, type[StatusError]] = {
    "401": AuthenticationFailed,
    "400-invalid-key": AuthenticationFailed,
    "400": BadRequest,
    "404": NotFound,
    "429": RateLimited,
}


def recorded_errors() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(FIXTURES.glob("*/error-*.json")):
        if not path.name.endswith(".meta.json"):
            meta = path.with_suffix("").with_suffix(".meta.json")
            yield path, json.loads(meta.read_text()) if meta.exists() else {}


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded responses are not on this machine")
def test_recorded_errors_are_told_right() -> None:
    seen = 0
    for path, meta in recorded_errors():
        found = re.match(r"error-(\d+(?:-invalid-key)?)", path.name)
        assert found, path
        headers = {name.lower(): str(value) for name, value in meta.get("headers", {}).items()}
        status = int(found[1].partition("-")[0])
        error = error_from_answer("acme", SETTINGS, status, headers, path.read_bytes())
        wanted = EXPECTED.get(found[1]) or EXPECTED[str(status)]
        assert type(error) is wanted, path
        assert error.problem.count(":") >= 1, f"{path}: the provider's own words are missing"
        seen += 1
    assert seen >= sum(RECORDED.values())

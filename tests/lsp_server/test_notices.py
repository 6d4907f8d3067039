from __future__ import annotations

import pytest

from ghostlap.lsp_server.notices import Notices
from ghostlap.providers import AuthenticationFailed, Overloaded, StreamStalled


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def notices(shown: list[str]) -> Notices:
    notices = Notices()
    notices.open(shown.append)
    return notices


def test_what_was_said_before_the_editor_could_show_it_is_shown_then() -> None:
    notices, shown = Notices(), list[str]()
    notices.problem("debounce_ms is not a number.")
    notices.problem("debounce_ms is not a number.")
    notices.open(shown.append)
    notices.problem("debounce_ms is not a number.")
    notices.problem("another")
    assert shown == ["debounce_ms is not a number.", "another"]


def test_a_permanent_failure_is_shown_and_a_passing_one_only_logged(
    notices: Notices, shown: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    notices.failure(AuthenticationFailed("groq", "the key is refused", "set key_env", status=401))
    notices.failure(Overloaded("groq", "busy", status=503))
    assert shown == ["groq: the key is refused — set key_env"]
    assert "groq: busy" in caplog.text


def test_a_failure_is_said_once_for_each_provider_kind_and_status(
    notices: Notices, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        notices.failure(Overloaded("a", f"busy, {number} before you", status=503))
        notices.failure(Overloaded("a", "busy", status=529))
        notices.failure(Overloaded("b", "busy", status=503))
        notices.failure(StreamStalled("a", "silent"))
    assert len(caplog.records) == 4


def test_after_a_change_of_settings_failures_are_said_again(
    notices: Notices, shown: list[str]
) -> None:
    error = AuthenticationFailed("groq", "the key is refused")
    notices.failure(error)
    notices.forget_failures()
    notices.failure(error)
    assert shown == [str(error)] * 2

"""Settings explain themselves and never show a key."""

from __future__ import annotations

import pickle
from dataclasses import fields

import pytest

from ghostlap.providers._secret import Secret
from ghostlap.providers._settings import ProviderSettings

KEY = "sk-live-0123456789"


def test_every_setting_explains_itself() -> None:
    assert [each.name for each in fields(ProviderSettings) if not each.metadata.get("help")] == []


def test_every_default_lies_within_its_own_limits() -> None:
    for each in fields(ProviderSettings):
        value, limits = getattr(ProviderSettings(), each.name), each.metadata
        if value is not None and "minimum" in limits:
            assert limits["minimum"] <= value <= limits["maximum"], each.name
        assert value in limits.get("choices", (value,)), each.name


def test_the_repr_of_settings_shows_no_key_wherever_the_user_put_it() -> None:
    settings = ProviderSettings(
        base_url=f"https://user:{KEY}@host/v1?key={KEY}",
        key_command=("pass", KEY),
        headers={"x-api-key": KEY},
        body={"api_key": KEY},
        model="m",
    )
    assert KEY not in repr(settings)
    assert "https://host/v1" in repr(settings)
    assert "model='m'" in repr(settings)


def test_a_secret_shows_its_key_only_when_it_is_asked_to() -> None:
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == KEY
    assert secret == Secret(KEY)
    assert secret != Secret("other")
    assert not Secret("")


def test_a_secret_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(Secret(KEY))

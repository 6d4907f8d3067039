"""Proxy variables mean what they mean to httpx: its own client is asked to compare."""

from __future__ import annotations

import httpx
import pytest

from ghostlap.providers._proxies import proxy_for

PROXY = "http://proxy.test:3128"


def test_the_scheme_of_the_request_chooses_the_proxy() -> None:
    proxies = {"http": "http://one:1", "https": "http://two:2", "all": "http://three:3"}
    assert proxy_for("http://host/v1", proxies) == "http://one:1"
    assert proxy_for("https://host/v1", proxies) == "http://two:2"
    assert proxy_for("https://host/v1", {"all": "http://three:3"}) == "http://three:3"
    assert proxy_for("https://host/v1", {}) == ""


def test_a_proxy_without_a_scheme_is_an_http_proxy() -> None:
    assert proxy_for("https://host/v1", {"https": "proxy:8080"}) == "http://proxy:8080"


@pytest.mark.parametrize(
    ("url", "no_proxy"),
    [
        ("https://api.example.com/v1", "example.com"),
        ("https://example.com/v1", "example.com"),
        ("https://notexample.com/v1", "example.com"),
        ("https://example.com/v1", ".example.com"),
        ("https://api.example.com/v1", ".example.com"),
        ("https://example.com/v1", "other.test, example.com"),
        ("https://example.com:8443/v1", "example.com:8443"),
        ("https://example.com/v1", "example.com:8443"),
        ("https://example.com/v1", "*"),
        ("https://example.com/v1", ""),
        ("http://localhost:11434/v1", "localhost"),
        ("http://my.localhost:11434/v1", "localhost"),
        ("http://127.0.0.1:8000/v1", "127.0.0.1"),
        ("http://127.0.0.1:8000/v1", "127.0.0.0/8"),
        ("http://[::1]:8000/v1", "::1"),
        ("https://example.com/v1", "http://example.com"),
        ("https://example.com/v1", "https://example.com"),
        ("https://api.example.com/v1", "https://example.com"),
    ],
)
def test_no_proxy_exempts_the_hosts_that_httpx_exempts(
    url: str, no_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with httpx.Client() as client:
        direct = client._transport_for_url(httpx.URL(url)) is client._transport
    assert proxy_for(url) == ("" if direct else PROXY)

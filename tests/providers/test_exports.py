"""What the package offers, what it costs to import, and who may know the HTTP client."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import ghostlap.providers as package

SLOW = ("aiohttp", "httpx", "numpy", "yarl")


def test_the_package_exports_the_seam_and_its_errors() -> None:
    assert sorted(package.__all__) == [
        "AuthenticationFailed",
        "BadRequest",
        "CompletionRequest",
        "CompletionStream",
        "ConnectError",
        "DocumentObserver",
        "FirstTokenTimeout",
        "Judge",
        "NotFound",
        "Overloaded",
        "ProtocolError",
        "Provider",
        "ProviderError",
        "ProviderSettings",
        "ProviderTimeout",
        "RateLimited",
        "Snippet",
        "StatusError",
        "StreamStalled",
        "Truncated",
        "Verdict",
    ]
    assert all(hasattr(package, name) for name in package.__all__)


def test_nothing_slow_is_imported_before_a_provider_is_asked() -> None:
    program = (
        "import sys, ghostlap.providers, ghostlap.providers.registry, ghostlap.providers.scripted;"
        "import ghostlap.providers._transport, ghostlap.providers.openai_compatible;"
        f"print(*(name for name in {SLOW} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_only_the_transports_know_the_http_client() -> None:
    folder = Path(package.__file__).parent
    imported = re.compile(r"^\s*(import|from) (aiohttp|httpx|yarl)\b", re.MULTILINE)
    knowing = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if imported.search(path.read_text("utf-8"))
    }
    assert {name for name in knowing if "scripted" not in name} == {
        "_transport_errors.py",
        "_transport_pool.py",
        "_websocket.py",
        "openai_websocket.py",
    }

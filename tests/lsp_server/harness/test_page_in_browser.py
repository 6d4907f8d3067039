"""The page of a comparison in a real browser. The pictures are left in test-output/."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ghostlap.lsp_server.harness.result_page import page
from tests.lsp_server.harness.test_results import result

ROOT = Path(__file__).parents[3]
CHROMIUM = ROOT / ".cache" / "chromium" / "bin" / "chromium"
OUTPUT = ROOT / "test-output"

pytestmark = [
    pytest.mark.editor,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="no Chromium: tests/editors/fetch-chromium.sh gets it"
    ),
]


def chromium(profile: Path, *arguments: str) -> str:
    command = [str(CHROMIUM), "--headless", f"--user-data-dir={profile}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    return done.stdout


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_drawn_in_either_theme(tmp_path: Path, theme: str) -> None:
    OUTPUT.mkdir(exist_ok=True)
    file = tmp_path / "bench.html"
    text = page(result(late_ms=5.0)).replace("<html", f'<html data-theme="{theme}"')
    file.write_text(text, encoding="utf-8")
    picture = OUTPUT / f"bench-{theme}.png"
    picture.unlink(missing_ok=True)
    chromium(
        tmp_path / "profile",
        "--hide-scrollbars",
        "--window-size=1000,2000",
        f"--screenshot={picture}",
        file.as_uri(),
    )
    assert picture.stat().st_size > 40_000  # a blank page of this size takes a tenth of it


def test_what_the_browser_makes_of_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "bench.html"
    file.write_text(page(result()), encoding="utf-8")
    document = chromium(tmp_path / "profile", "--dump-dom", file.as_uri())
    assert document.count("<svg") == document.count("</svg>") == 3
    assert "NaN" not in document
    assert "Take desk: desk serves" in document

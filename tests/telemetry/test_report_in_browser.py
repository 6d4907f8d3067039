"""The report in a real browser. The pictures are left in test-output/, to be looked at."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ghostlap.telemetry.report import collect, page
from tests.bench._history import write_history

ROOT = Path(__file__).parents[2]
CHROMIUM = ROOT / ".cache" / "chromium" / "bin" / "chromium"
OUTPUT = ROOT / "test-output"

pytestmark = [
    pytest.mark.editor,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="no Chromium: tests/editors/fetch-chromium.sh gets it"
    ),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_history(folder / "telemetry.sqlite3", 8000)
    data = collect(folder / "telemetry.sqlite3")
    file = folder / "report.html"
    file.write_text(page(data, now=datetime(2026, 1, 2, tzinfo=UTC)), encoding="utf-8")
    return file


def chromium(profile: Path, *arguments: str) -> str:
    command = [str(CHROMIUM), "--headless", f"--user-data-dir={profile}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    return done.stdout


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_report_is_drawn_in_either_theme(report: Path, tmp_path: Path, theme: str) -> None:
    OUTPUT.mkdir(exist_ok=True)
    themed = tmp_path / f"{theme}.html"
    text = report.read_text(encoding="utf-8")
    themed.write_text(
        text.replace('<html lang="en">', f'<html lang="en" data-theme="{theme}">'), encoding="utf-8"
    )
    picture = OUTPUT / f"report-{theme}.png"
    picture.unlink(missing_ok=True)
    chromium(
        tmp_path / "profile",
        "--hide-scrollbars",
        "--window-size=1100,2600",
        f"--screenshot={picture}",
        themed.as_uri(),
    )
    assert picture.stat().st_size > 50_000  # a blank page of this size takes a tenth of it


def test_what_the_browser_makes_of_it_holds_every_figure(report: Path, tmp_path: Path) -> None:
    document = chromium(tmp_path / "profile", "--dump-dom", report.as_uri())
    assert document.count("<svg") == document.count("</svg>") == 8
    assert "NaN" not in document
    assert "Who wins the races" in document


def test_it_can_be_printed(report: Path, tmp_path: Path) -> None:
    paper = tmp_path / "report.pdf"
    chromium(tmp_path / "profile", f"--print-to-pdf={paper}", report.as_uri())
    assert paper.read_bytes().startswith(b"%PDF")

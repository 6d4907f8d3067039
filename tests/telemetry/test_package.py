from __future__ import annotations

import subprocess
import sys

import ghostlap.telemetry


def test_all_that_the_package_names_is_there() -> None:
    names = ghostlap.telemetry.__all__
    assert len(names) == len(set(names))
    assert all(getattr(ghostlap.telemetry, name) is not None for name in names)


def test_a_name_that_it_has_not_is_an_attribute_error() -> None:
    assert not hasattr(ghostlap.telemetry, "nonsense")


def test_importing_it_loads_neither_a_database_nor_a_renderer() -> None:
    program = "import sys, ghostlap.telemetry; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    heavy = {"sqlite3", "rich", "platformdirs", "logging", "numpy", "asyncio", "threading"}
    assert "ghostlap.telemetry" in loaded
    assert not heavy & set(loaded)

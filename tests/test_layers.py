"""The import contracts of pyproject.toml, held in every test run."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHECK = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"


def test_imports_keep_to_the_contracts() -> None:
    told = subprocess.run(
        [sys.executable, "-c", CHECK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout


def test_a_contract_that_is_broken_is_noticed(tmp_path: Path) -> None:
    config = tmp_path / "contracts.toml"
    config.write_text("""
        [tool.importlinter]
        root_packages = ["ghostlap.providers", "ghostlap.telemetry"]
        [[tool.importlinter.contracts]]
        name = "what is not so"
        type = "forbidden"
        source_modules = ["ghostlap.providers"]
        forbidden_modules = ["ghostlap.telemetry"]
    """)
    broken = CHECK.replace("no_cache", f"config_filename={str(config)!r}, no_cache")
    told = subprocess.run(
        [sys.executable, "-c", broken], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 1, told.stdout
    assert "what is not so BROKEN" in told.stdout

import subprocess
import sys

LATER = {
    "statistics",
    "sqlite3",
    "tempfile",
    "detect_secrets",
    "aiohttp",
    "ghostlap.lsp_server.shaping",
    "ghostlap.providers.policies.hedge",
    "ghostlap.providers.catalog",
}


def test_an_editor_waits_for_nothing_that_a_start_can_do_without() -> None:
    code = "import sys, ghostlap.lsp_server.server; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {*found.stdout.split()}
    assert "ghostlap.lsp_server.engine.flight" in loaded
    assert not LATER & loaded

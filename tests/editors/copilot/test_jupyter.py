"""The part of jupyter-copilot that speaks to the server, with ghostlap in the place of Node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.editor

PACKAGE = Path(__file__).parents[3] / ".cache" / "jupyter-copilot"

# Its thread restarts a server that ends, so it is not ended: it ends when its input does.
NOTEBOOK = """
import importlib.util, json, logging, os, sys
found = importlib.util.spec_from_file_location("lsp", sys.argv[1])
lsp = importlib.util.module_from_spec(found)
found.loader.exec_module(lsp)
client = lsp.LSPWrapper(logging.getLogger())
document = {"uri": "file:///notebook.ipynb", "version": 0}
opened = {**document, "languageId": "python", "text": "import math\\n\\nx = "}
client.send_notification("textDocument/didOpen", {"textDocument": opened})
signed_in = client.send_request("signInInitiate", {})
position = {"line": 2, "character": 4}
answer = client.send_request("getCompletions", {"doc": {**document, "position": position}})
changed = {"textDocument": {**document, "version": 1}, "contentChanges": [{"text": "y = "}]}
client.send_notification("textDocument/didChange", changed)
doc = {**document, "version": 1, "position": {"line": 0, "character": 4}}
later = client.send_request("getCompletions", {"doc": doc})
print(json.dumps([signed_in, answer, later]), flush=True)
os._exit(0)
"""


def test_a_notebook_gets_completions(user: dict[str, str], tmp_path: Path) -> None:
    wrapper = PACKAGE / "jupyter_copilot" / "lsp.py"
    if not wrapper.exists():
        absent = "jupyter-copilot was not fetched: see tests/editors/fetch-jupyter-copilot.sh"
        if os.environ.get("GHOSTLAP_REQUIRE_EDITORS"):
            pytest.fail(absent)
        pytest.skip(absent)
    config = tmp_path / "config.toml"
    config.write_text(
        'primary = "script"\ndebounce_ms = 0\n[providers.script]\ndialect = "scripted"\n'
        'script = { text = "total_of(first)" }\n'
    )
    places = {"GHOSTLAP_CONFIG": str(config), "GHOSTLAP_DATA_DIR": str(tmp_path)}
    ghostlap = str(Path(sys.executable).with_name("ghostlap"))
    told = subprocess.run(
        (sys.executable, "-I", "-c", NOTEBOOK, str(wrapper)),
        env={**user, **places, "JUPYTER_COPILOT_NODE_PATH": ghostlap},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    signed_in, answer, later = json.loads(told.stdout)
    assert signed_in["status"] == "AlreadySignedIn"
    assert [each["text"] for each in answer["completions"]] == ["x = total_of(first)"]
    assert [each["displayText"] for each in later["completions"]] == ["total_of(first)"]

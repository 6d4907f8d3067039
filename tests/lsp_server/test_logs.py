from __future__ import annotations

import subprocess
import sys

import pytest

from ghostlap.lsp_server.logs import describe


def test_an_exception_is_told_by_its_type_and_place_not_its_text() -> None:
    def deep(levels: int) -> None:
        if levels:
            deep(levels - 1)
        raise KeyError("secret_code")

    with pytest.raises(KeyError) as caught:
        deep(10)
    told = describe(caught.value)
    assert told.startswith("KeyError at test_logs.py:")
    assert told.count("<") == 3
    assert "secret" not in told
    assert describe(ValueError("secret")) == "ValueError"


SCRIPT = """
import logging, sys
from ghostlap.lsp_server.logs import set_up_logs
set_up_logs(sys.argv[1]); set_up_logs(sys.argv[1])
for level in ("debug", "info", "warning", "error"):
    logging.getLogger("ghostlap.lsp_server.engine").log(getattr(logging, level.upper()), level)
"""


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("ERROR", ["error"]),
        ("loud", ["GHOSTLAP_LOG", "GHOSTLAP_LOG", "warning", "error"]),
    ],
)
def test_the_level_is_taken_from_its_name(level: str, said: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, level], capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    assert len(lines) == len(said)
    assert all(word in line for word, line in zip(said, lines, strict=True))
    assert done.stdout == ""

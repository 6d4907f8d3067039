"""What is typed in the replay, and when: ten real files, a stretch of each typed anew.

Nine come with the packages that requirements.lock pins, so that they are the same on every machine;
one is the project's own. Gaps and slips depend on nothing but the file and the place in it.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

from ghostlap.telemetry.workload import Key, Manuscript, take_out
from tests.bench._driver import ROOT, BenchError

__all__ = ["FILES", "Key", "Manuscript", "manuscripts"]

_PACKAGES = Path(sysconfig.get_path("purelib"))
_SAMPLES = (
    (_PACKAGES / "rich/table.py", "python"),
    (_PACKAGES / "httpx/_models.py", "python"),
    (_PACKAGES / "aiohttp/web_response.py", "python"),
    (_PACKAGES / "mypyc/lib-rt/str_ops.c", "c"),
    (_PACKAGES / "numpy/f2py/src/fortranobject.c", "c"),
    (_PACKAGES / "numpy/_core/tests/data/generate_umath_validation_data.cpp", "cpp"),
    (_PACKAGES / "importlinter/ui/static/explorer.js", "javascript"),
    (_PACKAGES / "urllib3/contrib/emscripten/emscripten_fetch_worker.js", "javascript"),
    (_PACKAGES / "importlinter/ui/static/styles.css", "css"),
    (ROOT / "tests/debian.sh", "shellscript"),
)
FILES = len(_SAMPLES)


def manuscripts(keys: int) -> list[Manuscript]:
    """Return the ten files, each with a stretch that takes at least so many keys out."""
    return [_manuscript(path, language, keys) for path, language in _SAMPLES]


def _manuscript(path: Path, language: str, keys: int) -> Manuscript:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{path} can't be read: {error.strerror}; run make setup") from error
    found = take_out(path.name, language, text, keys)
    if found is None:
        raise BenchError(f"{path.name} has no {keys} keys from its middle on; ask for fewer --keys")
    return found

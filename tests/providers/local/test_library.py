"""The standard library's index, made by its own process."""

import asyncio
import os
from pathlib import Path

from ghostlap.providers.local.build import build
from ghostlap.providers.local.library import build_library, library_path


def test_indexes_of_other_versions_and_half_done_ones_do_not_pile_up(tmp_path: Path) -> None:
    other = tmp_path / "python-3.9-0123456789abcdef.index"
    build(["x = 1\n"], other)
    old = tmp_path / "python-3.11-0123456789abcdef.index"
    old.write_bytes(b"ghostlap index 1\n")
    half_done = tmp_path / f"{other.name}.4711"
    half_done.write_bytes(other.read_bytes())
    for path in (other, old, half_done):
        os.utime(path, (1, 1))
    new = tmp_path / f"{other.name}.4712"
    new.write_bytes(b"")
    asyncio.run(build_library(library_path(tmp_path)))
    assert {*tmp_path.iterdir()} == {other, new, library_path(tmp_path)}

"""The standard library's index, made by its own process."""

import asyncio
import os
import struct
from pathlib import Path

import pytest

from ghostlap.providers.local.build import build
from ghostlap.providers.local.library import build_library, library_path, open_library
from ghostlap.providers.local.query import query_at


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


def test_one_that_leads_astray_is_silent_said_to_be_so_and_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.index"
    build(["alpha = beta\n" * 9], path)
    segment = open_library(path)
    assert segment
    beta = struct.pack(">I", segment.numbered("beta", 1)[0])
    raw = path.read_bytes()
    path.unlink()
    path.write_bytes(raw.replace(beta, b"\x7f" * 4))
    segment = open_library(path)
    assert segment
    query, half, _ = query_at("alpha =")
    assert [segment.places(query, half) for _ in range(2)] == [None, None]
    assert caplog.text.count("made anew") == len(caplog.messages) == 1
    assert open_library(path) is None

"""The file that an index is kept in: named arrays behind a header that says what was indexed.

Layout: the magic, the length of a JSON header as 8 bytes (little-endian), the header (where each
array stands, what was indexed), the arrays, each aligned to 8 bytes.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ARRAYS", "MAGIC", "IndexFileInvalid", "map_index", "write_index"]

MAGIC = b"ghostlap index 2\n"
ARRAYS = {
    "tokens": ">u4",  # last first; big-endian, so that comparing bytes compares numbers
    "shapes": ">u4",
    "by_context": "i4",
    "by_shape": "i4",
    "file_starts": "i4",
    "word_shapes": "u1",
    "word_ends": "u4",
    "word_bytes": "u1",
    "counts": "i4",
    "places": "i4",
}


class IndexFileInvalid(Exception):
    """The file is not an index of this version, or it is damaged. It can be built anew."""


def write_index(path: Path, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    """Write an index file, which is complete or not there at all."""
    data = {name: np.ascontiguousarray(arrays[name], dtype=kind) for name, kind in ARRAYS.items()}
    places: dict[str, list[int]] = {}
    at = 0
    for name, each in data.items():
        places[name] = [at, len(each)]
        at += -(-each.nbytes // 8) * 8
    header = json.dumps({"about": about, "arrays": places, "order": sys.byteorder}).encode()
    padding = -(len(MAGIC) + 8 + len(header)) % 8
    half_done = path.with_name(f"{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with half_done.open("wb") as file:
            file.write(MAGIC + struct.pack("<Q", len(header) + padding) + header + b" " * padding)
            for each in data.values():
                file.write(each.tobytes())
                file.write(bytes(-each.nbytes % 8))
        half_done.replace(path)
    finally:
        half_done.unlink(missing_ok=True)


def map_index(path: Path) -> tuple[mmap.mmap, dict[str, NDArray[Any]], dict[str, Any]]:
    """Map an index file: its bytes, its arrays, what was indexed.

    Raises `IndexFileInvalid`, and OSError where the file can't be read.
    """
    with path.open("rb") as file:
        try:
            raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise IndexFileInvalid("it is empty") from error
    if raw[: len(MAGIC)] != MAGIC:
        raise IndexFileInvalid("it is not an index of this version")
    try:
        (length,) = struct.unpack_from("<Q", raw, len(MAGIC))
        start = len(MAGIC) + 8 + length
        header = json.loads(raw[len(MAGIC) + 8 : start])
        if header["order"] != sys.byteorder:
            raise IndexFileInvalid("it was made on another kind of machine")
        arrays = {}
        for name, kind in ARRAYS.items():
            at, count = header["arrays"][name]
            arrays[name] = np.frombuffer(raw, kind, count, start + at)
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise IndexFileInvalid("its header is damaged, or it is cut off") from error
    _check(arrays)
    return raw, arrays, dict(header["about"])


def _check(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse what would read beyond an array. What stands in them is not looked at."""
    if len(arrays["tokens"]) != len(arrays["shapes"]):
        raise IndexFileInvalid("its tokens and their shapes do not match")
    if len(arrays["counts"]) != 2 * len(arrays["word_shapes"]):
        raise IndexFileInvalid("its words and their shapes do not match")
    if len(arrays["by_context"]) != len(arrays["by_shape"]):
        raise IndexFileInvalid("its orders do not match")

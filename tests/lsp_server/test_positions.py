from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostlap.lsp_server.documents.positions import (
    PositionEncoding,
    character_at,
    choose_encoding,
    index_at,
)

UTF_8, UTF_16, UTF_32 = PositionEncoding


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["utf-8", "utf-16"], UTF_8),
        (["utf-16", "utf-8"], UTF_16),
        (["utf-32"], UTF_32),
        (["utf-7", "utf-32"], UTF_32),
        (["utf-7"], UTF_16),
        ([], UTF_16),
        (None, UTF_16),
        ([3, None, ["utf-8"]], UTF_16),
    ],
)
def test_the_clients_first_known_encoding_is_taken(
    offered: list[object] | None, chosen: PositionEncoding
) -> None:
    assert choose_encoding(offered) is chosen


@settings(max_examples=200, deadline=None, database=None)
@given(
    st.text(st.characters(), max_size=12),
    st.integers(0, 12),
    st.sampled_from(PositionEncoding),
)
def test_a_code_point_turned_into_a_character_turns_back(
    text: str, index: int, encoding: PositionEncoding
) -> None:
    index = min(index, len(text))

    assert index_at(text, character_at(text, index, encoding), encoding) == index


@pytest.mark.parametrize(
    ("encoding", "indices"),
    [
        (UTF_8, [0, 0, 1, 1, 1, 1, 2, 3, 3]),  # é is 2 bytes, 😀 is 4
        (UTF_16, [0, 1, 1, 2, 3, 3, 3, 3, 3]),
        (UTF_32, [0, 1, 2, 3, 3, 3, 3, 3, 3]),
    ],
)
def test_every_character_has_its_code_point(encoding: PositionEncoding, indices: list[int]) -> None:
    found = [index_at("é😀x", character, encoding) for character in range(len(indices))]

    assert found == indices


def test_a_negative_character_is_the_start() -> None:
    for encoding in PositionEncoding:
        assert index_at("é😀x", -1, encoding) == 0

"""Sorting positions by what stands before them, held against a sort of the contexts themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostlap.providers.local.sorted_contexts import DEPTH, sort_by_context

EDGE = [8] * 2 * DEPTH


def one_by_one(codes: list[int], count: int) -> list[int]:
    """Sort the contexts as they stand; what ties stands as in the stream."""
    return sorted(range(count), key=lambda at: codes[at + 1 : at + 1 + DEPTH])


def in_order(stream: list[int]) -> list[int]:
    order: list[int] = sort_by_context(np.array(stream + EDGE, np.int64), len(stream)).tolist()
    return order


@given(st.lists(st.integers(0, 3), max_size=200) | st.lists(st.integers(0, 200_000)))
def test_positions_are_in_the_order_of_their_contexts(stream: list[int]) -> None:
    assert in_order(stream) == one_by_one(stream + EDGE, len(stream))


@pytest.mark.parametrize("most", [1, 2, 12, 300, 70_000, 200_000])
def test_they_are_so_however_many_codes_fit_into_one_number(most: int) -> None:
    rng = np.random.default_rng(most)
    stream = (rng.zipf(1.2, 20_000) % most).tolist()
    stream += stream[500:2_500]  # contexts that are equal further than anybody looks
    assert in_order(stream) == one_by_one(stream + EDGE, len(stream))


def test_the_same_code_throughout_leaves_the_stream_as_it_is() -> None:
    assert in_order([8] * 1_000) == [*range(1_000)]


def test_nothing_has_no_order() -> None:
    assert in_order([]) == []

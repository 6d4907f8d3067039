from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostlap.telemetry._quantiles import quantile

values = st.lists(st.integers(0, 10**11), min_size=1, max_size=300)


@given(values, st.integers(1, 1000))
def test_it_is_the_smallest_value_that_enough_values_do_not_exceed(
    latencies: list[int], permille: int
) -> None:
    enough = [
        value
        for value in latencies
        if 1000 * sum(other <= value for other in latencies) >= permille * len(latencies)
    ]
    assert quantile(sorted(latencies), permille) == min(enough)


@pytest.mark.parametrize(
    ("count", "permille", "expected"),
    [(1, 500, 1), (2, 500, 1), (4, 500, 2), (100, 950, 95), (100, 990, 99), (99, 990, 99)],
)
def test_of_the_first_integers_it_is_the_rank(count: int, permille: int, expected: int) -> None:
    assert quantile(range(1, count + 1), permille) == expected

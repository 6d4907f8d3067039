from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostlap.telemetry._quantiles import quantile
from ghostlap.telemetry.histogram import Histogram, upper_bound_s

durations = st.lists(st.integers(0, 120 * 10**9), max_size=60)


def state(histogram: Histogram) -> object:
    return histogram.to_json()


@given(durations, durations)
def test_merging_is_counting_together(first: list[int], second: list[int]) -> None:
    merged = Histogram.of(first)
    merged.merge(Histogram.of(second))
    assert state(merged) == state(Histogram.of(first + second))


@given(durations)
def test_adding_at_once_is_adding_one_by_one(values: list[int]) -> None:
    at_once = Histogram()
    at_once.add_all(np.array(values, dtype=np.int64))
    assert state(at_once) == state(Histogram.of(values))


@given(st.lists(st.integers(1, 120 * 10**9), min_size=1, max_size=60), st.integers(1, 1000))
def test_a_quantile_is_off_by_no_more_than_half_a_bucket(values: list[int], permille: int) -> None:
    found = Histogram.of(values).quantile_ns(permille)
    assert found == pytest.approx(quantile(sorted(values), permille), rel=0.0110, abs=1)


@given(durations)
def test_what_is_written_is_read_again(values: list[int]) -> None:
    histogram = Histogram.of(values)
    read = Histogram.from_json(json.loads(json.dumps(histogram.to_json())))
    assert state(read) == state(histogram)


@given(st.integers(1, 120 * 10**9))
def test_a_bucket_holds_what_lies_within_its_bounds(value: int) -> None:
    (index,) = Histogram.of([value]).buckets
    # The logarithm's last digit may put a value that is a bound into the next bucket.
    assert (
        upper_bound_s(index - 1) * (1 - 1e-12) < value / 1e9 <= upper_bound_s(index) * (1 + 1e-12)
    )


def test_bounds_are_those_of_an_exponential_histogram_of_scale_5() -> None:
    assert upper_bound_s(-1) == 1.0
    assert upper_bound_s(31) == 2.0
    assert upper_bound_s(0) == pytest.approx(2 ** (1 / 32))


def test_an_empty_histogram_has_nothing_to_say() -> None:
    assert Histogram().quantile_ns(500) is None
    assert Histogram().share_within(10**9) is None


def test_the_share_within_a_limit_counts_whole_buckets_whole() -> None:
    histogram = Histogram.of([10**7, 2 * 10**7, 10**9, 0])
    assert histogram.share_within(10**8) == 3 / 4

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostlap.lsp_server.quantiles import median, quantile

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=70)


@given(VALUES)
def test_the_quartiles_are_those_of_the_standard_library(values: list[float]) -> None:
    found = [quantile(values, share) for share in (0.25, 0.5, 0.75)]
    inside = [min(max(each, min(values)), max(values)) for each in statistics.quantiles(values)]
    assert found == pytest.approx(inside)  # the library's may lie beyond two or three values


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=70))
def test_the_median_is_that_of_the_standard_library(values: list[float]) -> None:
    assert median(values) == pytest.approx(statistics.median(values))


def test_there_is_none_of_no_values() -> None:
    with pytest.raises(IndexError):
        quantile([], 0.5)

"""Kaplan-Meier against scipy's: another implementation, which we know nothing of."""

import warnings
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import CensoredData, ecdf  # type: ignore[import-untyped] # it ships no types

from ghostlap.telemetry.what_if import Floats, interval, quantiles, resampled, survival

Flags = npt.NDArray[np.bool_]


def typed(seed: int, count: int = 400) -> tuple[Floats, Flags]:
    """Latencies to whole ms, so that some are alike, and about a third are cut by a next key."""
    random = Random(seed)
    times, seen = [], []
    for _ in range(count):
        late = random.lognormvariate(5.2, 0.6)
        until = random.lognormvariate(5.7, 0.7)
        times.append(float(round(min(late, until))))
        seen.append(late <= until)
    return np.array(times), np.array(seen)


def theirs(times: Floats, seen: Flags) -> Any:
    data = CensoredData(uncensored=times[seen], right=times[~seen])
    return ecdf(data).sf


@pytest.mark.parametrize("seed", range(5))
def test_survival_is_that_of_scipy(seed: int) -> None:
    times, seen = typed(seed)
    curve = theirs(times, seen)
    ordered, left = survival(times, seen, np.ones((1, len(times))))
    assert left[0, _last_of_each(ordered)] == pytest.approx(curve.probabilities, abs=1e-12)
    assert np.unique(ordered) == pytest.approx(curve.quantiles)


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_are_those_of_scipys_curve(seed: int) -> None:
    times, seen = typed(seed)
    curve = theirs(times, seen)
    shares = (0.1, 0.5, 0.75, 0.9)
    for share, found in zip(shares, _ours(times, seen, shares), strict=True):
        assert found == _reached(curve.quantiles, curve.probabilities, share)


@pytest.mark.parametrize("seed", range(5))
def test_a_weight_is_that_many_observations_to_scipy(seed: int) -> None:
    """A round of the bootstrap is weights; scipy is given each one so many times."""
    times, seen = typed(seed, 60)
    weights = resampled([*range(len(times))], seed, rounds=1)
    often = weights[1].astype(int)
    curve = theirs(np.repeat(times, often), np.repeat(seen, often))
    found = quantiles(times, seen, weights, (0.25, 0.5))[1]
    for share, ours in zip((0.25, 0.5), found, strict=True):
        assert ours == _reached(curve.quantiles, curve.probabilities, share)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_intervals_are_about_as_wide_as_those_by_greenwood(share: float) -> None:
    """Brookmeyer and Crowley's: the times at which scipy's band still holds the share.

    Where each observation is its own cluster the bootstrap has to come out near it.
    """
    ratios = []
    for seed in range(8):
        times, seen = typed(seed)
        curve = theirs(times, seen)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where nobody, or everybody, is left it has no bounds
            band = curve.confidence_interval(method="log-log")
        low = _reached(curve.quantiles, band.low.probabilities, share)
        high = _reached(curve.quantiles, band.high.probabilities, share)
        rounds = quantiles(times, seen, resampled([*range(len(times))], seed), (share,))[:, 0]
        ours = interval(rounds, len(times))
        assert ours is not None
        assert ours[0] < high
        assert ours[1] > low
        ratios.append((ours[1] - ours[0]) / (high - low))
    assert np.median(ratios) == pytest.approx(1.0, abs=0.2)


def _ours(times: Floats, seen: Flags, shares: tuple[float, ...]) -> list[float]:
    return [*quantiles(times, seen, np.ones((1, len(times))), shares)[0]]


def _last_of_each(ordered: Floats) -> Flags:
    return np.append(ordered[1:] != ordered[:-1], True)


def _reached(times: Floats, left: Floats, share: float) -> float:
    """The first time that no more than the rest of `share` outlasts; the last where none is."""
    reached = left <= 1 - share + 1e-9
    return float(times[np.argmax(reached)] if reached.any() else times[-1])

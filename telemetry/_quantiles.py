from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["quantile"]


def quantile(ordered: Sequence[int] | npt.NDArray[np.int64], permille: int) -> int:
    """The smallest value that at least `permille` thousandths of the values do not exceed.

    The inverse of the empirical distribution function (Hyndman and Fan's type 1): always a value
    that was measured, so that no latency is reported between two modes where there was none. Below
    1000 / (1000 - permille) values it is the largest one: a p99 of fewer than 100 is the maximum.

    `ordered` ascends and is not empty; `permille` is within 1 to 1000, and whole: with 0.95 the
    rank would hang on the rounding of a product.
    """
    rank = -(-permille * len(ordered) // 1000)
    return int(ordered[rank - 1])

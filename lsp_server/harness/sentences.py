"""What a comparison comes to, in words that a person can act on."""

from __future__ import annotations

from ghostlap.lsp_server.harness.figures import HEADLINE_MS, LATE_MS, Comparison, Figures

__all__ = ["comparison_sentence", "lag_sentence"]

_FEW = 100
_MOST_TIMES = 20.0
_WORTH = 0.02
"""Below two keys in a hundred nobody notices a difference."""


def comparison_sentence(first: str, second: str, found: Comparison) -> str:
    """Say who serves more keys in time, by how much, and how sure that is."""
    if found.within.value is None or found.within.interval is None or found.pairs < _FEW:
        return (
            f"{first} or {second}: {found.pairs} keys in common are too few to tell; "
            "type a longer workload."
        )
    gain, (low, high) = found.within.value, found.within.interval
    better, worse = (second, first) if gain > 0 else (first, second)
    if gain < 0:
        gain, low, high = -gain, -high, -low
    told = (
        f"{better} serves {_points(gain)} more of the keys within {HEADLINE_MS} ms than {worse} "
        f"(95% CI {_points(low)} to {_points(high)}, {found.pairs} keys)"
    )
    if low > 0 and gain >= _WORTH:
        return f"Take {better}: {told}{_latency(first, second, found)}."
    if high < _WORTH:
        return (
            f"{first} and {second} serve alike within {HEADLINE_MS} ms, to {_points(high)} of the "
            f"keys{_latency(first, second, found)}: take the cheaper one."
        )
    if low > 0:
        return f"{told}, which hardly anybody notices: take the cheaper one."
    more = max(2.0, ((high - low) / max(2 * gain, _WORTH)) ** 2)
    needed = (
        f"type about {more:.0f} times as much"
        if more <= _MOST_TIMES
        else "they are too close for any more typing to tell soon"
    )
    return (
        f"{first} or {second}: not settled, {better} serves between {_points(low)} and "
        f"{_points(high)} more of the keys within {HEADLINE_MS} ms; {needed}."
    )


def _latency(first: str, second: str, found: Comparison) -> str:
    value, interval = found.latency_ms.value, found.latency_ms.interval
    if value is None or interval is None:
        return ""
    sooner, later = (second, first) if value < 0 else (first, second)
    if interval[0] <= 0 <= interval[1]:
        return ", at about the same latency where both do"
    low, high = sorted(map(abs, interval))
    return (
        f", and where both do {sooner} is {_ms(abs(value))} ms sooner than {later} "
        f"(95% CI {_ms(low)} to {_ms(high)})"
    )


def lag_sentence(name: str, found: Figures, stolen_s: float | None = None) -> str:
    """Say that an arm's load was not what the workload says; empty where it was."""
    if not found.fell_behind:
        return ""
    host = f", and the host of this virtual machine took {stolen_s:.1f} s of it" if stolen_s else ""
    return (
        f"The load fell behind: keys for {name} were pressed up to {found.lag_p99_ms:.1f} ms late "
        f"(p99; {LATE_MS:g} ms are allowed), since this machine was busy{host}. Its figures tell "
        "of that too; end what else runs, and repeat."
    )


def _ms(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _points(share: float) -> str:
    return f"{100 * share:.1f}%"

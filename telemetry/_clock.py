"""The one clock that durations are taken from."""

from time import monotonic_ns, time_ns

__all__ = ["monotonic_ns", "wall_clock_offset_ns"]


def wall_clock_offset_ns() -> int:
    """Nanoseconds to add to a monotonic stamp to read it as Unix time.

    Taken once per server process: only the day and hour of a row come from it, never a duration.
    """
    return time_ns() - monotonic_ns()

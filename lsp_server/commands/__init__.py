"""What `ghostlap` can do: one module per command, named as it.

A module's docstring is the command's help. `add_arguments(parser)` declares its options, and
`run(args)` returns the exit code; what only it needs is imported there. It may raise `Failure`.
"""

from __future__ import annotations

__all__ = ["Failure"]


class Failure(Exception):
    """A command could not do its work. `str()` is one sentence for the user, without secrets."""

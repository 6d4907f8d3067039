"""What a user can change about the embedded engine."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["EAGERNESS", "EmbeddedSettings"]

EAGERNESS = {"quiet": 0.8, "balanced": 0.7, "eager": 0.5}
"""The words for τ: the share of displayed texts that should turn out to be right."""


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """Each field's metadata says how it is to be explained and checked."""

    eagerness: str = field(
        default="balanced",
        metadata={
            "help": "how sure it must be: quiet shows less and errs less, eager the reverse",
            "choices": tuple(EAGERNESS),
        },
    )
    confidence: float = field(
        default=0.0,
        metadata={
            "help": "the share of the shown texts that shall be right; 0 leaves it to eagerness",
            "minimum": 0.0,
            "maximum": 0.99,
        },
    )
    multi_line: bool = field(
        default=True,
        metadata={"help": "go on past the line's end while the engine is sure"},
    )
    standard_library: bool = field(
        default=True,
        metadata={"help": "learn from the Python standard library, for Python files"},
    )
    workspace: bool = field(
        default=True,
        metadata={"help": "learn from the source files of the folders that the editor has open"},
    )
    workspace_mb: int = field(
        default=25,
        metadata={
            "help": "how many MB of source are indexed at most, the most recently changed first",
            "minimum": 1,
            "maximum": 500,
        },
    )
    installed_packages: bool = field(
        default=True,
        metadata={"help": "learn from the installed packages that a Python project imports"},
    )
    cache_dir: str = field(
        default="",
        metadata={"help": "folder for index files; empty for the user's cache directory"},
    )

    @property
    def threshold(self) -> float:
        """τ: the share of the shown texts that shall be right."""
        return self.confidence or EAGERNESS[self.eagerness]

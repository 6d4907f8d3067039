"""What a user can say about what is sent, and how an opened folder can only ask for less."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

__all__ = ["ContextSettings"]


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """Each field's metadata says how it is to be explained and checked."""

    remote: bool = field(
        default=True,
        metadata={
            "help": "send code to the provider; false: nothing leaves this machine",
            "narrows_to": False,
        },
    )
    snippets: bool = field(
        default=True,
        metadata={
            "help": "send pieces of other open files that resemble the code at the cursor",
            "narrows_to": False,
        },
    )
    max_file_kb: int = field(
        default=1000,  # generated code and data lie above; no file that a person edits
        metadata={
            "help": "the largest file of which anything is sent",
            "minimum": 1,
            "maximum": 100_000,
            "lowers": True,
        },
    )
    exclude: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "patterns as in .gitignore of files that are never sent, besides those that "
            ".gitignore and .ghostlapignore name"
        },
    )
    exclude_languages: tuple[str, ...] = field(
        default=(), metadata={"help": "languages, by their LSP names, of which nothing is sent"}
    )

    def narrowed_by(self, other: ContextSettings) -> ContextSettings:
        """Return what both allow."""
        return replace(
            self,
            remote=self.remote and other.remote,
            snippets=self.snippets and other.snippets,
            max_file_kb=min(self.max_file_kb, other.max_file_kb),
            exclude=_union(self.exclude, other.exclude),
            exclude_languages=_union(self.exclude_languages, other.exclude_languages),
        )


def _union(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """Of two patterns the later one decides, so ours come last, all of them."""
    return (*(each for each in theirs if each not in ours), *ours)

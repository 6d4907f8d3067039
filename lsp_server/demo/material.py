"""Which file the demo types in, and which of its lines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "LANGUAGES",
    "Material",
    "Passage",
    "choose_file",
    "choose_passage",
    "read_material",
    "source_files",
]

LANGUAGES = {
    ".c": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".cs": "csharp",
    ".go": "go",
    ".h": "c",
    ".hpp": "cpp",
    ".java": "java",
    ".js": "javascript",
    ".jsx": "javascriptreact",
    ".kt": "kotlin",
    ".lua": "lua",
    ".php": "php",
    ".py": "python",
    ".rb": "ruby",
    ".rs": "rust",
    ".swift": "swift",
    ".ts": "typescript",
    ".tsx": "typescriptreact",
}
"""File endings, and what LSP calls their language."""

# Folders that hold what somebody else wrote, or a program did; those with a dot are hidden anyway.
_FOREIGN = frozenset(
    {
        *("__pycache__", "bower_components", "build", "dist", "env", "node_modules", "out"),
        *("site-packages", "target", "third_party", "vendor", "venv"),
    }
)
# Tests repeat themselves, and would flatter the figures.
_TEST = re.compile(r"(?:^|[._-])tests?(?:[._-]|$)|^(?:conftest|spec)\b|\.spec\.", re.IGNORECASE)
_MIN_BYTES, _MAX_BYTES = 3_000, 200_000
_MAX_ENTRIES = 20_000  # a home folder is no project: what was found by then has to do
_MAX_LINE = 160  # longer ones are data, or were written by a program

_JUDGED_LINES, _MOSTLY = 25, 0.75
_BLOCK_BEGINS = re.compile(r"[:{]\s*$|^\s*$")
_BLANK_OR_COMMENT = re.compile(r"\s*(?:#|//|/?\*|--|\"\"\"|'''|$)")
_TEXT_MARKS = {"python": re.compile(r"\"\"\"|'''")}
_COMMENT_MARKS = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Material:
    """A source file."""

    path: Path
    language: str
    lines: tuple[str, ...]
    """Without their ends."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A file with some lines taken out, which are to be typed."""

    material: Material
    start: int
    """The first line that was taken out, from 0."""
    stop: int
    """The line after the last one."""

    @property
    def before(self) -> tuple[str, ...]:
        return self.material.lines[: self.start]

    @property
    def wanted(self) -> str:
        """What is to be typed; the server never sees it otherwise."""
        return "\n".join(self.material.lines[self.start : self.stop])

    @property
    def indentation(self) -> str:
        """What `wanted` begins with: it stands there before the first key."""
        return self.wanted[: len(self.wanted) - len(self.wanted.lstrip(" \t"))]

    @property
    def after(self) -> tuple[str, ...]:
        return self.material.lines[self.stop :]


def choose_file(folder: Path) -> Material | None:
    """Return the largest source file below `folder` that a person may have written and typed."""
    found = [(size, path) for size, path in source_files(folder) if size <= _MAX_BYTES]
    for size, path in sorted(found, key=lambda each: each[0], reverse=True):
        if size < _MIN_BYTES:
            return None
        try:
            material = read_material(path)
        except (OSError, UnicodeDecodeError):
            continue  # it is not ours to read, or no text
        if max(map(len, material.lines)) <= _MAX_LINE:
            return material
    return None


def source_files(folder: Path) -> Iterator[tuple[int, Path]]:
    """Yield sizes and paths, those near the top first."""
    seen, folders = 0, [folder]
    while folders and seen < _MAX_ENTRIES:
        try:
            with os.scandir(folders.pop(0)) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            continue
        seen += len(entries)
        for entry in entries:
            if entry.name.startswith(".") or _TEST.search(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _FOREIGN:
                    folders.append(Path(entry))
            elif Path(entry.name).suffix.lower() in LANGUAGES and entry.is_file():
                yield entry.stat().st_size, Path(entry)


def read_material(path: Path) -> Material:
    """Read a file, whatever its line ends. Raises OSError and UnicodeDecodeError."""
    text = path.read_text(encoding="utf-8-sig")
    language = LANGUAGES.get(path.suffix.lower(), "plaintext")
    return Material(path, language, tuple(text.split("\n")))


def choose_passage(material: Material, wanted_lines: int) -> Passage | None:
    """Take out the first stretch behind the file's middle that is mostly code, not prose.

    Of `wanted_lines`, or fewer at the file's end; None when there is nothing to type. What would be
    suggested there plays no part in it.
    """
    lines = material.lines
    is_code = _code_lines(material)
    later = [line for line in range(max(1, len(lines) // 2), len(lines)) if is_code[line]]
    starts = [line for line in later if _BLOCK_BEGINS.search(lines[line - 1])] or later
    if not starts:
        return None

    def share_of_code(line: int) -> float:
        return sum(is_code[line : line + _JUDGED_LINES]) / _JUDGED_LINES

    mostly_code = (line for line in starts if share_of_code(line) >= _MOSTLY)
    start = next(mostly_code, None) or max(starts, key=share_of_code)
    stop = min(start + max(1, wanted_lines), len(lines))
    while not is_code[stop - 1]:
        stop -= 1
    return Passage(material, start, stop)


def _code_lines(material: Material) -> list[bool]:
    """Tell which lines are neither blank nor comment, nor within a text of several lines."""
    marks = _TEXT_MARKS.get(material.language, _COMMENT_MARKS)
    told, mark = [], ""
    for line in material.lines:
        inside, mark = mark, _open_mark(marks.findall(line), mark)
        told.append(not (inside or mark or _BLANK_OR_COMMENT.match(line)))
    return told


def _open_mark(found: Sequence[str], mark: str) -> str:
    """Return what ends the text that is open behind a line with these marks, "" when none is."""
    for each in found:
        if not mark:
            mark = {"/*": "*/", "*/": ""}.get(each, each)
        elif each == mark:
            mark = ""
    return mark

"""Text that says again what stands there, or itself."""

from __future__ import annotations

__all__ = ["cut_at_lines_below", "cut_loop", "repeats_line_above"]

_RECURS = frozenset(
    {"begin", "break", "continue", "do", "done", "else", "end", "endif", "esac", "fi"}
    | {"finally", "pass", "return", "then", "try"}
)
"""Words that make a line of their own, over and over, by right."""
_LOOP_LINES = 3
"""The same line this often in a row is a model that has lost its thread."""
_LOOP_CHARS = 12
_LOOP_TIMES = 4


def _is_telling(line: str) -> bool:
    """Whether a line says enough for its repetition to mean something: not `}`, not `else:`."""
    word = line.strip(" \t:;{}()[],")
    return sum(char.isalnum() for char in word) > 2 and word not in _RECURS


def cut_at_lines_below(text: str, line_prefix: str, suffix: str, *, finished: bool) -> str:
    """End the text before the line that stands next below the cursor already.

    The last line counts when the text has `finished`: until then it may go on.
    """
    below = next((line.strip() for line in suffix.split("\n")[1:] if line.strip()), "")
    if not _is_telling(below):
        return text
    lines = text.split("\n")
    complete = len(lines) if finished else len(lines) - 1
    for number in range(complete):
        whole = (line_prefix + lines[number] if number == 0 else lines[number]).strip()
        if whole == below:
            return "\n".join(lines[:number])
    return text


def repeats_line_above(text: str, prefix: str, line_prefix: str) -> bool:
    """Tell whether the completed first line is the telling line just above it, word for word."""
    above = prefix[: len(prefix) - len(line_prefix)].rstrip("\n").rpartition("\n")[2].strip()
    first = (line_prefix + text.partition("\n")[0]).strip()
    return _is_telling(above) and first == above and not line_prefix.strip()


def cut_loop(text: str) -> str:
    """Keep the first of a line, or of a run of characters, that repeats without end."""
    lines = text.split("\n")
    bare = [line.strip() for line in lines]
    for at in range(len(lines) - _LOOP_LINES + 1):
        if _is_telling(bare[at]) and len(set(bare[at : at + _LOOP_LINES])) == 1:
            return "\n".join(lines[: at + 1])
    last = lines[-1]
    for size in range(_LOOP_CHARS, len(last) // _LOOP_TIMES + 1):
        unit = last[-size:]
        if last.endswith(unit * _LOOP_TIMES) and _is_telling(unit):
            start = last.find(unit)
            return "\n".join([*lines[:-1], last[: start + size]])
    return text

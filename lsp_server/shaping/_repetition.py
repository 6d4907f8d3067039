"""Text that says again what stands there, or itself."""

from __future__ import annotations

import re

__all__ = ["closes_again", "cut_at_lines_below", "cut_loop", "is_telling", "repeats_line_above"]

_RECURS = frozenset(
    {"begin", "break", "continue", "do", "done", "else", "end", "endif", "esac", "fi"}
    | {"finally", "pass", "return", "then", "try", "None", "null", "nil", "true", "false"}
)
"""Words that make a line of their own, over and over, by right."""
_LOOP_TIMES = 3
"""The same lines this often in a row are a model that has lost its thread."""
_LOOP_LINES = 4
_THREE_LETTERS = re.compile(r"(?:[^\W_][\W_]*){3}")
_LETTER = re.compile(r"[^\W\d_]")
_TWO = re.compile(r"[^\W_].*[^\W_]", re.DOTALL)
_RUN_CHARS = 12
_RUN_TIMES = 4


def is_telling(line: str) -> bool:
    """Whether a line says enough for its repetition to mean something: not `}`, not `else:`."""
    word = line.strip(" \t:;{}()[],")
    return bool(_THREE_LETTERS.search(word)) and word not in _RECURS


def _is_own(line: str) -> bool:
    """Whether a line says enough not to stand twice in a row: `"b": 2` does, `0,` does not."""
    word = line.strip(" \t:;{}()[],")
    return bool(_LETTER.search(word) and _TWO.search(word)) and word not in _RECURS


def _has_words(line: str) -> bool:
    """Whether it is more than a row of numbers, which may well come three times."""
    return is_telling(line) and sum(char.isalpha() for char in line) > 2


def cut_at_lines_below(text: str, line_prefix: str, below: str, *, finished: bool) -> str:
    """End the text before the line that stands next below the cursor already.

    The last line counts when the text has `finished`: until then it may go on.
    """
    if not _is_own(below):
        return text
    lines = text.split("\n")
    complete = len(lines) if finished else len(lines) - 1
    for number in range(complete):
        whole = (line_prefix + lines[number] if number == 0 else lines[number]).strip()
        if whole == below:
            return "\n".join(lines[:number])
    return text


def closes_again(text: str, line_prefix: str, below: str) -> bool:
    """Tell whether the text is a closer, on a line of its own, that stands on the next one."""
    closer = text.strip()
    return bool(closer) and not line_prefix.strip() and closer == below and closer[0] in ")]}"


def repeats_line_above(text: str, prefix: str, line_prefix: str) -> bool:
    """Tell whether the completed first line is the telling line just above it, word for word."""
    above = prefix[: len(prefix) - len(line_prefix)].rstrip("\n").rpartition("\n")[2].strip()
    first = (line_prefix + text.partition("\n")[0]).strip()
    return is_telling(above) and first == above and not line_prefix.strip()


def cut_loop(text: str, *, finished: bool) -> str:
    """Keep the first of some lines, or of a run of characters, that repeats without end."""
    lines = text.split("\n")
    bare = [line.strip() for line in (lines if finished else lines[:-1])]
    for end in range(_LOOP_TIMES, len(bare) + 1):
        for size in range(1, min(_LOOP_LINES, end // _LOOP_TIMES) + 1):
            if _ends_in_loop(bare[:end], size):
                return "\n".join(lines[: end - size * (_LOOP_TIMES - 1)])
    for number, line in enumerate(lines):
        stop = _end_of_first_run(line)
        if stop:
            return "\n".join([*lines[:number], line[:stop]])
    return text


def _ends_in_loop(lines: list[str], size: int) -> bool:
    unit = lines[-size:]
    return lines[-size * _LOOP_TIMES :] == unit * _LOOP_TIMES and all(map(_has_words, unit))


def _end_of_first_run(line: str) -> int:
    """Return where the first unit of the run that is complete first ends; 0 without a run."""
    last = len(line) - _RUN_CHARS + 1
    if last <= _RUN_CHARS * (_RUN_TIMES - 1):
        return 0
    if len({line[at : at + _RUN_CHARS] for at in range(last)}) > last - _RUN_CHARS:
        return 0  # almost no part of it occurs twice
    ends = {
        end: size
        for size in range(_RUN_CHARS, len(line) // _RUN_TIMES + 1)
        if (end := _end_of_run(line, size))
    }
    if not ends:
        return 0
    end = min(ends)
    return end - ends[end] * (_RUN_TIMES - 1)


def _end_of_run(line: str, size: int) -> int:
    same = 0
    for at in range(size, len(line)):
        same = same + 1 if line[at] == line[at - size] else 0
        if same == size * (_RUN_TIMES - 1):
            return at + 1 if _has_words(line[at + 1 - size : at + 1]) else 0
    return 0

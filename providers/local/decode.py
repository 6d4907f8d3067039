"""A suggestion, token by token, for as long as it is likely enough that all of it is right."""

from __future__ import annotations

from typing import NamedTuple

from ghostlap.providers.local.query import Half, Query
from ghostlap.providers.local.vote import Token, Votes
from ghostlap.providers.local.words import Break

__all__ = ["Suggested", "decode"]

_MOST_TOKENS = 24
_MOST_LINES = 6
_MOST_GATHERED = 4
"""Ballots that one key gathers: what would come behind them, the next key shows."""
_RISKED = 0.6
"""Less than one, for a wrong text costs its reader, too: of .3 to 2 it saved the most keys."""
_ALL = 0.01
"""Who wants less than this wants all there is, however unsure."""
_SHORTEST_CHARS = 2
"""A single character is typed sooner than read."""


class Suggested(NamedTuple):
    text: str
    probability: float
    """That all of the text is right."""
    reason: str
    """Why it ends: `line` where the line probably does, else `doubt` or `length`."""
    others: tuple[Token, ...] = ()
    """What else might come first."""


def decode(
    query: Query,
    half: Half | None,
    votes: Votes,
    *,
    cutoff: float,
    indent: tuple[str, str] | None = None,
    first: Token | None = None,
) -> Suggested:
    """Return the longest text that is right with a probability of at least `cutoff`.

    It ends sooner where one more token would put more characters at risk than it has to give.
    `indent` is the white space of the cursor's line and of one more step; with it, further lines
    may follow. `first` fixes the first token, whose own probability then does not count.
    """
    text, likely, lines = "", 1.0, 0
    runners_up: tuple[Token, ...] = ()
    reason = "length"
    before = votes.gathered
    for number in range(_MOST_TOKENS * (1 if indent is None else _MOST_LINES)):
        if text and cutoff > _ALL and votes.gathered - before >= _MOST_GATHERED:
            break
        verdict = votes.on(query, half, first if number == 0 else None)
        if verdict is None:
            reason = "doubt"
            break
        if number == 0:
            runners_up = verdict.others
        probability = 1.0 if number == 0 and first else verdict.probability
        word, space = verdict.token
        too_risky = likely * probability < cutoff
        if cutoff > _ALL:
            too_risky |= _is_risked_for_less(text, probability)
        if isinstance(word, int):
            line_break = _line_break(word, indent) if lines < _MOST_LINES else None
            if line_break is None or too_risky:
                reason = "line"
                break
            addition = "\n" + line_break
            lines += 1
            indent = (line_break, indent[1]) if indent else None
        else:
            if too_risky:
                reason = "doubt"
                break
            addition = (" " * space + word)[_typed(half) :]
        likely *= probability
        text += addition
        query = query.then(word, space)
        half = None
    text = text.rstrip()
    if len(text) < _SHORTEST_CHARS or not text.strip():
        return Suggested("", 0.0, reason, runners_up)
    return Suggested(text, likely, reason, runners_up)


def _is_risked_for_less(text: str, probability: float) -> bool:
    """Whether the text so far had better be shown without one more token.

    Asked for at the next key, that token costs one key more; shown now, it costs the text if it is
    wrong. With one in place of `_RISKED`, both would cost the same on average.
    """
    return bool(text) and probability < 1 - _RISKED / len(text)


def _typed(half: Half | None) -> int:
    return half[0] + len(half[1]) if half else 0


def _line_break(kind: int, indent: tuple[str, str] | None) -> str | None:
    """Return the next line's indentation; None where the suggestion had better end."""
    if indent is None or kind not in (Break.SAME, Break.IN):
        return None
    return indent[0] + (indent[1] if kind == Break.IN else "")

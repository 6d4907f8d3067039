"""The open documents as an index that follows every edit.

Tokens are only ever appended: an edited line's old tokens are marked dead, its new ones go to the
end, behind a copy of the context that they have in the document. Chains lead from a hash of the
last 5, 2 and 1 tokens, and of the last 7 shapes, to the latest position with it, and back from
there. A line that is being typed in is not indexed until the cursor leaves it: nothing is ever
suggested from the very tokens that are being typed.
"""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ghostlap.providers.local.lexer import indent_width
from ghostlap.providers.local.places import FAR_LINES, Places, Source, Spelled
from ghostlap.providers.local.query import CONTEXT_TOKENS, Half, Numbered, Query
from ghostlap.providers.local.vocabulary import Vocabulary
from ghostlap.providers.local.words import (
    EDGE_TOKEN,
    FIRST_WORD,
    ITSELF,
    Break,
    line_tokens,
    shape_code,
)

__all__ = ["Buffer"]

_HEADS = 1 << 15
_DEPTHS = (5, 7, 2, 1)
"""How many tokens each chain is keyed on; the 7 are shapes."""
_LONGEST = max(_DEPTHS)
_BY_SHAPE = 1
_LOOKED_AT = (48, 32, 32, 24)
"""How many positions of each chain are looked at; twice that with a half-typed word."""
_HALF_FACTOR = 2
_KEPT = 16
_KEPT_BY_SHAPE = 6
_SPELLED = 8
_SPELLED_LOOKED_AT = 12
"""Words whose occurrences are looked at, and how many of each."""
_OCCURRENCES = 12
_BEFORE = np.arange(1, CONTEXT_TOKENS + 1)
_SMALLEST_COMPACTED = 20_000
_NOWHERE = array("i", [-1])


@dataclass(slots=True)
class _Document:
    number: int
    lines: list[str]
    spans: list[tuple[int, int] | None] = field(default_factory=list)
    """Where each line's tokens are; None for a line that is to be indexed."""
    missing: int = 0
    """How many lines are to be indexed."""


class Buffer:
    """Indexes the open documents of one language. Used from one thread."""

    def __init__(self) -> None:
        self.source = Source.BUFFER
        self._documents: dict[str, _Document] = {}
        self._opened = 0
        self.version = 0
        """Another one when the index has changed."""
        self._reset()

    def _reset(self) -> None:
        self._vocabulary = Vocabulary()
        self._tokens: array[int] = array("i", [EDGE_TOKEN] * CONTEXT_TOKENS)
        self._codes: array[int] = array("i", [ITSELF + EDGE_TOKEN] * CONTEXT_TOKENS)
        self._lines: array[int] = array("i", [-1] * CONTEXT_TOKENS)
        self._owners: array[int] = array("i", [-1] * CONTEXT_TOKENS)
        self._alive = bytearray(CONTEXT_TOKENS)
        self._heads = [array("i", [-1]) * _HEADS for _ in _DEPTHS]
        self._earlier: list[array[int]] = [array("i", [-1] * CONTEXT_TOKENS) for _ in _DEPTHS]
        self._dead = 0

    def __contains__(self, uri: str) -> bool:
        return uri in self._documents

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def missing_lines(self) -> int:
        """How many lines are not indexed yet, those being typed in included."""
        return sum(each.missing for each in self._documents.values())

    def number_of(self, uri: str) -> int:
        document = self._documents.get(uri)
        return document.number if document else -1

    def open(self, uri: str, lines: Sequence[str]) -> None:
        self.close(uri)
        self._opened += 1
        spans: list[tuple[int, int] | None] = [None] * len(lines)
        self._documents[uri] = _Document(self._opened, list(lines), spans, len(lines))

    def edit(self, uri: str, start: int, stop: int, lines: Sequence[str]) -> None:
        document = self._documents.get(uri)
        if document is None:
            return
        for span in document.spans[start:stop]:
            self._kill(span)
            document.missing -= span is None
        document.lines[start:stop] = lines
        document.spans[start:stop] = [None] * len(lines)
        document.missing += len(lines)

    def close(self, uri: str) -> None:
        document = self._documents.pop(uri, None)
        for span in document.spans if document else ():
            self._kill(span)

    def catch_up(self, uri: str, cursor_line: int, most_lines: int) -> int:
        """Index lines that are missing, those nearest to the cursor first, but not its own.

        Returns how many were indexed: fewer than `most_lines` when nothing is left to do.
        """
        if self._dead > _SMALLEST_COMPACTED and 2 * self._dead > len(self._tokens):
            self._compact()
        done = 0
        for name in [uri, *(each for each in self._documents if each != uri)]:
            document = self._documents.get(name)
            if document is None:
                continue
            avoid = cursor_line if name == uri else -1
            is_typed = 0 <= avoid < len(document.lines) and document.spans[avoid] is None
            left = document.missing - is_typed
            if not left or done >= most_lines:  # nothing is left at most keys
                continue
            for number in _missing_outwards(document.spans, max(avoid, 0)):
                if number != avoid:
                    self._index_line(document, number)
                    done += 1
                    left -= 1
                if done >= most_lines or not left:
                    break
        return done

    # Index, for the vote.

    def number(self, text: str) -> int:
        return self._vocabulary.number(text)

    def numbered(self, word: str, space: int) -> tuple[int, int]:
        return self._vocabulary.numbered(word, space)

    def text(self, word: int) -> str:
        return self._vocabulary.words[word]

    def places(self, query: Query, half: Half | None) -> Places | None:
        numbered = query.numbered(self)
        fitting = self._fitting(half) if half else None
        found: list[int] = []
        is_whole = True
        for chain, depth in enumerate(_DEPTHS):
            by_shape = chain == _BY_SHAPE
            room = _KEPT + (_KEPT_BY_SHAPE if by_shape else 0) - len(found)
            if room <= 0:
                is_whole = False
                break
            codes = numbered.shapes if by_shape else numbered.tokens
            key = hash(tuple(codes[depth - 1 :: -1])) % _HEADS
            more = self._walk(chain, key, found, half, None if by_shape else fitting)
            if len(more) > room:
                more = self._nearest(more, room, query)
                is_whole &= by_shape
            found += more
        return self._at(found, numbered, query, is_whole=is_whole) if found else None

    def spelled(self, half: Half, query: Query) -> list[Spelled]:
        """Return the words that were seen most and nearest among those that begin so."""
        words, seen = self._vocabulary.words, self._vocabulary.seen
        fitting = self._vocabulary.beginning_so(half[1])
        counts = {each: len(seen[each]) for each in fitting}
        total = sum(counts.values())
        if len(fitting) > _SPELLED_LOOKED_AT:
            fitting = heapq.nlargest(_SPELLED_LOOKED_AT, fitting, key=counts.__getitem__)
        found = []
        for each in fitting:
            distances = self._distances(seen[each][-_OCCURRENCES:], query)
            if distances:
                share = counts[each] / total
                nearest = min(distances)
                found.append(Spelled(words[each], share, len(counts), len(distances), nearest))
        if len(found) > _SPELLED:
            found.sort(key=_weight_of)
        return found[:_SPELLED]

    def _distances(self, positions: list[int], query: Query) -> list[float]:
        """Return how many lines each place that is still there is away."""
        alive, owners, lines = self._alive, self._owners, self._lines
        document, line = query.document, query.line
        return [
            abs(lines[at] - line) if owners[at] == document else math.inf
            for at in positions
            if alive[at]
        ]

    def _nearest(self, positions: list[int], count: int, query: Query) -> list[int]:
        """Return the positions whose lines are nearest to the query's."""
        distances = self._distances(positions, query)
        order = sorted(range(len(positions)), key=distances.__getitem__)
        return [positions[each] for each in order[:count]]

    def _fitting(self, half: Half) -> set[int]:
        """Return the tokens that begin as the half-typed one does."""
        space, typed = half
        if not typed:
            return {2 * word + space for word in range(FIRST_WORD, len(self._vocabulary.words))}
        return {2 * word + space for word in self._vocabulary.beginning_so(typed)}

    def _walk(
        self,
        chain: int,
        slot: int,
        known: list[int],
        half: Half | None,
        fitting: set[int] | None,
    ) -> list[int]:
        """Return the places on a chain that fit, and are not known yet."""
        position = self._heads[chain][slot]
        earlier, tokens, alive = self._earlier[chain], self._tokens, self._alive
        found: list[int] = []
        for _ in range(_LOOKED_AT[chain] * (_HALF_FACTOR if half else 1)):
            if position < 0:
                break
            token = tokens[position]
            if (
                alive[position]
                and token != EDGE_TOKEN
                and (fitting is None or token in fitting)
                and (half is None or (token & 1 == half[0] and token >= 2 * FIRST_WORD))
                and position not in known
            ):
                found.append(position)
            position = earlier[position]
        return found

    def _at(self, found: list[int], numbered: Numbered, query: Query, *, is_whole: bool) -> Places:
        at = np.array(found)
        around = at[:, None] - _BEFORE
        codes = np.frombuffer(self._codes, np.int32)
        nexts = np.frombuffer(self._tokens, np.int32)
        return Places(
            index=self,
            nexts=nexts[at],
            tokens=nexts[around],
            shapes=codes[around],
            next_shaped=codes[at] < ITSELF,
            query=numbered,
            source=Source.BUFFER,
            is_whole=is_whole,
            distances=np.array(self._lines_away(found, query)),
        )

    def _lines_away(self, positions: list[int], query: Query) -> list[int]:
        """Return lines from the query's, negative above it."""
        owners, lines, document, line = self._owners, self._lines, query.document, query.line
        return [
            away
            if owners[at] == document and -FAR_LINES < (away := lines[at] - line) < FAR_LINES
            else FAR_LINES
            for at in positions
        ]

    # Keeping up.

    def _index_line(self, document: _Document, number: int) -> None:
        width = self._width_above(document, number)
        kind, parts, _ = line_tokens(document.lines[number], width)
        intern = self._vocabulary.intern
        tokens = [2 * (kind if number else Break.EDGE)]
        tokens += [intern(part) for part in parts]
        before = document.spans[number - 1] if number else None
        if before is None or before[1] != len(self._tokens):
            context = self._context(document, number)
            if before is None:
                context.append(tokens.pop(0))  # where the line above ends is not known yet
            self._append_dead(context, document.number, number)
        begin = len(self._tokens)
        self._append(tokens, document.number, number)
        document.spans[number] = (begin, len(self._tokens))
        document.missing -= 1
        self.version += 1

    def _context(self, document: _Document, number: int) -> array[int]:
        """The tokens before a line, of lines that may not be indexed themselves yet."""
        context: array[int] = array("i")
        for above in range(number - 1, -1, -1):
            span = document.spans[above]
            if span is not None:
                tokens = self._tokens[span[0] : span[1]]
            else:
                width = self._width_above(document, above)
                kind, parts, _ = line_tokens(document.lines[above], width)
                tokens = array("i", [2 * (kind if above else Break.EDGE)])
                tokens.extend([self._vocabulary.intern(part) for part in parts])
            context = tokens + context
            if len(context) >= CONTEXT_TOKENS:
                return context[-CONTEXT_TOKENS:]
        return array("i", [EDGE_TOKEN]) * (CONTEXT_TOKENS - len(context)) + context

    def _width_above(self, document: _Document, number: int) -> int:
        for above in range(number - 1, max(-1, number - 50), -1):
            line = document.lines[above]
            if line.strip():
                return indent_width(line)
        return 0

    def _append_dead(self, tokens: array[int], owner: int, line: int) -> None:
        """Append tokens that are only there to be what stands before others."""
        self._extend(tokens, owner, line, alive=False)
        self._dead += len(tokens)
        nowhere = _NOWHERE * len(tokens)
        for chain in self._earlier:
            chain.extend(nowhere)

    def _append(self, tokens: list[int], owner: int, line: int) -> None:
        """Append tokens that can be found; as many as the longest chain's stand before them."""
        first = len(self._tokens)
        self._extend(array("i", tokens), owner, line, alive=True)
        stream = self._tokens[first - _LONGEST :].tolist()
        codes = self._codes[first - _LONGEST :].tolist()
        heads5, heads_shape, heads2, heads1 = self._heads
        earlier5, earlier_shape, earlier2, earlier1 = self._earlier
        seen, position = self._vocabulary.seen, first
        # Spelled out: this is what a keystroke waits for.
        for at, token in enumerate(tokens):
            seen[token >> 1].append(position)
            slot = hash(tuple(stream[at + 2 : at + 7])) % _HEADS
            earlier5.append(heads5[slot])
            heads5[slot] = position
            slot = hash(tuple(codes[at : at + 7])) % _HEADS
            earlier_shape.append(heads_shape[slot])
            heads_shape[slot] = position
            before = stream[at + 6]
            slot = hash((stream[at + 5], before)) % _HEADS
            earlier2.append(heads2[slot])
            heads2[slot] = position
            slot = hash((before,)) % _HEADS
            earlier1.append(heads1[slot])
            heads1[slot] = position
            position += 1

    def _extend(self, tokens: array[int], owner: int, line: int, *, alive: bool) -> None:
        count, shapes = len(tokens), self._vocabulary.shapes
        self._tokens.extend(tokens)
        self._codes.extend([shape_code(token, shapes[token >> 1]) for token in tokens])
        self._lines.extend(array("i", [line]) * count)
        self._owners.extend(array("i", [owner]) * count)
        self._alive.extend((b"\1" if alive else b"\0") * count)

    def _kill(self, span: tuple[int, int] | None) -> None:
        if span is not None:
            begin, end = span
            self._alive[begin:end] = bytes(end - begin)
            self._dead += end - begin
            self.version += 1

    def _compact(self) -> None:
        """Forget everything but the lines: they are indexed anew, nearest to the cursor first."""
        self._reset()
        for document in self._documents.values():
            document.spans = [None] * len(document.lines)
            document.missing = len(document.lines)


def _weight_of(each: Spelled) -> float:
    return 0.3 * math.log1p(min(each.distance, 1e5)) - math.log1p(each.seen)


def _missing_outwards(spans: list[tuple[int, int] | None], middle: int) -> Iterator[int]:
    """Yield where None is, what is near `middle` first, and of one side in reading order.

    What has been yielded may be filled in meanwhile.
    """
    length = len(spans)
    low = min(middle, length)
    near = max(0, low - 64), min(length, low + 64)
    for start, stop in (near, (0, near[0]), (near[1], length)):
        number = start
        while number < stop:
            try:
                number = spans.index(None, number, stop)
            except ValueError:
                break
            yield number
            number += 1

"""Pieces of the other open documents for the one that is typed in, found while nobody waits.

They stay the same while the cursor stays near: a prompt whose head changed with every key would
find nothing of it in the provider's cache.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from ghostlap.lsp_server.context.imports import imported_words, module_words
from ghostlap.lsp_server.context.secret_lines import SecretDetector
from ghostlap.lsp_server.context.snippets import Around, Ranking, Source, are_related
from ghostlap.lsp_server.documents import Document, Documents, Snapshot
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.providers import Snippet

__all__ = ["Neighbours"]

_FILES = 12
_NEAR_LINES = 12


@dataclass(slots=True)
class _Found:
    """What was found for one document, and where its cursor was."""

    line: int
    visits: int
    snippets: tuple[Snippet, ...] = ()
    uris: frozenset[str] = frozenset()
    """Whose pieces they are."""


class Neighbours:
    """Knows which documents were edited or viewed last. Used from one event loop alone."""

    def __init__(
        self,
        tasks: Tasks,
        documents: Documents,
        detector: SecretDetector,
        name: Callable[[Document], str | None],
    ) -> None:
        """`name` says what a document is called in a prompt; None: nothing of it is shown."""
        self.budget_chars = 0
        self._tasks = tasks
        self._documents = documents
        self._detector = detector
        self._name = name
        self._recent: OrderedDict[str, Source | None] = OrderedDict()
        """By URI, the last one last; None until its pieces were needed."""
        self._visits = 0
        """How often the user went from one document to another."""
        self._found: dict[str, _Found] = {}
        self._is_looking = False

    def touch(self, uri: str) -> None:
        """Note that a document was viewed or edited."""
        if self._recent and next(reversed(self._recent)) == uri:
            return
        self._recent.setdefault(uri, None)
        self._recent.move_to_end(uri)
        self._visits += 1
        if len(self._recent) > _FILES:
            self._recent.popitem(last=False)

    def forget(self, uri: str) -> None:
        if uri in self._recent:
            del self._recent[uri]
        self._found = {
            each: found
            for each, found in self._found.items()
            if each != uri and uri not in found.uris
        }

    def clear(self) -> None:
        """Look again: what may be shown has changed."""
        self._found.clear()
        self._recent = OrderedDict.fromkeys(self._recent)

    def around(self, snapshot: Snapshot) -> tuple[Snippet, ...]:
        """Return what was found near here, and look again if that was elsewhere or long ago."""
        if not self.budget_chars or len(self._recent) < 2:
            return ()
        found = self._found.get(snapshot.uri)
        is_near = found is not None and abs(found.line - snapshot.line) < _NEAR_LINES
        if not (found and is_near and found.visits == self._visits) and not self._is_looking:
            self._is_looking = True
            self._tasks.start(self._look(snapshot), then=self._looked)
        return found.snippets if found else ()

    def _looked(self) -> None:
        self._is_looking = False

    async def _look(self, snapshot: Snapshot) -> None:
        """Look through one document after the other, and let others run in between."""
        visits = self._visits
        around = Around.of(snapshot.prefix, snapshot.suffix, self._imported(snapshot))
        sources: dict[str, Source] = {}
        for uri in [*self._recent]:
            await asyncio.sleep(0)
            document = self._documents.get(uri)
            if document is None or uri == snapshot.uri:
                continue
            if not are_related(document.language, snapshot.language):
                continue
            if source := self._source(document):
                sources[uri] = source
        ranking = Ranking(sources, around)
        for uri in sources:
            await asyncio.sleep(0)
            ranking.score(uri)
        chosen = ranking.best(self.budget_chars)
        self._found[snapshot.uri] = _Found(
            snapshot.line,
            visits,
            tuple(self._scrubbed(piece.snippet, snapshot.language) for piece in chosen),
            frozenset(piece.uri for piece in chosen),
        )

    def _imported(self, snapshot: Snapshot) -> frozenset[str]:
        document = self._documents.get(snapshot.uri)
        return frozenset() if document is None else imported_words(document.head())

    def _source(self, document: Document) -> Source | None:
        """Return a document's pieces, cut anew when it was edited; None: it may not be shown."""
        name = self._name(document)
        if name is None:
            self._recent[document.uri] = None
            return None
        source = self._recent.get(document.uri)
        if source is None or source.version != document.version or source.path != name:
            words = module_words(name)
            source = Source.of(name, document.version, document.lines(), words)
            self._recent[document.uri] = source
        return source

    def _scrubbed(self, snippet: Snippet, language: str) -> Snippet:
        return Snippet(snippet.path, self._detector.scrub(snippet.text, language))

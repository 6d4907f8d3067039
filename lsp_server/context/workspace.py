"""The context of one client's documents: what may be sent of them, and what else helps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from ghostlap.lsp_server.context.credential_files import credential_reason
from ghostlap.lsp_server.context.exclusions import Exclusions
from ghostlap.lsp_server.context.locations import Roots, name_in, path_in
from ghostlap.lsp_server.context.neighbours import Neighbours
from ghostlap.lsp_server.context.scrubbed import Scrubber
from ghostlap.lsp_server.context.secret_lines import SecretDetector
from ghostlap.lsp_server.context.settings import ContextSettings
from ghostlap.lsp_server.documents import Document, Documents, Snapshot
from ghostlap.lsp_server.engine.asking import Surroundings
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.telemetry import monotonic_ns

__all__ = ["WorkspaceContext"]

_VERDICT_HOLDS_NS = 1_000_000_000
"""For so long after a document was judged its rules are not looked at again: that is some twenty
calls of `stat`, and they are made behind the request that finds the verdict old."""


@dataclass(slots=True)
class _Verdict:
    reason: str | None
    judged_ns: int


class WorkspaceContext:
    """A `Context` by the rules of the workspace. Used from one event loop alone.

    For the embedded engine, which sends nothing, it keeps nothing back and adds nothing.
    """

    def __init__(
        self,
        documents: Documents,
        tasks: Tasks,
        *,
        allowed: Callable[[str], None] = lambda _uri: None,
        home: Path | None = None,
        now_ns: Callable[[], int] = monotonic_ns,
    ) -> None:
        """`allowed` gets the URI of a document that was kept back and is not any more.

        `home` is the folder whose git settings count; None: nobody's do.
        """
        self._documents = documents
        self._tasks = tasks
        self._allowed = allowed
        self._home = home
        self._now_ns = now_ns
        self._detector = SecretDetector()
        self._scrubber = Scrubber(self._detector)
        self._settings = ContextSettings()
        self._is_remote = True
        self._was_remote = False
        """Then it stays careful: a request to the provider before may still wait for its turn."""
        self._roots = Roots()
        self._exclusions = Exclusions()
        self._verdicts: dict[str, _Verdict] = {}
        self._paths: dict[str, str] = {}
        self._withheld: set[str] = set()
        self._neighbours = Neighbours(tasks, documents, self._detector, self._may_be_shown)

    def load(self) -> None:
        """Load what telling secrets takes: half a second. Until then nothing is sent."""
        self._detector.load()

    def open_folders(self, uris: Sequence[str]) -> None:
        """Take these as the workspace's folders."""
        self._roots = Roots.of(uris)
        self._apply_rules()

    def use(self, settings: ContextSettings, *, is_remote: bool, snippet_chars: int) -> None:
        """Go by these settings from now on, and say whether what is sent leaves this process."""
        self._settings = settings
        self._is_remote = self._was_remote = is_remote or self._was_remote
        self._neighbours.budget_chars = snippet_chars if settings.snippets else 0
        self._apply_rules()

    def narrow(self, settings: ContextSettings) -> None:
        """Send no more than these settings allow, until `use`: they take a while to be applied."""
        self._settings = self._settings.narrowed_by(settings)
        self._apply_rules()

    def document_opened(self, uri: str) -> None:
        self._verdicts.pop(uri, None)
        self._neighbours.touch(uri)

    def document_edited(self, uri: str) -> None:
        self._neighbours.touch(uri)

    def document_closed(self, uri: str) -> None:
        self._verdicts.pop(uri, None)
        self._withheld.discard(uri)
        self._paths.pop(uri, None)
        self._neighbours.forget(uri)

    def why_not(self, snapshot: Snapshot) -> str | None:
        if not self._is_remote:
            return None
        uri = snapshot.uri
        reason = self._document_reason(uri) or self._line_reason(snapshot)
        if reason is not None:
            self._withheld.add(uri)
        elif uri in self._withheld:
            self._withheld.discard(uri)
            self._allowed(uri)
        return reason

    def surroundings(self, snapshot: Snapshot) -> Surroundings:
        if not self._is_remote:
            return Surroundings(snapshot.prefix, snapshot.suffix)
        if self.why_not(snapshot) is not None:  # such as for a line that a suggestion would make
            return Surroundings("", "")
        prefix, suffix = self._scrubber.scrub(snapshot)
        return Surroundings(
            prefix, suffix, self._path_of(snapshot.uri), self._neighbours.around(snapshot)
        )

    def exclusion(self, uri: str) -> str | None:
        """Return why a document is kept back, whoever is asked; None where it is not.

        Looks at some twenty files: no call for a keystroke's way.
        """
        settings = self._settings
        document = self._documents.get(uri)
        if document is not None and document.language in settings.exclude_languages:
            return f"the settings exclude {document.language}"
        size = document.size if document is not None else 0
        path = _local(path_in(uri))
        if path is None or not (_is_file(uri) or self._roots.around(path)):
            reason = credential_reason(PurePath("/", name_in(uri)))
            if reason is None and size > settings.max_file_kb * 1000:
                return f"larger than {settings.max_file_kb} kB"
            return reason
        return self._exclusions.reason(path, size)

    def scrub(self, text: str, language: str) -> str:
        """Return `text` with its secret lines emptied; needs `load`, or loads itself."""
        return self._detector.scrub(text, language)

    def _line_reason(self, snapshot: Snapshot) -> str | None:
        if not self._detector.is_loaded:
            return "what tells secrets is not loaded"
        before, behind = snapshot.line_prefix, snapshot.line_suffix
        if self._detector.is_secret_at(before, behind, snapshot.language):
            return "the line looks like a secret"
        return None

    def _document_reason(self, uri: str) -> str | None:
        verdict = self._verdicts.get(uri)
        if verdict is None:
            verdict = self._judge_now(uri)
        elif self._now_ns() - verdict.judged_ns > _VERDICT_HOLDS_NS:
            verdict.judged_ns = self._now_ns()
            self._tasks.start(self._judge_again(uri))
        return verdict.reason

    def _judge_now(self, uri: str) -> _Verdict:
        verdict = self._verdicts[uri] = _Verdict(self._judge(uri), self._now_ns())
        return verdict

    async def _judge_again(self, uri: str) -> None:
        """Look at the rules again, behind the request that noticed how old the verdict is."""
        if uri in self._documents:
            self._judge_now(uri)

    def _judge(self, uri: str) -> str | None:
        return self.exclusion(uri) if self._settings.remote else "the settings send nothing"

    def _may_be_shown(self, document: Document) -> str | None:
        """Return what another document may be called in a prompt; None: it may not be in one."""
        if self._document_reason(document.uri) is not None:
            return None
        return self._path_of(document.uri)

    def _path_of(self, uri: str) -> str:
        path = self._paths.get(uri)
        if path is None:
            path = self._paths[uri] = self._roots.relative(path_in(uri), name_in(uri))
        return path

    def _apply_rules(self) -> None:
        self._exclusions = Exclusions(
            tuple(Path(root) for root in self._roots.paths),
            largest_bytes=self._settings.max_file_kb * 1000,
            patterns=self._settings.exclude,
            home=self._home,
        )
        self._verdicts.clear()
        self._paths.clear()
        self._neighbours.clear()


def _is_file(uri: str) -> bool:
    return uri[:5].lower() == "file:"


def _local(path: PurePath | None) -> Path | None:
    return None if path is None else Path(path)

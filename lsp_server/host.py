"""What serves a session: recorder, provider, engine, put together here and nowhere else.

What is slow to import or to open is made ready behind the response to `initialize`, and again when
the settings change. Requests that come before wait for it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.backends import Backends, LearnsFromFolders
from ghostlap.lsp_server.config import (
    EMBEDDED,
    Config,
    Problem,
    TelemetrySettings,
    merge,
    selectable,
)
from ghostlap.lsp_server.config.folder import narrowed_by_folders
from ghostlap.lsp_server.context.budgets import Budget
from ghostlap.lsp_server.context.locations import Roots, folder_uris, root_uris
from ghostlap.lsp_server.context.workspace import WorkspaceContext
from ghostlap.lsp_server.controls import CONTROLS, Controls, HeldBack
from ghostlap.lsp_server.copilot import Dialect
from ghostlap.lsp_server.engine import Engine, Route
from ghostlap.lsp_server.engine.schedule import AdaptiveDebounce, Rhythm
from ghostlap.lsp_server.harness.tap import follow_wishes
from ghostlap.lsp_server.hedging.plan import Plan, plan_of
from ghostlap.lsp_server.hedging.pool import Asked, Pool, made_from
from ghostlap.lsp_server.hedging.switchboard import Switchboard
from ghostlap.lsp_server.hedging.switches import state_folder
from ghostlap.lsp_server.live_export import LiveExport
from ghostlap.lsp_server.logs import log_failure
from ghostlap.lsp_server.notices import Notices
from ghostlap.lsp_server.progress import WorkProgress
from ghostlap.lsp_server.protocol.params import optional
from ghostlap.lsp_server.protocol.session import Session
from ghostlap.lsp_server.protocol.wire import Channel, MessageHandler
from ghostlap.lsp_server.provider_facts import facts_of
from ghostlap.lsp_server.retention import keep_to_retention
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.lsp_server.version import VERSION
from ghostlap.providers import Provider
from ghostlap.providers._settings import ProviderSettings
from ghostlap.telemetry import (
    FeedbackKind,
    NullRecorder,
    Recorder,
    StoreError,
    Trace,
    default_path,
)

__all__ = ["Host"]

log = logging.getLogger(__name__)

# An editor waits two seconds for a server to end before it kills it (vscode-languageclient).
_TASKS_END_S = 0.5
_CLOSE_S = 0.5
_RECORDER_CLOSE_S = 0.5
_OLD_PROVIDER_S = 5.0  # how long a replaced provider may take to finish what it was asked


class Host:
    """Serves one client. Used from one event loop alone."""

    def __init__(self, config: Config, problems: Sequence[Problem], backends: Backends) -> None:
        self._file_config = config
        self._wanted = config
        self._config = config
        """As the file and the editor say, without what was switched."""
        self._backends = backends
        self._tasks = Tasks()
        self._notices = Notices()
        self._pool = Pool(backends, self._notices.problem, self._notices.failure)
        self._switchboard = Switchboard(config, self._pool.ledger, self._tasks, self._switched)
        self._engine = Engine(
            self._tasks, self._record, self._notices.failure, withheld=self._withheld
        )
        self._rhythm = Rhythm()
        self._controls = Controls()
        self._recorder: Recorder = NullRecorder()
        self._recorded_by: TelemetrySettings | None = None
        self._client = ("", "")
        """The editor's name and version, as it introduced itself."""
        self._applied: Config | None = None
        self._is_applying = False
        self._follows_recordings = False
        self._when_applied: list[Callable[[], None]] = []
        self._asked: Asked | None = None
        self._session: Session | None = None
        self._context: WorkspaceContext | None = None
        self._folders: list[str] = []
        """The URIs of the workspace's folders."""
        self._editor_settings: Any = None
        self._index_progress: WorkProgress | None = None
        self._tell(problems)

    @property
    def exit_code(self) -> int:
        return 1 if self._session is None else self._session.exit_code

    @property
    def recorder(self) -> Recorder:
        return self._recorder

    def connect(self, channel: Channel) -> MessageHandler:
        session = self._session = Session(channel, self._engine, self._tasks, self)
        self._context = WorkspaceContext(
            session.documents, self._tasks, allowed=session.status.allowed, home=_home()
        )
        allowed = session.status.allowed
        self._engine.look_through(HeldBack(self._context, self._controls, allowed))
        session.text_sync.watcher = self._context
        Dialect(channel, session, self._engine, self)
        return self._session.handle

    def prepare(self, params: Any) -> None:
        assert self._session is not None, "only a session prepares"
        self._notices.open(self._session.show)
        name = optional(params, str, "clientInfo", "name") or ""
        self._client = (name, optional(params, str, "clientInfo", "version") or "")
        self._index_progress = WorkProgress(
            self._session.send, params, "Indexing the workspace for ghost text"
        )
        self._folders = root_uris(params)
        self._open_folders(params.get("initializationOptions"))

    def change_folders(self, params: Any) -> None:
        gone = folder_uris(optional(params, list, "event", "removed"))
        added = folder_uris(optional(params, list, "event", "added"))
        kept = [uri for uri in self._folders if uri not in gone]
        self._folders = [*dict.fromkeys([*kept, *added])]
        self._open_folders(self._editor_settings)

    def _open_folders(self, settings: Any) -> None:
        assert self._context is not None, "only a session has folders"
        self._context.open_folders(self._folders)
        if isinstance(self._backends, LearnsFromFolders):
            roots = [Path(root) for root in Roots.of(self._folders).paths]
            self._backends.open_folders(roots, self._indexed)
        self.change_settings(settings)

    def change_settings(self, settings: Any) -> None:
        self._editor_settings = settings
        config, problems = merge(self._file_config, settings)
        roots = [Path(root) for root in Roots.of(self._folders).paths]
        config, from_folders = narrowed_by_folders(config, roots)
        self._tell([*problems, *from_folders])
        assert self._context is not None, "only a session has settings"
        self._context.narrow(config.context)
        self._config = config
        self._switchboard.settings_changed(config)
        self._switched()

    def execute(self, command: str, arguments: list[Any]) -> dict[str, Any]:
        if command not in CONTROLS:
            return self._switchboard.execute(command, arguments, self._config)
        self._controls.execute(command, arguments)
        if self._applied is not None:
            self._ask_by(self._applied, plan_of(self._applied))
        return {}

    def choices(self) -> list[tuple[str, str]]:
        """Whom an editor's settings may select, with the model of each; first who is asked now."""
        config = self._wanted
        others = sorted(selectable(self._file_config) - {config.primary})
        names = (config.primary, *others)
        return [(name, "" if name == EMBEDDED else config.provider(name).model) for name in names]

    def when_applied(self, then: Callable[[], None]) -> None:
        if self._is_applying:
            self._when_applied.append(then)
        else:
            then()

    def _switched(self) -> None:
        self._wanted = self._switchboard.over(self._config)
        if not self._is_applying:
            self._is_applying = True
            self._tasks.start(self._keep_up())

    def accepted(self, suggestion_id: int) -> None:
        self._recorder.record_feedback(suggestion_id, FeedbackKind.ACCEPTED)

    async def aclose(self) -> None:
        """End all that runs, and keep what was recorded. Takes a few seconds at the very most."""
        self._engine.cancel_all()
        await self._tasks.aclose(_TASKS_END_S)
        if self._asked is not None:
            await _close(self._asked.provider.name, self._pool.retire(self._asked))
        await _close("The providers", self._pool.aclose())
        await _close("The connections", self._backends.aclose())
        if not self._recorder.close(_RECORDER_CLOSE_S):
            log.warning("The last keystrokes could not be recorded in time.")
        if self._recorder.lost:
            log.warning("%d rows of telemetry could not be kept.", self._recorder.lost)

    def _tell(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            self._notices.problem(str(problem))

    def _indexed(self, done: int, total: int) -> None:
        """Show how far the index of the workspace is."""
        if self._index_progress is not None:
            self._index_progress(done, total)
        if self._session is not None:
            self._session.status.indexing(done, total)

    def _withheld(self, uri: str, reason: str) -> None:
        if self._session is not None:
            self._session.status.withheld(uri, reason)

    def _record(self, trace: Trace) -> None:
        self._recorder.record(trace)
        if self._session is not None:
            self._session.status.recorded(trace)

    def _record_by(self, settings: TelemetrySettings) -> None:
        if self._recorded_by != settings:
            self._recorded_by = settings
            self._open_recorder(settings)

    def _open_recorder(self, settings: TelemetrySettings) -> None:
        from ghostlap.telemetry import open_recorder  # noqa: PLC0415 - SQLite's 14 ms, not at a start

        loop = asyncio.get_running_loop()

        def tell(problem: StoreError) -> None:  # in the recorder's thread
            loop.call_soon_threadsafe(self._notices.problem, str(problem))

        name, version = self._client
        old = self._recorder
        live = LiveExport(settings)
        path = Path(settings.path).expanduser() if settings.path else default_path()
        self._recorder = open_recorder(
            path,
            enabled=settings.enabled,
            version=VERSION,
            client=name,
            client_version=version,
            facts=facts_of(self._wanted),
            sinks=[live] if live.wanted else [],
            on_problem=tell,
        )
        if settings.enabled:
            self._tasks.start(keep_to_retention(path))
        if not isinstance(old, NullRecorder):
            self._tasks.start(_close_recorder(old))

    async def _keep_up(self) -> None:
        """Apply the settings that are wanted, until no newer ones have come meanwhile."""
        try:
            self._record_by(self._wanted.telemetry)  # first: an editor may end at any moment
            await self._switchboard.start()
            self._follow_recordings()
            while self._applied != self._wanted:
                config = self._wanted
                await self._apply(config)
                self._applied = config
        except Exception as error:  # noqa: BLE001 - or requests would wait for ever
            log_failure(log, "Applying the settings", error)
            self._engine.use(None)
        finally:
            self._is_applying = False
            waiting, self._when_applied = self._when_applied, []
            for then in waiting:
                then()

    def _follow_recordings(self) -> None:
        """Note typing when the user asks for it; see `ghostlap workload record`."""
        if not self._follows_recordings and self._session is not None:
            assert self._context is not None, "a session has one"
            self._follows_recordings = True
            edits = self._session.text_sync
            self._tasks.start(follow_wishes(state_folder(), edits, self._context))

    async def _apply(self, config: Config) -> None:
        old = self._applied
        self._record_by(config.telemetry)
        is_new = old is None or made_from(old) != made_from(config)
        plan = plan_of(config)
        old_asked = self._asked
        still_asked = old_asked.plan.names if old_asked is not None else ()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._look_around(config, {*plan.names, *still_asked}))
            if is_new:
                both.create_task(self._open_providers(config))
        self._ask_by(config, plan)
        if is_new and old_asked is not None:
            self._tasks.start(self._retire(old_asked))
            await self._look_around(config, plan.names)

    def _ask_by(self, config: Config, plan: Plan) -> None:
        if self._asked is None:
            self._engine.use(None)
            return
        assert self._session is not None, "only a session's settings are applied"
        is_paused = self._controls.is_paused
        hedge = config.hedge if config.backup else "off"
        self._session.status.asks(config.primary, hedge, paused=is_paused)
        waits_s = config.debounce_s(plan.paced_by)
        self._engine.use(
            Route(
                self._asked.provider,
                AdaptiveDebounce(self._rhythm, *self._controls.paced(*waits_s)),
                config.suggestion.max_tokens,
                config.suggestion.single_line,
                instant=plan.remote is None,
                guess=self._guesser(config, plan),
                ahead=config.suggestion.ahead_percent / 100,
            )
        )

    def _guesser(self, config: Config, plan: Plan) -> Provider | None:
        """Return whose guess is shown first: the embedded engine's, where others are asked."""
        if not config.suggestion.instant_guess or plan.primary == EMBEDDED or self._asked is None:
            return None
        embedded = self._asked.backends.get(EMBEDDED)
        return embedded.provider if embedded is not None else None

    async def _look_around(self, config: Config, names: Collection[str]) -> None:
        """Let what is sent from now on be what the settings allow."""
        assert self._session is not None, "only a session's settings are applied"
        assert self._context is not None, "as above"
        remote = [config.provider(name) for name in {*names} - {EMBEDDED}]
        is_remote = bool(remote)
        budget = Budget.of(min(each.context_tokens for each in remote or [ProviderSettings()]))
        documents = self._session.documents
        documents.prefix_chars, documents.suffix_chars = budget.prefix_chars, budget.suffix_chars
        self._context.use(config.context, is_remote=is_remote, snippet_chars=budget.snippet_chars)
        if is_remote:
            try:
                await asyncio.to_thread(self._context.load)
            except Exception as error:  # noqa: BLE001 - then nothing is sent, and the status says so
                log_failure(log, "Loading what tells secrets", error)

    async def _open_providers(self, config: Config) -> None:
        assert self._session is not None, "only a session's settings are applied"
        self._notices.forget_failures()
        old = self._asked
        new = self._asked = await self._pool.open(config)
        observer = new.observer if new is not None else None
        if old is None or old.observer is not observer:
            self._session.text_sync.observe(observer)
        if new is not None:
            self._tasks.start(_warm(new.provider))

    async def _retire(self, old: Asked) -> None:
        """Close what is asked no more, when the requests that it was asked are served."""
        try:
            await self._engine.drain(_OLD_PROVIDER_S)
        finally:
            await _close(old.provider.name, self._pool.retire(old))


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # a system user without one
        return None


async def _warm(provider: Provider) -> None:
    await provider.warm()
    import_module("ghostlap.lsp_server.shaping")  # 25 ms that neither the start nor a key waits for
    gc.freeze()  # what is there by now stays, and need not be looked through again


async def _close_recorder(recorder: Recorder) -> None:
    await asyncio.to_thread(recorder.close)  # it waits for the disk


async def _close(name: str, closing: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(_CLOSE_S):
            await closing
    except TimeoutError:
        log.warning("%s did not close within %g s.", name, _CLOSE_S)
    except Exception as error:  # noqa: BLE001 - it is gone either way
        log_failure(log, f"Closing {name}", error)

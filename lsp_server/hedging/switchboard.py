"""Switching policies and providers while the server runs: by its client or `ghostlap hedge`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.config import Config, mentioned
from ghostlap.lsp_server.hedging import switches as files
from ghostlap.lsp_server.hedging.commands import SELECT, SET, TOGGLE
from ghostlap.lsp_server.hedging.settings import MODE_WORDS, Mode, parse_mode
from ghostlap.lsp_server.hedging.spending import share_spending
from ghostlap.lsp_server.hedging.switches import Signature, Switches, applied
from ghostlap.lsp_server.logs import log_failure
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.providers.policies import Ledger

__all__ = ["Switchboard"]

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.5
_SPENDING_EVERY = 10
"""Looks; what was spent is shared every few seconds."""


class Switchboard:
    """Keeps the switches in step with the file. Used from one event loop alone."""

    def __init__(
        self, file_config: Config, ledger: Ledger, tasks: Tasks, changed: Callable[[], None]
    ) -> None:
        """`changed` is called when what `over` returns may be another than before."""
        self._known: Collection[str] = mentioned(file_config)
        self._file = file_config.file
        self._ledger = ledger
        self._tasks = tasks
        self._changed = changed
        self._folder: Path | None = None
        self._switches = Switches()
        self._signature: Signature | None = None
        self._is_saving = False
        self._unsaved: Switches | None = None
        self._settings: tuple[Mode, str] | None = None

    async def start(self) -> None:
        """Read the file, and follow it from now on. A second call does nothing."""
        if self._folder is not None:
            return
        self._folder = await asyncio.to_thread(files.state_folder)
        if self._unsaved is None:
            await self._look()
        else:  # switched before there was a folder
            self._switch(self._unsaved)
        self._tasks.start(self._follow(self._folder))

    def over(self, config: Config) -> Config:
        """Return the settings with what was switched."""
        return applied(config, self._switches, self._known)

    def settings_changed(self, config: Config) -> None:
        """Note the settings without switches: who changes one wants that, and not the switch."""
        before, self._settings = self._settings, (config.hedge, config.primary)
        if before is None:
            return
        switches = self._switches
        if before[0] != config.hedge:
            switches = replace(switches, hedge=None, resume=None)
        if before[1] != config.primary:
            switches = replace(switches, primary=None)
        if switches != self._switches:
            self._switch(switches)

    def execute(self, command: str, arguments: list[Any], config: Config) -> dict[str, Any]:
        """Run one of `SWITCHES` on the settings that the client has, and say what is on then.

        :raises ValueError: a sentence that says what the command takes
        """
        wanted = self._wanted(command, arguments, config)
        if wanted != self._switches:
            self._switch(wanted)
            self._changed()
        now = self.over(config)
        return {"hedge": now.hedge, "primary": now.primary, "backup": list(now.backup)}

    def _wanted(self, command: str, arguments: list[Any], config: Config) -> Switches:
        if command == TOGGLE:
            if arguments:
                raise ValueError(f"{TOGGLE} takes no argument.")
            return self._switches.toggled(config)
        (argument,) = arguments if len(arguments) == 1 else (None,)
        if len(arguments) > 1:
            raise ValueError(f"{command} takes one argument.")
        if command == SET:
            return self._with_mode(argument)
        is_known = isinstance(argument, str) and argument in self._known
        if argument is not None and not is_known:
            raise ValueError(
                f"{SELECT} takes a provider that {self._file} mentions, or embedded: a command "
                "may come from a folder, which is not to say where code is sent."
            )
        return replace(self._switches, primary=argument)

    def _with_mode(self, argument: Any) -> Switches:
        try:
            mode = None if argument is None else parse_mode(argument)
        except ValueError:
            raise ValueError(f"{SET} takes {MODE_WORDS}; null is as the settings say.") from None
        return replace(self._switches, hedge=mode, resume=None)

    def _switch(self, switches: Switches) -> None:
        self._switches = self._unsaved = switches
        if not self._is_saving and self._folder is not None:
            self._is_saving = True
            self._tasks.start(self._save(self._folder))

    async def _save(self, folder: Path) -> None:
        try:
            while (switches := self._unsaved) is not None:
                await asyncio.to_thread(files.save, folder, switches)
                self._signature = await asyncio.to_thread(files.signature, folder)
                if self._unsaved is switches:
                    self._unsaved = None
        except OSError as error:
            self._unsaved = None
            log_failure(log, "Keeping what was switched", error)
        finally:
            self._is_saving = False

    async def _follow(self, folder: Path) -> None:
        looks = 0
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self._look()
            looks += 1
            if looks % _SPENDING_EVERY == 1:
                await share_spending(folder, self._ledger)

    async def _look(self) -> None:
        """Take the file's switches over if it has changed."""
        assert self._folder is not None, "started"
        signature = await asyncio.to_thread(files.signature, self._folder)
        if signature == self._signature or self._unsaved is not None:
            return
        switches = await asyncio.to_thread(files.load, self._folder)
        if self._unsaved is not None:  # switched here meanwhile, and about to be written
            return
        self._signature = signature
        if switches != self._switches:
            self._switches = switches
            self._changed()

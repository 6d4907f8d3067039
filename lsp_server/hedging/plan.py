"""Who is asked, and by which policy, as the settings have it."""

from __future__ import annotations

from dataclasses import dataclass

from ghostlap.lsp_server.config import EMBEDDED, Config
from ghostlap.lsp_server.hedging.settings import HedgingSettings, Mode

__all__ = ["Plan", "plan_of"]


@dataclass(frozen=True, slots=True)
class Plan:
    primary: str
    backups: tuple[str, ...]
    mode: str
    """off, race, hedge, adaptive or failover."""
    delay_ms: int
    split: tuple[tuple[str, float], ...]
    shadows: tuple[tuple[str, float], ...]
    settings: HedgingSettings

    @property
    def names(self) -> tuple[str, ...]:
        """Return whoever may be asked, the primary first."""
        others = (*self.backups, *(name for name, _ in (*self.split, *self.shadows)))
        return tuple(dict.fromkeys((self.primary, *others)))

    @property
    def remote(self) -> str | None:
        """The first of them that code is sent to; None: it stays in this process."""
        return next((name for name in self.names if name != EMBEDDED), None)

    @property
    def paced_by(self) -> str:
        """Whose wait after a key is kept: the remote one's where each key may be sent away."""
        at_once = self.split or self.shadows or self.mode == "race"
        return (self.remote if at_once else None) or self.primary


def plan_of(config: Config) -> Plan:
    """Where nothing may be sent away, the embedded engine alone can stand beside another."""
    mode, delay_ms = _mode(config.hedge)

    def may_help(name: str) -> bool:
        return name != config.primary and (config.context.remote or name == EMBEDDED)

    backups = tuple(filter(may_help, config.backup))
    return Plan(
        config.primary,
        backups if mode != "off" else (),
        mode if backups else "off",
        delay_ms,
        tuple(each for each in config.split.items() if may_help(each[0])),
        tuple(each for each in config.shadow.items() if may_help(each[0])),
        config.hedging,
    )


def _mode(mode: Mode) -> tuple[str, int]:
    return (mode, 0) if isinstance(mode, str) else ("hedge", mode["delay_ms"])

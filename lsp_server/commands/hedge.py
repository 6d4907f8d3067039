"""Switch hedging on or off, for every running server within a second and for those to come.

on         as it was before it was switched off
off        ask the primary alone
race       ask all at once
adaptive   ask a backup when the primary is later than it usually is
failover   ask a backup when the primary fails
MS         ask a backup after so many milliseconds
reset      as the settings say, the primary too
status     what is on, and what it has cost today
"""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import argparse
import json
from dataclasses import replace
from typing import Any

from ghostlap.lsp_server.commands import Failure

__all__ = ["add_arguments", "run"]

_WORDS = ("on", "off", "race", "adaptive", "failover", "reset", "status")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("to", type=_word, metavar="TO", help=", ".join(_WORDS) + " or MS")
    parser.add_argument("--json", action="store_true", help="print what is on as JSON")


def _word(text: str) -> str:
    if text in _WORDS or (text.isascii() and text.isdigit() and 0 < int(text) <= 10_000):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(_WORDS)}, nor milliseconds")


def run(args: argparse.Namespace) -> int:
    from ghostlap.lsp_server.config import load  # noqa: PLC0415 - once the command line is right
    from ghostlap.lsp_server.hedging import switches as files  # noqa: PLC0415 - as above

    config, _ = load()
    folder = files.state_folder()
    switches = files.load(folder)
    if args.to != "status":
        switches = _switched(args.to, switches, config)
        try:
            files.save(folder, switches)
        except OSError as error:
            raise Failure(f"{folder}: {error.strerror}") from error
    shown = _status(config, switches)
    print(json.dumps(shown, indent=2)) if args.json else _print(shown, str(config.file))
    return 0


def _switched(to: str, switches: Any, config: Any) -> Any:
    from ghostlap.lsp_server.hedging.switches import Switches  # noqa: PLC0415 - as in run

    if to == "reset":
        return Switches()
    mode = config.hedge if switches.hedge is None else switches.hedge
    if to == "on":
        return switches.toggled(config) if mode == "off" else switches
    if to == "off":
        return switches if mode == "off" else switches.toggled(config)
    return replace(switches, hedge={"delay_ms": int(to)} if to.isdigit() else to, resume=None)


def _status(config: Any, switches: Any) -> dict[str, Any]:
    from ghostlap.lsp_server.config import mentioned  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.hedging import switches as files  # noqa: PLC0415 - as in run
    from ghostlap.lsp_server.hedging.spending import load_spending  # noqa: PLC0415 - as in run
    from ghostlap.providers.policies import Ledger  # noqa: PLC0415 - as in run

    now = files.applied(config, switches, mentioned(config))
    ledger = Ledger()
    if (spent := load_spending(files.state_folder())) is not None:
        ledger.set_others(spent)
    today = ledger.spent()
    return {
        "hedge": now.hedge,
        "hedge_in_settings": config.hedge,
        "primary": now.primary,
        "primary_in_settings": config.primary,
        "backup": list(now.backup),
        "split": dict(now.split),
        "shadow": dict(now.shadow),
        "extra_requests_today": today.requests,
        "extra_usd_today": round(today.usd, 6),
        "daily_requests": now.hedging.daily_requests,
        "daily_usd": now.hedging.daily_usd,
    }


def _print(shown: dict[str, Any], file: str) -> None:
    rows = {
        "hedge": _in_place_of(_mode(shown["hedge"]), _mode(shown["hedge_in_settings"])),
        "primary": _in_place_of(shown["primary"], shown["primary_in_settings"]),
        "backup": ", ".join(shown["backup"]) or f"none: nothing is hedged; set backup in {file}",
        "split": _shares(shown["split"]),
        "shadow": _shares(shown["shadow"]),
        "today": _today(shown),
    }
    for name, text in rows.items():
        if text:
            print(f"{name:<9}{text}")
    print("An editor may have settings of its own for what was not switched here.")


def _mode(mode: Any) -> str:
    return mode if isinstance(mode, str) else f"after {mode['delay_ms']} ms"


def _in_place_of(now: str, before: str) -> str:
    return now if now == before else f"{now}, switched from {before}"


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items())


def _today(shown: dict[str, Any]) -> str:
    requests, usd = shown["extra_requests_today"], shown["extra_usd_today"]
    limits = []
    if shown["daily_requests"]:
        limits.append(f"{shown['daily_requests']} requests")
    if shown["daily_usd"]:
        limits.append(f"{shown['daily_usd']:g} USD")
    limit = f" of at most {' and '.join(limits)}" if limits else ""
    return f"{requests} extra requests, up to {usd:.4f} USD{limit}"

"""The outcome of a comparison as a value: figures, sentences, and what it rests on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from ghostlap.lsp_server.harness.arms import Arm
from ghostlap.lsp_server.harness.figures import Comparison, Figures, compare, figures
from ghostlap.lsp_server.harness.ledger import Ledger
from ghostlap.lsp_server.harness.run import Plan, Run
from ghostlap.lsp_server.harness.sentences import comparison_sentence, lag_sentence
from ghostlap.lsp_server.version import VERSION
from ghostlap.providers.catalog import settings_of
from ghostlap.providers.simulated import profiles

__all__ = ["ArmResult", "Compared", "Result", "as_json", "result_of"]


@dataclass(frozen=True, slots=True)
class ArmResult:
    name: str
    simulated: bool
    figures: Figures
    ledger: Ledger | None

    @property
    def label(self) -> str:
        return f"{self.name} (simulated)" if self.simulated else self.name


@dataclass(frozen=True, slots=True)
class Compared:
    first: str
    second: str
    figures: Comparison
    sentence: str


@dataclass(frozen=True, slots=True)
class Result:
    arms: list[ArmResult]
    compared: list[Compared]
    warnings: list[str]
    facts: Mapping[str, Any] = field(default_factory=dict)


def result_of(plan: Plan, run: Run) -> Result:
    """Sum up a run. The same strokes and seed give the same figures."""
    arms = [
        ArmResult(
            each.arm.name,
            each.arm.simulated,
            figures(each.strokes, plan.seed, arms=len(run.arms)),
            each.ledger,
        )
        for each in run.arms
        if any(stroke.until_ns for stroke in each.strokes)
    ]
    compared = []
    for one, other in combinations(run.arms, 2):
        found = compare(one.strokes, other.strokes, plan.seed)
        sentence = comparison_sentence(one.arm.label, other.arm.label, found)
        compared.append(Compared(one.arm.name, other.arm.name, found, sentence))
    warnings = [
        text for each in arms if (text := lag_sentence(each.label, each.figures, run.stolen_s))
    ]
    warnings += [f"{each.arm.label} said: {text}" for each in run.arms for text in each.said]
    if run.interrupted:
        warnings.append("Interrupted: these are the figures of what was typed until then.")
    return Result(arms, compared, warnings, _facts(plan, run))


def _facts(plan: Plan, run: Run) -> dict[str, Any]:
    clock = time.get_clock_info("monotonic")
    return {
        "ghostlap": VERSION,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "processors": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "clock": clock.implementation,
        "clock_resolution_s": clock.resolution,
        "typist": run.place,
        "stolen_s": None if run.stolen_s is None else round(run.stolen_s, 2),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "workload": plan.workload.name,
        "workload_origin": plan.workload.origin,
        "workload_seed": plan.workload.seed,
        "gaps": plan.workload.gaps,
        "keys": len(plan.workload.edits),
        "seed": plan.seed,
        "block_keys": plan.block_keys,
        "accepts": plan.accepts,
        "interrupted": run.interrupted,
        "settings": {each.arm.name: _settings(each.arm.settings) for each in run.arms},
        "models": _models(plan.arms),
        "simulated": _played(plan.arms),
    }


_TOLD = ("primary", "hedge", "backup", "hedging", "debounce_ms", "debounce_min_ms", "suggestion")
"""Settings that hold neither a key nor a path."""


def _settings(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: settings[name] for name in _TOLD if name in settings} if settings else {}


def _models(arms: Sequence[Arm]) -> dict[str, str]:
    """Of all providers that are asked: the user's, else the catalogue's."""
    found = {}
    for arm in arms:
        for name in _asked(arm):
            own = (arm.settings or {}).get("providers", {}).get(name, {})
            found[name] = str(own.get("model") or settings_of(name).model)
    return {name: model for name, model in found.items() if model}


def _played(arms: Sequence[Arm]) -> dict[str, str]:
    """Whose speeds the simulated ones have, and who says so."""
    known = profiles()
    names = {name for arm in arms if arm.simulated for name in _asked(arm) if name in known}
    return {
        name: f"{known[name].title}: first token after {known[name].ttft_ms:g} ms, "
        f"{known[name].tokens_per_s:g} tokens/s; {known[name].source}; "
        f"assumed: {known[name].assumed}"
        for name in sorted(names)
    }


def _asked(arm: Arm) -> list[str]:
    settings = arm.settings or {}
    return [name for name in (settings.get("primary", ""), *settings.get("backup", [])) if name]


def as_json(result: Result) -> dict[str, Any]:
    arms = []
    for each in result.arms:
        told = asdict(each)
        told["figures"]["fell_behind"] = each.figures.fell_behind
        arms.append(told)
    return {
        "kind": "bench",
        "version": 1,
        "facts": dict(result.facts),
        "arms": arms,
        "compared": [asdict(each) for each in result.compared],
        "warnings": result.warnings,
    }

"""The outcome of a comparison as a value: figures, sentences, and what it rests on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

from ghostlap.lsp_server.harness.figures import Comparison, Figures, compare, figures
from ghostlap.lsp_server.harness.ledger import Ledger
from ghostlap.lsp_server.harness.run import Plan, Run
from ghostlap.lsp_server.harness.sentences import comparison_sentence, lag_sentence
from ghostlap.lsp_server.version import VERSION

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
        sentence = comparison_sentence(one.arm.name, other.arm.name, found)
        compared.append(Compared(one.arm.name, other.arm.name, found, sentence))
    warnings = [text for each in arms if (text := lag_sentence(each.label, each.figures))]
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
        "load_1min": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "clock": clock.implementation,
        "clock_resolution_s": clock.resolution,
        "typist": run.place,
        "at_unix_s": round(time.time()),
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
    }


_TOLD = ("primary", "hedge", "backup", "hedging", "debounce_ms", "debounce_min_ms", "suggestion")
"""Settings that hold neither a key nor a path."""


def _settings(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: settings[name] for name in _TOLD if name in settings} if settings else {}


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

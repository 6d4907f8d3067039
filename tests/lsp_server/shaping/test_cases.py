"""Tables of cases: a text with its cursor, what a model said, and what is shown of it.

A table is named for its language. Its lists say how much is asked for: `block` what the place
wants, `line` the rest of a line, `both` that it makes no difference. A case is a sentence, the text
with its cursor █, the answer, what is shown, and how many characters right of the cursor it takes
the place of, if any. ⏎ is a line end and ⇥ a tab.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet

from ghostlap.lsp_server.shaping import Shaper

MODES = {"both": (False, True), "block": (False,), "line": (True,)}


class Case(NamedTuple):
    language: str
    single_line: bool
    text: str
    raw: str
    shown: str
    replaces: int

    def shaper(self, newline: str = "\n") -> Shaper:
        prefix, suffix = self.text.replace("\n", newline).split("█")
        return Shaper(
            prefix=prefix,
            suffix=suffix,
            language_id=self.language,
            newline=newline,
            single_line=self.single_line,
        )


def cases() -> Iterator[ParameterSet]:
    for path in sorted((Path(__file__).parent / "cases").glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        for asked, modes in MODES.items():
            for sentence, text, raw, shown, *replaces in table.get(asked, []):
                texts = [each.replace("⏎", "\n").replace("⇥", "\t") for each in (text, raw, shown)]
                for single_line in modes:
                    mode = "line" if single_line else "block"
                    case = Case(path.stem, single_line, *texts, *(replaces or [0]))
                    yield pytest.param(case, id=f"{path.stem}, {mode}: {sentence}")


CASES = list(cases())


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 400


@pytest.mark.parametrize("case", CASES)
def test_an_answer_is_shown_as_a_programmer_wants_it(case: Case) -> None:
    shaped = case.shaper().shape(case.raw, finished=True)
    assert (shaped.text, shaped.replaces) == (case.shown, case.replaces)


@pytest.mark.parametrize("case", CASES)
def test_what_is_decided_while_it_streams_does_not_change_any_more(case: Case) -> None:
    shaper = case.shaper()
    for length in range(len(case.raw) + 1):
        shaped = shaper.shape(case.raw[:length], finished=False)
        if shaped.decided:
            assert (shaped.text, shaped.replaces) == (case.shown, case.replaces), length


@pytest.mark.parametrize("case", CASES)
def test_a_file_with_carriage_returns_gets_the_same_with_them(case: Case) -> None:
    shaped = case.shaper("\r\n").shape(case.raw, finished=True)
    assert (shaped.text, shaped.replaces) == (case.shown.replace("\n", "\r\n"), case.replaces)

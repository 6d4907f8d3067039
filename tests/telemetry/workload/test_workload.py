import json
from pathlib import Path
from random import Random

import pytest

from ghostlap.telemetry.workload import (
    Document,
    Edit,
    MeasuredGaps,
    Place,
    Workload,
    WorkloadError,
    read_workload,
    shape_of,
    synthesise,
    take_out,
    write_workload,
)
from ghostlap.telemetry.workload._gaps import Before

SOURCE = "import re\n\n\ndef half(text):\n    return text[: len(text) // 2]\n\n\n" + "".join(
    f"def number_{each}(value):\n    if value:\n        return {each}\n    return 'ü😀'\n\n\n"
    for each in range(20)
)


def synthesised(*, seed: int = 0, keys: int = 60) -> Workload:
    manuscript = take_out("half.py", "python", SOURCE, keys, seed=seed)
    assert manuscript is not None
    return synthesise([manuscript])


def typed(workload: Workload) -> str:
    """The first document after all edits."""
    text = workload.documents[0].text
    assert text is not None
    lines = text.split("\n")
    for edit in workload.edits:
        assert edit.text is not None
        head, tail = lines[edit.start.line][: edit.start.column], lines[edit.end.line]
        new = head + edit.text + tail[edit.end.column :]
        lines[edit.start.line : edit.end.line + 1] = new.split("\n")
    return "\n".join(lines)


def test_typing_a_workload_writes_the_file_it_was_made_from() -> None:
    assert typed(synthesised(seed=1)) == SOURCE
    assert typed(synthesised(seed=7)) == SOURCE


def test_one_seed_gives_one_workload_and_another_seed_another() -> None:
    assert synthesised(seed=3) == synthesised(seed=3)
    assert synthesised(seed=3).edits != synthesised(seed=4).edits


def test_slips_are_typed_and_taken_back() -> None:
    found = [synthesised(seed=seed, keys=300) for seed in range(1, 4)]
    assert all(shape_of(each).backspaces for each in found)


def test_a_workload_is_read_as_it_was_written(tmp_path: Path) -> None:
    workload = synthesised(seed=2)
    write_workload(tmp_path / "w.jsonl", workload)
    found = read_workload(tmp_path / "w.jsonl")
    assert found.documents == list(workload.documents)
    assert [each.text for each in found.edits] == [each.text for each in workload.edits]
    assert (
        max(abs(a.at_ms - b.at_ms) for a, b in zip(found.edits, workload.edits, strict=True))
        < 0.001
    )


def test_shapes_hold_neither_code_nor_names(tmp_path: Path) -> None:
    shapes = synthesised().shapes_only()
    write_workload(tmp_path / "w.jsonl", shapes)
    written = (tmp_path / "w.jsonl").read_text(encoding="utf-8")
    assert "half" not in written
    assert "return" not in written
    assert not read_workload(tmp_path / "w.jsonl").has_text
    assert shape_of(read_workload(tmp_path / "w.jsonl")).characters == shape_of(shapes).characters


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "it is empty"),
        (["{"], "line 1: it is no JSON"),
        (['{"kind":"document"}'], "does not begin with a workload's head"),
        (['{"kind":"workload","version":2}'], "it is of version 2, and this is read: 1"),
        (
            ['{"kind":"workload","version":1}', '{"kind":"edit","at_ms":1,"document":0}'],
            "line 2: start is missing",
        ),
        (
            [
                '{"kind":"workload","version":1}',
                '{"kind":"edit","at_ms":1,"document":0,"start":[0,0],"text":"x"}',
            ],
            "there is no document 0 above",
        ),
        (
            [
                '{"kind":"workload","version":1}',
                '{"kind":"document","language":"c","text":""}',
                '{"kind":"edit","at_ms":2,"document":0,"start":[0,0],"text":"x"}',
                '{"kind":"edit","at_ms":1,"document":0,"start":[0,1],"text":"x"}',
            ],
            "line 4: at_ms is before that of the edit above",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(
    tmp_path: Path, lines: list[str], why: str
) -> None:
    file = tmp_path / "w.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(WorkloadError) as caught:
        read_workload(file)
    assert why in str(caught.value)
    assert str(file) in str(caught.value)


def test_what_a_later_writer_adds_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "w.jsonl"
    lines = [{"kind": "workload", "version": 1, "more": 1}, {"kind": "scroll", "line": 3}]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert read_workload(file).edits == []


def test_gaps_are_drawn_from_a_recording_where_it_has_enough_of_them() -> None:
    edits = [Edit(each * 77.0, 0, Place(0, each), Place(0, each), None, 1) for each in range(50)]
    gaps = MeasuredGaps(Workload("", "recorded", [Document("", "python", None)], edits))
    random = Random(1)
    assert gaps.gap_s(Before.WORD, random) == pytest.approx(0.077)
    assert gaps.gap_s(Before.LINE, random) != pytest.approx(0.077)


def test_a_file_with_too_little_behind_its_middle_gives_nothing() -> None:
    assert take_out("a.py", "python", "def f():\n    return 1\n", 500) is None

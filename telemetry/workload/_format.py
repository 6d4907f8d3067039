"""Reading and writing workloads: JSON lines, as FORMAT.md has it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ghostlap.telemetry.workload._workload import Document, Edit, Place, Workload

__all__ = ["VERSION", "WorkloadError", "read_workload", "write_workload"]

VERSION = 1


class WorkloadError(Exception):
    """A file is no workload that can be read. `str()` names the file, the line and the reason."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(f"{path}, line {line}: {why}" if line else f"{path}: {why}")


def write_workload(path: Path, workload: Workload) -> None:
    """Write a new file, or over an old one. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in _lines(workload):
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def _lines(workload: Workload) -> Iterator[dict[str, Any]]:
    yield {
        "kind": "workload",
        "version": VERSION,
        "name": workload.name,
        "origin": workload.origin,
        "seed": workload.seed,
        "gaps": workload.gaps,
        "made_by": workload.made_by,
    }
    for document in workload.documents:
        line: dict[str, Any] = {"kind": "document", "name": document.name}
        line["language"] = document.language
        if document.text is not None:
            line["text"] = document.text
        yield line
    for edit in workload.edits:
        yield _edit_line(edit)


def _edit_line(edit: Edit) -> dict[str, Any]:
    line: dict[str, Any] = {"kind": "edit", "at_ms": round(edit.at_ms, 3)}
    line |= {"document": edit.document, "start": [*edit.start]}
    if edit.end != edit.start:
        line["end"] = [*edit.end]
    if edit.text is None:
        line |= {"chars": edit.chars, "newlines": edit.newlines}
    else:
        line["text"] = edit.text
    if edit.accepted:
        line["accepted"] = True
    return line


def read_workload(path: Path) -> Workload:
    """:raises WorkloadError: it cannot be read, or is no workload of this version"""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise WorkloadError(path, 0, "it is no UTF-8 text") from error
    except OSError as error:
        raise WorkloadError(path, 0, error.strerror or str(error)) from error
    head: Mapping[str, Any] | None = None
    documents: list[Document] = []
    edits: list[Edit] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            if head is None:
                head = _head(told)
            elif told["kind"] == "document":
                documents.append(_document(told))
            elif told["kind"] == "edit":
                edits.append(_edit(told, documents, edits))
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            raise WorkloadError(path, number, _reason(error)) from error
    if head is None:
        raise WorkloadError(path, 0, "it is empty")
    return Workload(
        name=str(head.get("name", "")),
        origin=str(head.get("origin", "")),
        documents=documents,
        edits=edits,
        seed=int(head.get("seed", 0)),
        gaps=str(head.get("gaps", "")),
        made_by=str(head.get("made_by", "")),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "it is no JSON"
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return str(error) if isinstance(error, _Wrong) else "a value is of the wrong type"


class _Wrong(ValueError):
    """What is wrong with a line, in words for the user."""


def _head(told: Any) -> Mapping[str, Any]:
    if not isinstance(told, dict) or told.get("kind") != "workload":
        raise _Wrong("it does not begin with a workload's head")
    if told["version"] != VERSION:
        raise _Wrong(f"it is of version {told['version']!r}, and this is read: {VERSION}")
    return told


def _document(told: Mapping[str, Any]) -> Document:
    text = told.get("text")
    if text is not None and not isinstance(text, str):
        raise _Wrong("text is no text")
    return Document(str(told.get("name", "")), str(told["language"]), text)


def _edit(told: Mapping[str, Any], documents: list[Document], before: list[Edit]) -> Edit:
    start = _place(told["start"])
    end = _place(told.get("end", told["start"]))
    document, text, at_ms = int(told["document"]), told.get("text"), float(told["at_ms"])
    if not 0 <= document < len(documents):
        raise _Wrong(f"there is no document {document} above")
    if before and at_ms < before[-1].at_ms:
        raise _Wrong("at_ms is before that of the edit above")
    if end < start:
        raise _Wrong("it ends before it starts")
    if text is not None and not isinstance(text, str):
        raise _Wrong("text is no text")
    chars = int(told["chars"]) if text is None else len(text)
    newlines = int(told.get("newlines", 0)) if text is None else text.count("\n")
    accepted = told.get("accepted") is True
    return Edit(at_ms, document, start, end, text, chars, newlines, accepted)


def _place(told: Any) -> Place:
    line, column = told
    if type(line) is not int or type(column) is not int or line < 0 or column < 0:
        raise _Wrong("a place is two numbers from 0")
    return Place(line, column)

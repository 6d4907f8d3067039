"""`ghostlap workload record`: asks the running servers to note the typing, and gathers it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ghostlap.lsp_server.commands import Failure
from ghostlap.lsp_server.harness.tap import wish_path
from ghostlap.lsp_server.hedging.switches import state_folder, write_file
from ghostlap.lsp_server.version import VERSION
from ghostlap.telemetry.workload import Document, Edit, Workload, WorkloadError, read_workload

__all__ = ["gathered", "record"]

_RENEWED_EVERY_S = 2.0
_LASTS_S = 10.0
_LAST_WORDS_S = 1.5  # servers look twice a second


def record(*, text: bool, seconds: float, told: Callable[[str], None]) -> Workload:
    """Record until Ctrl-C, or for so many seconds; `told` gets what to tell the user.

    :raises Failure: what was asked for can't be said to the servers
    """
    wish = wish_path(state_folder())
    with tempfile.TemporaryDirectory(prefix="ghostlap-record-") as name:
        folder = Path(name)
        told("Recording what is typed in running servers; Ctrl-C ends it.")
        try:
            _wait(wish, folder, text=text, seconds=seconds)
        except KeyboardInterrupt:
            told("Gathering.")
        except OSError as error:
            raise Failure(f"{wish}: {error.strerror}") from error
        finally:
            with suppress(OSError):
                wish.unlink(missing_ok=True)
        time.sleep(_LAST_WORDS_S)
        found, left_out = gathered(folder)
    if left_out:
        told(f"{left_out} left out: a secret was typed there, or a rule came to exclude them.")
    return found


def _wait(wish: Path, folder: Path, *, text: bool, seconds: float) -> None:
    end_s = time.monotonic() + seconds if seconds else float("inf")
    while time.monotonic() < end_s:
        until_s = time.time() + _LASTS_S
        write_file(wish, {"folder": str(folder), "text": text, "until_unix_s": until_s})
        time.sleep(min(_RENEWED_EVERY_S, max(0.0, end_s - time.monotonic())))


def gathered(folder: Path) -> tuple[Workload, int]:
    """Return what all servers have written there, in the order of the times, as one workload.

    Beside it, how many documents were withheld, and are left out.
    """
    documents: list[Document] = []
    edits: list[Edit] = []
    left_out = 0
    for file in sorted(folder.glob("*.jsonl")):
        found, withheld = _read(file)
        left_out += len(withheld)
        kept = [each for each in range(len(found.documents)) if each not in withheld]
        numbers = {old: len(documents) + new for new, old in enumerate(kept)}
        documents += [found.documents[each] for each in kept]
        edits += [
            replace(each, document=numbers[each.document])
            for each in found.edits
            if each.document in numbers
        ]
    edits.sort(key=lambda each: each.at_ms)
    start_ms = edits[0].at_ms if edits else 0.0
    workload = Workload(
        name="recorded" if all(each.text is not None for each in documents) else "",
        origin="recorded",
        documents=documents,
        edits=[replace(each, at_ms=each.at_ms - start_ms) for each in edits],
        gaps="as they were typed",
        made_by=f"ghostlap {VERSION}",
    )
    return workload, left_out


def _read(file: Path) -> tuple[Workload, set[int]]:
    """Return what one server wrote, and which of its documents it withheld in the end."""
    written = file.read_text(encoding="utf-8")
    whole = file.with_suffix(".whole")
    head = json.dumps({"kind": "workload", "version": 1})
    whole.write_text(head + "\n" + written, encoding="utf-8")
    try:
        found = read_workload(whole)
    except WorkloadError as error:
        raise Failure(f"a server wrote what can't be read: {error}") from error
    lines = [json.loads(line) for line in written.splitlines()]
    return found, {each["document"] for each in lines if each["kind"] == "withheld"}

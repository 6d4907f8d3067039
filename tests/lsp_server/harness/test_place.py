"""Where the typist runs, and that nothing of it stays behind."""

import json
import os
import subprocess
import sys

import pytest

from ghostlap.lsp_server.harness.place import children_elsewhere, typists_place

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="it takes Linux, and two processors that this process may run on",
)


def processors_of_a_child() -> set[int]:
    code = "import json, os; print(json.dumps([*os.sched_getaffinity(0)]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return set(json.loads(done.stdout))


def test_servers_run_on_other_processors_than_the_typist() -> None:
    before = os.sched_getaffinity(0)
    with children_elsewhere():
        servers = processors_of_a_child()
    with typists_place() as told:
        typist = os.sched_getaffinity(0)
    assert typist | servers == before
    assert not typist & servers
    assert told.startswith("a processor of its own")
    assert os.sched_getaffinity(0) == before


def test_a_typist_that_goes_first_does_so_while_it_types_alone() -> None:
    before = os.sched_getscheduler(0)
    with typists_place() as told:
        during = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
    assert (during == os.SCHED_FIFO) == told.endswith("real-time")
    assert os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == before & ~os.SCHED_RESET_ON_FORK

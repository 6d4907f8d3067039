"""What extra requests have cost, as several servers keep count of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from ghostlap.lsp_server.hedging.spending import load_spending, share_spending
from ghostlap.providers.policies import Ledger

SERVERS, TIMES = 3, 60
SPENDS = """
import asyncio, sys
from pathlib import Path
from ghostlap.lsp_server.hedging.spending import share_spending
from ghostlap.providers.policies import Ledger

async def spend():
    ledger = Ledger()
    for _ in range(int(sys.argv[2])):
        ledger.add(requests=1, usd=0.25)
        await share_spending(Path(sys.argv[1]), ledger)

asyncio.run(spend())
"""


def test_nothing_is_lost_when_servers_add_at_the_same_time(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SPENDS, str(tmp_path), str(TIMES)]
    servers = [subprocess.Popen(command) for _ in range(SERVERS)]
    assert [server.wait(60) for server in servers] == [0] * SERVERS
    spent = load_spending(tmp_path)
    assert spent is not None
    assert (spent.requests, spent.usd) == (SERVERS * TIMES, SERVERS * TIMES * 0.25)


async def test_a_server_learns_what_others_have_spent(tmp_path: Path) -> None:
    one, other = Ledger(), Ledger()
    one.add(requests=2, usd=0.5)
    await share_spending(tmp_path, one)
    other.add(requests=1)
    await share_spending(tmp_path, other)
    await share_spending(tmp_path, one)
    assert (one.spent().requests, one.spent().usd) == (3, 0.5)


async def test_what_cannot_be_kept_is_still_counted_here(tmp_path: Path) -> None:
    file = tmp_path / "no folder"
    file.write_text("")
    ledger = Ledger()
    ledger.add(requests=1)
    await asyncio.wait_for(share_spending(file, ledger), 30)
    assert ledger.spent().requests == 1

from __future__ import annotations

import asyncio

import pytest

from ghostlap.lsp_server.tasks import Tasks


async def test_what_follows_a_task_is_done_however_it_ended() -> None:
    tasks, ended = Tasks(), asyncio.Queue[str]()

    async def work() -> None:
        pass

    async def fail() -> None:
        raise KeyError

    tasks.start(work(), then=lambda: ended.put_nowait("done"))
    tasks.start(fail(), then=lambda: ended.put_nowait("failed"))
    tasks.start(work(), then=lambda: ended.put_nowait("never ran")).cancel()
    assert {await ended.get() for _ in range(3)} == {"done", "failed", "never ran"}


async def test_a_failure_is_logged_without_its_text_and_harms_no_other_task(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks, ended = Tasks(), asyncio.Event()
    go_on = asyncio.Event()

    async def fail() -> None:
        raise ValueError("secret_code")

    async def wait() -> None:
        await go_on.wait()
        ended.set()

    tasks.start(wait())
    tasks.start(fail(), then=go_on.set)
    await ended.wait()
    assert "A task failed: ValueError at test_tasks.py:" in caplog.text
    assert "secret_code" not in caplog.text


async def test_closing_cancels_and_waits() -> None:
    tasks, cancelled = Tasks(), asyncio.Event()
    started = asyncio.Event()

    async def wait() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cancelled.set()

    tasks.start(wait())
    await started.wait()
    await tasks.aclose(60.0)
    assert cancelled.is_set()
    await tasks.aclose(60.0)


async def test_a_task_that_will_not_end_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    tasks, go_on, started = Tasks(), asyncio.Event(), asyncio.Event()

    async def stay() -> None:
        started.set()
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue

    task = tasks.start(stay())
    await started.wait()
    await tasks.aclose(0.01)
    assert "1 tasks did not end" in caplog.text
    go_on.set()
    await task

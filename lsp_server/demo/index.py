"""The embedded engine's index of the standard library: made before anything is measured."""

from __future__ import annotations

import asyncio

from ghostlap.lsp_server.backends import OurBackends
from ghostlap.lsp_server.config import EMBEDDED, Config
from ghostlap.lsp_server.demo.material import Passage
from ghostlap.lsp_server.demo.screen import Screen
from ghostlap.providers.local import EmbeddedEngine, EngineState

__all__ = ["wait_for_index"]

_LOOK_AGAIN_S = 0.1
_BUILDING = "indexing Python's standard library, at the first start only"


async def wait_for_index(config: Config, passage: Passage, screen: Screen, seconds: float) -> str:
    """Have the index made, unless it is there or would not be used.

    Returns what is to be said about it; nothing when all is well. Done here by an engine of our
    own, so that the server finds the index in the cache and nobody has to ask it how far it is.
    """
    wants_index = config.primary == EMBEDDED and config.embedded.standard_library
    if not wants_index or passage.material.language != "python":
        return ""
    engine = await OurBackends().open(config)
    assert isinstance(engine, EmbeddedEngine), "that is what the name means"
    try:
        async with asyncio.timeout(seconds):
            await engine.warm()
            while engine.status.state is EngineState.BUILDING:
                screen.wait(_BUILDING)
                await asyncio.sleep(_LOOK_AGAIN_S)
    except TimeoutError:
        return "the index was not ready in time: the engine knew little more than the open file"
    finally:
        await engine.aclose()
    return engine.status.detail

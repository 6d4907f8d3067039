"""The embedded engine: a completion model that is an index of code, not weights."""

from importlib import import_module
from typing import TYPE_CHECKING

from ghostlap.providers.local.settings import EmbeddedSettings

if TYPE_CHECKING:
    from ghostlap.providers.local.engine import EmbeddedEngine, EngineState, EngineStatus

__all__ = ["EmbeddedEngine", "EmbeddedSettings", "EngineState", "EngineStatus"]


if not TYPE_CHECKING:  # a checker shall not believe in any name there is

    def __getattr__(name: str) -> object:
        """Import the engine when it is first named: reading the settings needs none of it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("ghostlap.providers.local.engine"), name)

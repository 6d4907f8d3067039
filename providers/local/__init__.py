"""The embedded engine: a completion model that is an index of code, not weights."""

from ghostlap.providers.local.engine import EmbeddedEngine, EngineState, EngineStatus
from ghostlap.providers.local.settings import EmbeddedSettings

__all__ = ["EmbeddedEngine", "EmbeddedSettings", "EngineState", "EngineStatus"]

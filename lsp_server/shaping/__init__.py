"""From what a model said to what the user sees."""

from ghostlap.lsp_server.shaping._shape import Shaped, Shaper

__all__ = ["Shaped", "Shaper"]

"""`ghostlap demo`: real code typed into the real server, in sight of the user."""

from ghostlap.lsp_server.demo.run import run

__all__ = ["run"]

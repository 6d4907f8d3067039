#!/usr/bin/env bash
# usage: fetch-jupyter-copilot.sh PYTHON TARGET      PYTHON: one that has uv
# Leaves jupyter-copilot, a Copilot client for notebooks, as PyPI has it in TARGET, without what it
# needs for notebooks: the part that speaks to the server needs nothing. 15 MB; nothing to do when it
# stands.
set -euo pipefail

[ -e "$2/jupyter_copilot/lsp.py" ] ||
  "$1" -m uv --quiet pip install --python "$1" --target "$2" --no-deps jupyter-copilot==0.1.5

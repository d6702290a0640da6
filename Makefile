# Needs a POSIX make, git and Python 3.11 or newer; everything else goes into $(VENV).
.POSIX:

PYTHON ?= python3
VENV ?= .venv
# For what benchmarks compare with: pydcm has no wheels for older ones
PEERS_PYTHON ?= python3.12
# A folder of DICOM RT files for `make demo DATA=...`
DATA =
# Of 127.0.0.1, for `make web PORT=...`
PORT = 8866

BIN = $(VENV)/bin
# Installs $$what into the environment: with uv where it works (seconds), else with pip.
INSTALL = if uv --version >/dev/null 2>&1 && \
	uv pip install --quiet --python $(BIN)/python -e "$$what"; then :; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check -e "$$what"; fi
# Makes the environment $$env and installs $$list into it.
INSTALL_PEERS = echo "installing $$list into $$env"; rm -rf $$env; \
	$(PEERS_PYTHON) -m venv $$env 2>/dev/null || $(PYTHON) -m venv $$env; \
	{ uv pip install --quiet --python $$env/bin/python -r $$list 2>/dev/null || \
	$$env/bin/python -m pip install --quiet --disable-pip-version-check --retries 1 -r $$list; \
	} && touch $$env/.installed || echo "not all of $$list could be installed"
# Tests of widgets need a browser; without one they are skipped.
CHROMIUM = command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	command -v google-chrome >/dev/null || \
	{ [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null && echo "installing chromium" && \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; \
	} >/dev/null 2>&1; } || echo "no Chromium: tests of widgets in a browser will be skipped" \
	"(Debian, Ubuntu: apt-get install chromium)"

.PHONY: help venv demo web test lint format bench clean distclean

help: ## list the targets (default)
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

venv: $(VENV)/.rtxr-dev ## virtual environment with everything for development

demo: $(VENV)/.rtxr-demo ## the whole job on the synthetic patient; DATA=folder for your own too
	rm -rf out/demo
	$(BIN)/python -m rtxr --out out/demo
	@if [ -n "$(DATA)" ]; then set -x; rm -rf out/demo-data; \
	$(BIN)/python -m rtxr "$(DATA)" --out out/demo-data; fi

# Kernels of closed pages end after ten minutes, and with each its folder of uploads.
web: $(VENV)/.rtxr-web ## the form that makes RT Images, for a browser of this computer
	@echo "open http://127.0.0.1:$(PORT) (Ctrl+C ends it)"
	@$(BIN)/python -m voila notebooks/rt_image_form.ipynb --no-browser \
	--Voila.ip=127.0.0.1 --port=$(PORT) \
	--MappingKernelManager.cull_idle_timeout=600 --MappingKernelManager.cull_interval=60

test: lint ## lint, tests (in a browser too, where Chromium is or can be had) and notebooks
	@$(CHROMIUM)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile tests
	$(BIN)/python -m pytest --nbval-lax --nbval-current-env notebooks

lint: $(VENV)/.rtxr-dev ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.rtxr-dev ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.rtxr-dev $(VENV)-peers/.installed $(VENV)-peers-dose/.installed ## run every script in benchmarks/
	@for script in benchmarks/*.py; do \
	echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

clean: ## remove results and caches
	rm -rf out build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

distclean: clean ## clean, and remove the virtual environments
	rm -rf $(VENV) $(VENV)-peers $(VENV)-peers-dose

# The stamps say which extras are installed; only a newer pyproject.toml installs again.
$(VENV)/.rtxr-dev: $(BIN)/python pyproject.toml
	@what='.[dev]'; echo "installing $$what into $(VENV)"; $(INSTALL)
	@touch $(VENV)/.rtxr-dev $(VENV)/.rtxr-demo $(VENV)/.rtxr-web

$(VENV)/.rtxr-demo: $(BIN)/python pyproject.toml
	@what='.[codecs,io]'; echo "installing $$what into $(VENV)"; $(INSTALL)
	@touch $(VENV)/.rtxr-demo

$(VENV)/.rtxr-web: $(BIN)/python pyproject.toml
	@what='.[web]'; echo "installing $$what into $(VENV)"; $(INSTALL)
	@touch $(VENV)/.rtxr-web

# What benchmarks compare with; they leave out what is not there.
$(VENV)-peers/.installed: benchmarks/peers.txt
	@env=$(VENV)-peers; list=benchmarks/peers.txt; $(INSTALL_PEERS)

$(VENV)-peers-dose/.installed: benchmarks/peers-dose.txt
	@env=$(VENV)-peers-dose; list=benchmarks/peers-dose.txt; $(INSTALL_PEERS)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	"rtxr needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

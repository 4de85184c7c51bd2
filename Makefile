# Tandem. `make demo` builds and starts the embedded cell; `make test` checks everything.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NODE_ON_PATH := $(shell node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null && echo yes)
ifeq ($(NODE_ON_PATH),yes)
NODE_EXTRA :=
RUN_NODE :=
else
NODE_EXTRA := ,node
RUN_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
endif
WEB_SOURCES := $(shell find web/src -type f 2>/dev/null) web/build.mjs web/package.json web/tsconfig.json

.PHONY: help demo test setup web check lint unit browser wheel bench soak audit clean

help: ## what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/.installed web/dist/index.html ## the embedded cell at http://127.0.0.1:8080, with an order waiting
	$(BIN)/tandem demo --data var/demo

test: $(VENV)/.tested web/dist/index.html ## everything that CI checks
	$(MAKE) lint check unit browser wheel

setup: $(VENV)/.installed ## the virtual environment

web: web/dist/index.html ## the pages

# The system libraries come first: without them Open3D can't be loaded, and what to type is said before any download.
$(VENV)/.installed: pyproject.toml constraints.txt launch/system-libraries.sh
	bash launch/system-libraries.sh
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	mkdir -p web/dist   # the wheel's pages; an editable installation wants the folder to be there
	@echo "Installing Tandem into $(VENV): a minute or two, 1.2 GB ..."
	$(PIP) install --quiet --constraint constraints.txt --editable '.[cad$(NODE_EXTRA)]'
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	bash launch/system-libraries.sh --tests
	$(PIP) install --quiet --constraint constraints.txt --editable '.[cad,test$(NODE_EXTRA)]'
	touch $@

web/node_modules/.installed: web/package.json web/package-lock.json | $(VENV)/.installed
	cd web && $(RUN_NODE) npm ci --no-audit --no-fund --loglevel=error
	touch $@

web/dist/index.html: web/node_modules/.installed $(WEB_SOURCES)
	cd web && $(RUN_NODE) npm run --silent build

lint: $(VENV)/.tested ## style, types, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && $(RUN_NODE) npm run --silent check
	cd web && $(RUN_NODE) npm test --silent

check: $(VENV)/.installed ## the authored files
	$(BIN)/tandem check instructions/

unit: $(VENV)/.tested web/dist/index.html ## every test but those in a browser
	$(RUN_NODE) $(BIN)/python -m pytest -n 2 --dist loadfile -m 'not browser' tests orchestrator

browser: $(VENV)/.tested web/dist/index.html ## the pages in Chromium against a real cell
	$(RUN_NODE) $(BIN)/python -m pytest -m browser tests/browser || $(RUN_NODE) $(BIN)/python -m pytest -m browser --last-failed --last-failed-no-failures none tests/browser

wheel: $(VENV)/.tested web/dist/index.html ## two units built by the installed wheel, away from the sources
	bash tests/wheel.sh

bench: $(VENV)/.tested web/dist/index.html ## the figures of the design; writes build/bench.json
	$(BIN)/python -m tests.bench

soak: $(VENV)/.tested ## the same tests with many more examples
	TANDEM_FAULTS=800 $(BIN)/python -m pytest -n 2 --dist loadfile tests/faults/test_killed.py tests/faults/test_killed_process.py tests/faults/test_journal_damage.py
	$(RUN_NODE) TANDEM_FAULTS=800 TANDEM_SOAK=1 $(BIN)/python -m pytest -n 2 --dist loadfile --ignore=tests/faults/test_killed.py --ignore=tests/faults/test_killed_process.py --ignore=tests/faults/test_journal_damage.py tests/faults tests/unit/test_http_fuzz.py tests/unit/test_stateful.py tests/unit/test_machine_product.py tests/unit/test_sim_timing.py tests/unit/test_sim_trajectories.py tests/unit/test_skills_cancelled.py tests/unit/test_vision_displaced.py
	TANDEM_SOAK=1 $(BIN)/python -m tests.bench vision.trials vision.locate vision.memory_slope load.lost

audit: $(VENV)/.installed ## advisories about what Tandem is built from; skipped where no service answers
	$(BIN)/python -m tests.advisories

clean: ## what was built; the journal of the demo stays
	rm -rf build dist web/dist web/node_modules $(VENV)

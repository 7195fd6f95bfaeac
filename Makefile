# Two commands are enough: `make demo` and `make test`. Each sets up what it needs, once.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint unit fuzz soak hostile locks docs clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The stamps name what was installed, so that a second run installs nothing.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime ## The exporter against a simulated platform; no account, no file
	$(BIN)/ukc-certificate-exporter demo

test: lint unit ## Everything that continuous integration checks

lint: $(VENV)/.dev ## Style, types, import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: $(VENV)/.dev ## The test suite with its coverage gate
	$(BIN)/pytest --cov --cov-report=term

fuzz: $(VENV)/.dev ## Property tests with 20,000 examples each, for minutes
	$(BIN)/pytest -m hypothesis --hypothesis-profile=fuzz

soak: $(VENV)/.dev ## Twenty minutes of faults, reloads and scrapes; MINUTES=n for others
	$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),20)

hostile: $(VENV)/.dev ## Ten thousand hostile requests, and what scrapes take meanwhile
	$(BIN)/python -m tests.faults.hostile

docs: $(VENV)/.dev ## Write the generated pages again
	$(BIN)/python -m docs.generate

locks: $(VENV)/.dev ## Resolve the pinned, hashed requirements anew
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra dev pyproject.toml -o requirements/dev.txt

clean: ## Remove what the targets above made
	rm -rf $(VENV) .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build

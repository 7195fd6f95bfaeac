# Two commands are enough: `make demo` and `make test`. Each sets up what it needs, once.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test quick lint unit bench fuzz soak hostile fidelity dashboards manifests docs pictures image release-check sbom locks clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + "; another one: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

# The stamps name what was installed, so that a second run installs nothing.
# The locks are complete: nothing is resolved (--no-deps), so no newer release gets in the way.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/runtime.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	$(BIN)/pip check --disable-pip-version-check
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	$(BIN)/pip check --disable-pip-version-check
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime ## The exporter against a simulated platform; no account, no file
	$(BIN)/ukc-certificate-exporter demo

# Two workers for each core, for tests that wait; what they share: tests/world/workers.py.
WORKERS ?= $(shell expr 2 \* $$(nproc))
PYTEST   = $(BIN)/pytest --numprocesses=$(WORKERS)

test: lint unit ## Everything that continuous integration checks

quick: lint ## Within a minute: everything but the tests that run real programs, uncovered
	$(PYTEST) -m "not e2e"

lint: $(VENV)/.dev ## Style, types, import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: $(VENV)/.dev ## The test suite with its coverage gate
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses=$(WORKERS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: $(VENV)/.dev ## Measure against what cannot be avoided; needs nginx and requirements/bench.txt
	$(BIN)/python -m bench

fidelity: $(VENV)/.dev ## Judge the alerts on simulated lifecycles and a healthy year; takes an hour
	$(BIN)/python -m bench.fidelity

fuzz: $(VENV)/.dev ## Property tests with 20,000 examples each, for a quarter of an hour
	$(PYTEST) -m hypothesis --hypothesis-profile=fuzz

soak: $(VENV)/.dev ## Twenty minutes of faults, reloads and scrapes; MINUTES=n for others
	$(BIN)/python -m bench.soak --minutes $(or $(MINUTES),20)

hostile: $(VENV)/.dev ## Ten thousand hostile requests, and what scrapes take meanwhile
	$(BIN)/python -m bench.hostile

docs: $(VENV)/.dev ## Write the generated pages again
	$(BIN)/python -m docs.generate

pictures: $(VENV)/.dev ## Take the pictures of the page again; needs chromium
	$(BIN)/python -m docs.pictures

dashboards: $(VENV)/.dev ## Write the generated dashboards again
	$(BIN)/python -m dashboards.source

manifests: $(VENV)/.dev ## Write the generated manifests again
	$(BIN)/python -m deploy.manifests

# `make image BUILD="podman build"` or "buildah bud" where there is no Docker.
BASE    ?= python:3.13-slim
BUILD   ?= docker build
VERSION  = $(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' exporter/__init__.py)

image: ## The container image, from BASE with BUILD
	$(BUILD) --build-arg BASE=$(BASE) --build-arg VERSION=$(VERSION) \
	  --build-arg REVISION=$(shell git rev-parse HEAD 2>/dev/null) --tag ukc-certificate-exporter:$(VERSION) .

release-check: $(VENV)/.dev ## Build what is released into dist/, and prove that it holds together
	$(BIN)/python -m deploy.release

sbom: $(VENV)/.dev ## What the exporter is made of, as CycloneDX, into dist/
	$(BIN)/python -m deploy.release sbom

locks: $(VENV)/.dev ## Resolve the pinned, hashed requirements anew
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group build -o requirements/build.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra bench --constraints requirements/dev.txt pyproject.toml -o requirements/bench.txt

clean: ## Remove what the targets above made
	rm -rf $(VENV) .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build

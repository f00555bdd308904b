# Everything that a person or the CI does with this checkout. Needs Python 3.11 or later, pip and
# make; nothing is installed outside the folder $(VENV) except the model files, which go where
# PERSONAE_MODELS_DIR says, or to the user's data folder.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two runs of pip in one environment would get in each other's way.
.NOTPARALLEL:
.PHONY: help install models demo test check docs bench bench-service attack format clean bench-marks bench-gate bench-register bench-audit bench-models bench-studio screenshots release release-check bench-capacity

VENV ?= .venv
# The first of these that really runs and is new enough; make PYTHON=/path/to/python overrides.
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$python"; break; }; done)
endif

BIN := $(VENV)/bin
# Python compiles what it loads; to compile all that is installed takes longer than a whole demo.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile
SOURCES := src tests sdk $(wildcard examples benchmarks release)

help:  ## List the targets
	@echo "make TARGET, with TARGET one of"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16
	@echo "Variables: VENV=$(VENV) PYTHON=$(PYTHON)"

# Some systems split venv's own copy of pip off into a package of theirs: then the pip that is
# there fills the environment.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or later was found; install one, or run make PYTHON=/path/to/python." >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@"$(PYTHON)" -m venv "$(VENV)" >/dev/null 2>&1 || { \
		rm -rf "$(VENV)"; \
		"$(PYTHON)" -m venv --without-pip "$(VENV)" && \
		"$(PYTHON)" -m pip --python "$@" --disable-pip-version-check install --quiet pip; }

# One stamp for each set of dependencies, so that a second run only compares file times. A larger
# set contains the smaller ones and stamps them as well.
$(VENV)/.base: pyproject.toml | $(BIN)/python
	@echo "Installing Personae into $(VENV)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@echo "Installing Personae and the demo's pictures into $(VENV)"
	@$(PIP) --editable '.[demo]'
	@touch $(VENV)/.base $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	@echo "Installing Personae and what its tests need into $(VENV)"
	@$(PIP) --editable '.[test]'
	@touch $(VENV)/.base $(VENV)/.demo $@

$(VENV)/.docs: pyproject.toml | $(BIN)/python
	@echo "Installing what builds the documentation into $(VENV)"
	@$(PIP) --editable '.[docs]'
	@touch $(VENV)/.base $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing Personae, its tests' needs and the checkers into $(VENV)"
	@$(PIP) --editable '.[dev]'
	@touch $(VENV)/.base $(VENV)/.demo $(VENV)/.test $(VENV)/.docs $@

$(VENV)/.release: pyproject.toml | $(BIN)/python
	@echo "Installing Personae and what makes its releases into $(VENV)"
	@$(PIP) --editable '.[dev,release]'
	@touch $(VENV)/.base $(VENV)/.demo $(VENV)/.test $(VENV)/.dev $@

install: $(VENV)/.base models  ## Make the environment, install Personae, fetch its models
	@echo "Ready: $(BIN)/personae --help"

models: $(VENV)/.base  ## Fetch the models that a swap needs, unless they are there
	@$(BIN)/personae models pull

# The first picture comes first: `personae demo` fetches the models itself.
demo: $(VENV)/.demo  ## Swap real faces: by the command line, the library and over HTTP
	@$(BIN)/personae demo -o out/demo
	@$(BIN)/python examples/demo.py out/demo
	@$(BIN)/python examples/demo_service.py out/demo

test: $(VENV)/.test models  ## Run every test; ARGS goes to pytest
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

check: $(VENV)/.dev  ## Check style, format, types, the layers and the documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(MKDOCS) --quiet

# The notice is about MkDocs 2, which pyproject.toml keeps out.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

docs: $(VENV)/.docs  ## Build the documentation as a site, every warning an error
	@$(MKDOCS) --quiet
	@echo "Built: site/index.html"

bench: $(VENV)/.test models  ## Measure, and print a table with the machine
	$(BIN)/python -m benchmarks $(ARGS)

bench-gate: $(VENV)/.test models  ## Measure what the content gate costs; ARGS may be a folder of pictures
	$(BIN)/python -m benchmarks.gate $(ARGS)

bench-models: $(VENV)/.test models  ## Measure what running networks costs, on stand-ins of the published size
	$(BIN)/python -m benchmarks.neural_models
	$(BIN)/python -m benchmarks.neural_jobs $(ARGS)

bench-capacity: $(VENV)/.test models  ## Measure, and simulate, how many hosts and tenants are carried
	PYTHONPATH=tests $(BIN)/python -m benchmarks.capacity $(ARGS)

bench-audit: $(VENV)/.test  ## Measure what the audit log costs, and how fast it is checked
	$(BIN)/python -m benchmarks.audit $(ARGS)

bench-service: $(VENV)/.test models  ## Measure the service: speed, chunks, faults
	$(BIN)/python -m benchmarks.service $(ARGS)

bench-register: $(VENV)/.test  ## Measure the search in the do-not-swap register
	$(BIN)/python -m benchmarks.register

attack: $(VENV)/.test models  ## Decode thousands of hostile files; attack every call
	$(BIN)/python -m pytest tests/attacks tests/contract/fetch
	$(BIN)/python -m benchmarks.attacks $(ARGS)

bench-marks: $(VENV)/.test models  ## Measure the invisible mark: what it survives and costs
	$(BIN)/python -m benchmarks.marks $(ARGS)

release: $(VENV)/.release models  ## Put all files of a release into dist/
	$(BIN)/python -m release dist

release-check: $(VENV)/.release models  ## Build the packages, and use them where nothing else is
	$(BIN)/python -m release.check

bench-studio: $(VENV)/.test models  ## Measure the studio's first load in Chromium
	$(BIN)/python -m pytest tests/studio/test_everywhere.py -k light -s

screenshots: $(VENV)/.test models  ## Make the documentation's pictures of the studio anew
	PERSONAE_SCREENSHOTS=docs $(BIN)/python -m pytest tests/studio/test_story.py

format: $(VENV)/.dev  ## Put the sources in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Remove the environment and everything that was made; the models stay
	rm -rf "$(VENV)" .venv-ci build dist out site .pytest_cache .ruff_cache .import_linter_cache
	find . -name '*.egg-info' -prune -exec rm -rf {} +
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

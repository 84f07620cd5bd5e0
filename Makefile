# Each target does its own set-up; all that a machine needs is make and Python 3.11 or newer.
PYTHON ?= python3
CONSTRAINTS ?= constraints.txt
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install --quiet

.PHONY: demo test test-all test-backends test-integrations torture bench docs gallery clean

demo: $(VENV)/installed ## train on the embedded digits, evaluate, draw every figure
	$(VENV)/bin/condvae demo

test: $(VENV)/installed-dev ## lint, types, import contract, tests
	scripts/check-and-test

test-all: $(VENV)/installed-dev ## the same, and the long tests: published figures, random kills, whole products
	scripts/check-and-test -m ""

test-backends: ## the model's tests under Keras on PyTorch, in an environment of its own
	scripts/test-backends

test-integrations: ## the tests with other people's libraries, in an environment of its own
	scripts/test-integrations

torture: $(VENV)/installed-dev ## kills, full disks and mutated files by the hundred thousand: hours
	scripts/torture

gallery: $(VENV)/installed ## explorers of a model of each kind, with previews and an index, in docs/gallery
	$(VENV)/bin/python scripts/gallery $(GALLERY)

bench: $(VENV)/installed-dev ## speed and memory, as ratios measured side by side
	scripts/bench

docs: ## the site, into build/docs/site: warnings are errors, every internal link is checked
	scripts/docs

clean:
	rm -rf $(VENV) .venv-torch .venv-integrations .venv-docs build/docs

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml $(CONSTRAINTS) | $(VENV)/bin/python
	$(PIP) --constraint $(CONSTRAINTS) --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml $(CONSTRAINTS) | $(VENV)/bin/python
	$(PIP) --constraint $(CONSTRAINTS) --editable '.[dev]'
	touch $@ $(VENV)/installed

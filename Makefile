# Everything starts from nothing: python3 (3.11, 3.12 or 3.13) and make are enough.
#   make demo    the good release must promote, the broken one must roll back
#   make test    all tests that take seconds
#   make check   formatting, lint, types, imports, schemas
SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test slow check lint types imports schemas bench published validation explanations operating-characteristic picture coverage clean

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= .ci/constraints.txt
JOBS ?= 2
BIN := $(VENV)/bin

# Many small matrix products: more than one BLAS thread slows them 10 to 20 times.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PIP_INSTALL = $(BIN)/python -m pip install --quiet $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

help:
	@echo "make demo | test | check (lint types imports schemas) | slow | coverage | bench | published | validation | operating-characteristic | clean"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
	  echo "$(PYTHON) must be Python 3.11, 3.12 or 3.13, but is: $$($(PYTHON) --version 2>&1). Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) must bring the modules venv and ensurepip, but does not. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "Installing qtregress into $(VENV) (a few hundred MB the first time) ..."
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/python ci-examples/demo.py

test: $(VENV)/.installed-dev
	$(PYTEST) -m 'not slow'

slow: $(VENV)/.installed-dev
	$(PYTEST) -m slow

coverage: $(VENV)/.installed-dev
	$(PYTEST) -m 'not slow' --cov --cov-report=term-missing:skip-covered

check: lint types imports schemas

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/interrogate --quiet qtregress tests ci-examples

types: $(VENV)/.installed-dev
	$(BIN)/mypy

imports: $(VENV)/.installed-dev
	$(BIN)/lint-imports

schemas: $(VENV)/.installed
	$(BIN)/python -m qtregress.files.schema --check

$(VENV)/.installed-bench: $(VENV)/.installed
	$(PIP_INSTALL) --editable '.[bench]'
	# its runtime client wants another qiskit or pydantic; the analysis does not need it
	$(PIP_INSTALL) --no-deps 'qiskit-experiments==0.14.2' || echo "qiskit-experiments could not be installed: not compared."
	@touch $@

bench: $(VENV)/.installed-bench
	$(BIN)/python tests/benchmarks/commands.py
	$(BIN)/python tests/benchmarks/peers.py
	$(BIN)/python tests/benchmarks/analysis_peers.py

published: $(VENV)/.installed
	$(BIN)/python tests/benchmarks/published.py

validation: $(VENV)/.installed
	$(BIN)/python tests/benchmarks/validation.py

explanations: $(VENV)/.installed
	$(BIN)/python tests/benchmarks/explanations.py

operating-characteristic: $(VENV)/.installed
	$(BIN)/python -m tests.benchmarks.operating_characteristic

picture: demo
	$(BIN)/python tests/benchmarks/picture.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Everything from a bare clone, with nothing but Python 3.11 or newer. The environment is .venv/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup run test lint benchmark chaos
help:
	@echo "make run        run the bot (without a token: how to get one, and a demonstration)"
	@echo "make setup      everything for running, training and testing"
	@echo "make test       the whole test suite"
	@echo "make benchmark  speed of the models and of the bot, one JSON object a line"
	@echo "make chaos      what the bot does under load and faults, about a quarter of an hour"

# What the bot needs to run: no PyTorch, no build tools. What pip says goes to stderr: stdout is for what is asked of make.
$(VENV)/.runtime: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "forewarn needs Python 3.11 or newer; name one with make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) 1>&2
	@$(BIN)/pip install --editable '.[offline,offline-ru]' 1>&2
	@touch $@

# What training and the tests need besides.
$(VENV)/.everything: $(VENV)/.runtime
	@$(BIN)/pip install --editable '.[offline,offline-ru,train,voices,test]' 1>&2
	@touch $@

setup: $(VENV)/.everything

run: $(VENV)/.runtime
	@$(BIN)/forewarn run

lint: $(VENV)/.everything
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Two files at a time: most tests wait more than they work.
test: lint
	$(BIN)/pytest --numprocesses 2 --dist loadfile

benchmark: $(VENV)/.everything
	@$(BIN)/python scripts/benchmark.py
	@$(BIN)/python scripts/benchmark_bot.py

chaos: $(VENV)/.everything
	@$(BIN)/python scripts/chaos.py

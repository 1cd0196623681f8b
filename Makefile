# `make search` and `make test` do everything from nothing: they need Python 3.11 or later, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUDGET ?= 150
SEED ?= 0
OUT ?= runs/search-$(shell date +%Y%m%d-%H%M%S)

.PHONY: search search-training test test-full docs release-check setup lint clean

search: setup
	$(BIN)/archrank search nas-bench-201-cifar10 --budget $(BUDGET) --strategy guided --seed $(SEED) --out $(OUT)

# Really train networks, on the images of handwritten digits that scikit-learn holds; then the best one in full.
TRAININGS ?= 40
TRAINING_OUT ?= runs/search-training-$(shell date +%Y%m%d-%H%M%S)

search-training: setup
	$(BIN)/archrank search enas --evaluator train --data digits --recipe digits --budget $(TRAININGS) --workers 2 --seed $(SEED) --out $(TRAINING_OUT)
	$(BIN)/archrank train enas $(TRAINING_OUT) --data digits --recipe digits --epochs 30 --final --out $(TRAINING_OUT)/best
	$(BIN)/archrank evaluate $(TRAINING_OUT)/best

test: setup lint
	$(BIN)/python -m pytest -n auto

# What takes longer too: fresh environments with and without the extras, other interpreters, many more examples, kills.
test-full: test docs
	$(BIN)/python -m pytest -n 2 --dist loadfile -m full tests/full tests/fuzz

# The documentation as a site, build/site/index.html; warnings and broken links are errors.
docs: $(VENV)/.docs
	rm -rf build/report
	$(BIN)/archrank search nas-bench-201-cifar10 --budget 60 --out build/report
	$(BIN)/python -m sphinx -E -W --keep-going -q -b html docs build/site
	$(BIN)/python scripts/check_site.py build/site

# Builds the distributions, checks them, and uses the wheel in an empty environment; publishes nothing.
release-check: setup
	$(BIN)/python scripts/release_check.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(None if sys.version_info >= (3, 11) else 'archrank needs Python 3.11 or later; say which with: make PYTHON=python3.12 …')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,dashboard,postgres,ray,training]'
	touch $@

$(VENV)/.docs: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

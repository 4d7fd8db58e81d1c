# The two commands: `make demo` and `make test`. Everything they need is installed into .venv and the user's cache.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := bash
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport VIRTUAL_ENV

.PHONY: demo test check format bench golden lock prepare clean

demo: $(VENV)/.ready
	@bash examples/demo.sh

# What deploys shares engine and servers: two processes, and in each what shares a deployment follows one another (tests/conftest.py).
DEPLOYING := tests/deploy tests/resources tests/sandbox tests/end_to_end
test: check prepare
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(DEPLOYING:%=--ignore=%)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(DEPLOYING)

check: $(VENV)/.ready
	@echo "checking style, types and layers"
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>&1 | tail -n 12; test $${PIPESTATUS[0]} -eq 0

prepare: $(VENV)/.ready
	@$(BIN)/python -m hdh_infra.sandbox.prepare

format: $(VENV)/.ready
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

golden: $(VENV)/.ready
	@$(BIN)/python -m pytest tests/golden --update-golden -q

bench: $(VENV)/.ready
	@$(BIN)/python -m tests.benchmarks

lock: $(VENV)/.ready
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-annotate --no-header --all-extras --group dev pyproject.toml -o requirements/dev.lock

$(VENV)/.ready: requirements/dev.lock requirements/uv.lock pyproject.toml
	@echo "setting up Python packages in $(VENV) (a minute on a fresh machine)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@$(BIN)/uv pip sync -q --require-hashes requirements/dev.lock
	@$(BIN)/uv pip install -q --no-deps --no-build-isolation -e .
	@$(BIN)/python -m hdh_infra.sandbox.prepare --bytecode
	@touch $@

clean:
	@rm -rf build dist $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Tasks: setup, demo, test, test-ui, pictures, torture, bench, lock. `make demo` and `make test` do all the set-up themselves.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test test-ui pictures browser torture bench lint format lint-types imports lock

setup: .venv/.installed

# The stamp is newer than the lock exactly when the installed packages are those of the lock.
.venv/.installed: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Beian needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

demo: setup
	$(BIN)/python starter.py demo

test: setup lint lint-types imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/python -m pytest -n 2 --dist loadfile

torture: setup
	$(BIN)/python -m pytest -m torture

# Minutes of both cores; figures and how to read them: docs/performance.md.
bench: setup .venv-dbos/.installed
	$(BIN)/python -m benchmarks --parked 1000 --dbos .venv-dbos/bin/python

# DBOS has its own packages, and none of ours.
.venv-dbos/.installed: benchmarks/requirements-dbos.txt
	$(PYTHON) -m venv .venv-dbos
	.venv-dbos/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint-types: setup
	$(BIN)/mypy .

imports: setup
	$(BIN)/lint-imports

# Needs `uv` on the PATH; no registry address is written into the lock.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --extra dev pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header benchmarks/requirements-dbos.in -o benchmarks/requirements-dbos.txt

test-ui: setup browser
	$(BIN)/python -m pytest -m ui

# The same, its pictures kept for the documents.
pictures: setup browser
	PICTURES=docs/pictures $(BIN)/python -m pytest -m ui

# Chromium and a Chinese font, from Debian; needs root only where they are missing.
browser:
	command -v chromium >/dev/null && fc-list :lang=zh | grep -q . \
		|| { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
			chromium fontconfig fonts-wqy-microhei >/dev/null; }

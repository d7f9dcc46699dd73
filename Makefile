# `make demo` shows it; `make test` proves it. Everything is kept in .venv and .demo.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 3
DATABASE ?= sqlite
TESTS ?=
SECONDS ?= 60

# A port that is taken is moved by a variable: make demo QUARTERDECK_PORT=8001

.PHONY: demo demo-reset advance test lint format lock browser screenshots fuzz help

help:
	@echo "make demo        start a demonstration (Ctrl-C stops it; the next start goes on)"
	@echo "make demo-reset  start over"
	@echo "make advance TO=next-day   move a running demonstration's time on (next-deadline, or a number of days)"
	@echo "make test        run every test (DATABASE=postgresql: also those that are not about databases on PostgreSQL)"
	@echo "make lint        style, types and import rules"
	@echo "make screenshots renew the pictures under docs/screenshots from a demonstration"
	@echo "make fuzz        throw odd files at the readers, SECONDS=60 for each kind (needs atheris)"
	@echo "make lock        renew requirements.lock"

demo: $(VENV)/installed
	@$(BIN)/python -m quarterdeck.cli demo

demo-reset: $(VENV)/installed
	@$(BIN)/python -m quarterdeck.cli demo-reset

advance: $(VENV)/installed
	@$(BIN)/python -m quarterdeck.cli advance $(TO)

test: $(VENV)/installed browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --database $(DATABASE) $(TESTS)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Exact versions, each with its hashes, for every platform and Python from 3.11 on.
lock: $(VENV)/installed
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--python-version 3.11 --extra demo --extra dev --upgrade pyproject.toml --output-file requirements.lock

# The stamp says for which lock the environment was made.
$(VENV)/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " \
		+ sys.version.split()[0] + ". Name one: make PYTHON=python3.12")'
	@echo "Installing into $(VENV), once …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -c 'import sysconfig, pathlib; \
		pathlib.Path(sysconfig.get_path("purelib"), "quarterdeck.pth").write_text(str(pathlib.Path().resolve()) + "\n")'
	@printf '#!%s\nfrom quarterdeck.cli import app\n\napp()\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/quarterdeck
	@chmod +x $(BIN)/quarterdeck
	@touch $@

screenshots: $(VENV)/installed browser
	$(BIN)/python -m tests.screenshots

# atheris is not locked, as it is not there for every Python: .venv/bin/pip install atheris
fuzz: $(VENV)/installed
	for kind in csv excel zip; do $(BIN)/python -m bench.fuzz_files $$kind $(SECONDS) || exit 1; done

# Browser tests need Chromium and Chinese fonts; where they cannot be had these tests are skipped, with the reason.
browser:
	@.ci/browser

# One command runs Guildhall, one tests it. What a fresh machine lacks is made by deploy/start.py.

PYTHON ?= python3
PORT ?= 8000
SCALE ?= 1
ARGS ?=
TO ?=
START := $(PYTHON) deploy/start.py
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run demo test test-slow bench bench-live check screenshots build format python tools test-tools

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: python ## Set up what is missing and run the demonstration; PORT=8001 for another port
	@$(START) run --port=$(PORT)

demo: python ## Load the demonstration, with SCALE=10 the published size of its networks, SCALE=100 a million posts
	@$(START) build
	@GUILDHALL_DEMONSTRATION=1 $(BIN)/python manage.py demo --prepare --scale $(SCALE)

test: test-tools ## Run all tests but the slow ones; ARGS="tests/forums -x" for some of them
	@$(BIN)/python -m pytest -n 3 --dist=worksteal -m "not slow and not benchmark" --durations=15 --durations-min=5 $(ARGS)

test-slow: test-tools ## Run the slow tests: faults, and a clean clone
	@$(BIN)/python -m pytest -m slow --durations=15 $(ARGS)

bench: tools ## Measure threads, search and digests at SCALE, on SQLite and the PostgreSQL of DATABASE_URL; TO=docs/speed.md
	@$(START) build
	@for what in "threads $(if $(TO),--to $(TO))" "search $(if $(TO),--to $(TO))" digests; do \
		env -u DATABASE_URL -u REDIS_URL GUILDHALL_DEMONSTRATION=1 GUILDHALL_VAR=var/bench-$(SCALE) \
			$(BIN)/python -m tests.benchmarks.$$what --scale $(SCALE) || exit 1; \
		if [ -n "$$DATABASE_URL" ]; then GUILDHALL_DEMONSTRATION=1 GUILDHALL_VAR=var/bench-$(SCALE) \
			$(BIN)/python -m tests.benchmarks.$$what --scale $(SCALE) || exit 1; fi; \
	done

bench-live: tools ## Measure live rooms, on SQLite or on the PostgreSQL of DATABASE_URL; ARGS="--scale 0.2" for a look
	@$(START) build
	@GUILDHALL_DEMONSTRATION=1 GUILDHALL_VAR=var/bench-live $(BIN)/python -m tests.benchmarks.live $(ARGS)

check: tools ## Format, lint, types, import rules, templates, missing migrations, a clean tree
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files 'templates/*.html' | xargs $(BIN)/djade --target-version 5.2 --check
	GUILDHALL_VAR=var/check $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m pytest -q tests/architecture/test_tree.py tests/architecture/test_templates.py

screenshots: test-tools ## Take the pictures of the README from the demonstration that `make run` runs
	@$(BIN)/python docs/take_pictures.py --address=http://127.0.0.1:$(PORT)

build: python ## Install the packages and build the front end, for a deployment
	@$(START) build

format: tools ## Put the sources in the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	git ls-files 'templates/*.html' | xargs $(BIN)/djade --target-version 5.2

# What the others need

python:
	@command -v $(PYTHON) > /dev/null || { echo "Guildhall needs Python 3.11 or newer, and there is no $(PYTHON) here." >&2; exit 1; }

tools: python
	@$(START) tools

test-tools: python
	@$(START) test-tools

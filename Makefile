SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
TEMPLATES = $(shell find templates -name '*.html')

.DEFAULT_GOAL := help
.PHONY: help run test test-real check bench requirements clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(BIN)/.runtime ## Set everything up, build a sample, serve it on http://127.0.0.1:8000
	@$(BIN)/python manage.py run_sample

test: $(BIN)/.development ## Run all tests, installing what they need from the system where allowed
	@$(PYTHON) tools/system_needs.py
	@command -v npm >/dev/null && npm ci --silent || echo "npm is missing: tests with axe-core are skipped"
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

test-real: $(BIN)/.development ## Compare builds of real clones with what upstream published: SOURCES=DIR
	PORTAL_TEST_SOURCES="$(SOURCES)" $(BIN)/python -m pytest -p no:randomly -rs -s tests/real

check: $(BIN)/.development ## Run formatters, linters, types and contracts without changing anything
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djade --check --target-version 5.2 $(TEMPLATES)
	$(BIN)/djhtml --check --tabwidth 2 $(TEMPLATES)
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m tools.check_vendor_words
	$(BIN)/python -m tools.check_requirements

bench: $(BIN)/.development ## Measure builds and requests against their floor; SOURCES=DIR adds real clones
	$(BIN)/python -m bench $(if $(SOURCES),--sources "$(SOURCES)") $(BENCH_ARGS)

requirements: $(BIN)/.development ## Compile the pinned requirements anew from the .in files
	$(BIN)/uv pip compile $(COMPILE) requirements.in --output-file requirements.txt
	$(BIN)/uv pip compile $(COMPILE) requirements-s3.in --output-file requirements-s3.txt
	$(BIN)/uv pip compile $(COMPILE) requirements-dev.in --output-file requirements-dev.txt

clean: ## Remove the virtual environment, the sample and all caches; other data in var/ stays
	rm -rf .venv var/sample node_modules staticfiles htmlcov .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

$(BIN)/.runtime: requirements.txt
	@PYTHON=$(PYTHON) tools/make_venv.sh requirements.txt
	@touch $@

$(BIN)/.development: requirements-dev.txt
	@PYTHON=$(PYTHON) tools/make_venv.sh requirements-dev.txt
	@touch $@

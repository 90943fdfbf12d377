# The front door. People and CI call the same targets.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test test-lambda lint type security lock clean

BIN := .venv/bin
LAMBDA_TESTS = $(shell grep -rl --include='test_*.py' lambda_runtime tests/unit tests/integration)
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header $(LOCK_FLAGS)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv from requirements/dev.txt, unless it stands already
	@.ci/venv 3.11 .venv requirements/dev.txt

demo: setup ## Run the whole platform once: seed, change, see each change in the warehouse
	@$(BIN)/python -m embedded demo

test: setup ## Run every test, with the coverage of lines and branches
	@$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered

test-lambda: ## Run the tests marked lambda_runtime on Python 3.13, if there is one
	@.ci/venv 3.13 .venv-lambda requirements/lambda-test.txt; case $$? in \
	0) .venv-lambda/bin/python -m pytest -m lambda_runtime $(LAMBDA_TESTS) ;; \
	3) echo "NOT CHECKED: the Lambda's code on Python 3.13" ;; \
	*) exit 1 ;; esac

lint: setup ## Check style, format and the import rules
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-logo

type: setup ## Check the types
	@$(BIN)/mypy

# Tests assert (B101), start programs (B404, B603) and invent passwords (B105, B106).
security: setup ## Look for insecure code, and for packages with known vulnerabilities
	@$(BIN)/bandit --quiet --recursive . --exclude ./.venv,./.venv-lambda,./tests
	@$(BIN)/bandit --quiet --recursive tests --skip B101,B105,B106,B404,B603
	@.ci/audit requirements/dev.txt

lock: setup ## Compile requirements/*.in; LOCK_FLAGS=--upgrade takes newer versions
	@$(LOCK) requirements/dev.in --output-file requirements/dev.txt
	@for name in glue lambda lambda-test; do $(LOCK) --constraint requirements/dev.txt \
		requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done

clean: ## Remove everything that these targets made
	rm -rf .venv .venv-lambda .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf .coverage .coverage.* htmlcov metastore_db spark-warehouse derby.log .totesys
	find . -name __pycache__ -prune -exec rm -rf {} +

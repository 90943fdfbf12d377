# The commands of the project. People and CI call the same targets.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(MAKEFILE_LIST))

# Each of the many Python processes of the tests would compile all its modules again.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
ENV := dev
# Each worker has its own PostgreSQL server and Spark session. Three keep two cores busy, because tests wait for
# browsers, locks and timeouts. WORKERS=0 runs all tests in one process.
WORKERS := 3
PARALLEL := --numprocesses $(WORKERS) -p tests.distribution
CHECK := $(BIN)/check-jsonschema --quiet --builtin-schema
CHAOS_TESTS = $(shell grep -rl --include='test_*.py' '^from hypothesis' tests)
# The deployment is read from Terraform's outputs, or from NAME and REGION without its state. Only values
# given to make count: environment variables of these names belong to other programs.
$(foreach variable,NAME REGION SOURCE WAREHOUSE SINCE FILTER FOLLOW ALL SLOT DROP NEW,$(eval $(variable) :=))
ASK = $(if $(NAME),,.ci/terraform $(ENV) output -json |) $(BIN)/python -m operations $@ \
	$(addprefix --name ,$(NAME)) $(addprefix --region ,$(REGION))
PACKAGE_FLAGS = $(addprefix --ca-bundle ,$(wildcard terraform/environments/$(ENV)/ca.pem))
OLDEST_TESTS := $(addprefix tests/integration/,postgres ingestion_lambda warehouse totesys/test_questions.py)
GLUE_TESTS := tests/unit/glue_jobs tests/integration/glue_jobs
LAMBDA_TESTS = $(shell grep -rl --include='test_*.py' lambda_runtime tests/unit tests/integration)
SPHINX := $(BIN)/sphinx-build -q -c docs
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-strip-extras --no-emit-index-url --no-annotate --no-header $(LOCK_FLAGS)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Create .venv from requirements/dev.txt, unless it exists
	@.ci/venv 3.11 .venv requirements/dev.txt

demo: setup ## Run the whole platform once: seed, change, see each change in the warehouse
	@$(BIN)/python -m embedded demo

dashboard: setup ## Show the warehouse of TOTESYS_WAREHOUSE_DSN in a browser
	@$(BIN)/python -m dashboard

browser:
	@.ci/browser

pgbouncer:
	@.ci/pgbouncer

# Pytest compiles the tests when it collects them: once, beside the class-data archive, instead of in each worker.
compiled: setup
	@test -d tests/e2e/__pycache__ || $(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 &

class-archive: setup ## Let Spark start faster from now on: write its classes to one file
	@$(BIN)/python -m embedded.demo.archive_classes

screenshots: setup browser ## Take the pictures in docs/images again, of the dashboard on demo data
	@$(BIN)/python -m tests.e2e.dashboard.screenshots

check: lint type ## Check style and types, and run the unit tests; run it before each commit
	@$(BIN)/python -m pytest $(PARALLEL) tests/unit

test: setup browser pgbouncer compiled class-archive ## Run all tests except Terraform's, with coverage of lines and branches
	@$(BIN)/python -m pytest $(PARALLEL) -p tests.line_coverage

test-lambda: ## Run the tests marked lambda_runtime on Python 3.13, if there is one
	@.ci/venv 3.13 .venv-lambda requirements/lambda-test.txt; case $$? in \
	0) .venv-lambda/bin/python -m pytest $(PARALLEL) --hypothesis-profile=brief -m lambda_runtime $(LAMBDA_TESTS) ;; \
	3) echo "NOT CHECKED: the Lambda's code on Python 3.13" ;; \
	*) exit 1 ;; esac

test-oldest: setup ## Run the tests of source and warehouse on PostgreSQL 13, if it can be had
	@.ci/postgresql13 build/postgresql-13; case $$? in \
	0) EMBEDDED_POSTGRES_BIN=build/postgresql-13/native/bin $(BIN)/python -m pytest $(PARALLEL) $(OLDEST_TESTS) ;; \
	3) ;; \
	*) exit 1 ;; esac

test-glue: ## Run the tests of the jobs on the packages of Glue 5.1
	@.ci/venv 3.11 .venv-glue requirements/glue-test.txt
	@.venv-glue/bin/python -m pytest $(PARALLEL) $(GLUE_TESTS)

test-cloud: setup ## Check the Terraform; apply, run, break and destroy it on a local AWS endpoint
	@.ci/venv 3.11 .venv-cloud requirements/cloud.txt
	@.ci/venv 3.11 .venv-glue requirements/glue-test.txt
	@.ci/venv 3.11 .venv-checkov requirements/checkov.txt
	@.ci/glue-jars glue || test $$? -eq 3
	@.ci/glue-jars iceberg || test $$? -eq 3
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadscope tests/cloud tests/terraform

chaos: setup ## Run the tests on random histories twenty times as long
	@$(BIN)/python -m pytest --hypothesis-profile=chaos $(CHAOS_TESTS)

bench: setup class-archive ## Measure each step beside other programs, in a few minutes: docs/performance/
	@.ci/venv 3.11 .venv-bench requirements/bench.txt
	@$(BIN)/python -m benchmarks $@
	@.venv-bench/bin/python -m benchmarks.plot $@

bench-large: setup class-archive ## Measure each step with up to ten million orders, in about an hour and 40 GB
	@.ci/venv 3.11 .venv-bench requirements/bench.txt
	@$(BIN)/python -m benchmarks $@

lint: setup ## Check style, format and the import rules
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-logo
	@$(CHECK) vendor.github-workflows .github/workflows/*.yml
	@$(CHECK) vendor.github-actions .github/actions/*/action.yml
	@$(CHECK) vendor.dependabot .github/dependabot.yml

type: setup ## Check the types
	@$(BIN)/mypy

# Tests assert (B101), start programs, by name too (B404, B603, B607), and invent passwords (B105, B106)
# and random histories (B311).
security: secrets ## Look for insecure code, secrets, and packages with known vulnerabilities
	@$(BIN)/bandit --quiet --recursive . --exclude ./.venv,./.venv-lambda,./.venv-cloud,./.venv-checkov,./.venv-glue,./.venv-bench,./.venv-sbom,./build,./tests
	@$(BIN)/bandit --quiet --recursive tests --skip B101,B105,B106,B311,B404,B603,B607
	@$(BIN)/zizmor --offline --quiet --persona pedantic .github
	@.ci/audit requirements/dev.txt

secrets: setup ## Look for secrets in all files and all their history
	@$(BIN)/python .ci/secret_scan.py

sbom: setup ## List the packages that a deployment carries, in build/sbom.json
	@.ci/venv 3.11 .venv-sbom requirements/sbom.txt
	@.ci/sbom build/sbom.json

package: setup ## Build what Terraform deploys, in build/; PACKAGE_FLAGS="--ca-bundle FILE" for TLS
	@$(BIN)/python -m artifacts --out build --platform arm64 $(PACKAGE_FLAGS)

settings:
	@.ci/settings $(ENV)

plan: settings package ## Show what `make apply` would change; ENV=prod for the other environment
	@.ci/terraform $(ENV) plan -input=false -out=$(ENV).tfplan
	@.ci/terraform $(ENV) show -no-color $(ENV).tfplan >build/plan-$(ENV).txt

comment:
	@.ci/comment build/plan-*.txt

preflight: setup settings package ## Check the account and the databases, before and after `make apply`
	@$(if $(NAME),,.ci/preflight $(ENV) |) $(BIN)/python -m operations $@ \
		$(addprefix --name ,$(NAME)) $(addprefix --region ,$(REGION)) $(PACKAGE_FLAGS) \
		$(addprefix --source ,$(SOURCE)) $(addprefix --warehouse ,$(WAREHOUSE))

apply: settings package ## Deploy; docs/deploy.md has the requirements
	@.ci/terraform $(ENV) apply

migrate: setup settings ## Create the warehouse, or migrate it to the release; run it after `make apply`
	@$(ASK)

smoke: setup settings ## Poll once on a deployed platform, and check the result
	@$(ASK)

status: setup settings ## Show the state of a deployed platform; NAME=totesys-dev, WAREHOUSE=no
	@$(ASK) $(PACKAGE_FLAGS) $(if $(filter no,$(WAREHOUSE)),--no-warehouse)

reconcile: setup settings ## Compare the source, lake and warehouse of a deployment, value by value
	@$(ASK) $(PACKAGE_FLAGS) $(addprefix --source ,$(SOURCE)) $(addprefix --warehouse ,$(WAREHOUSE))

slot: setup settings ## Show the replication slots of a deployment's source; DROP=1, SLOT=name
	@$(ASK) $(PACKAGE_FLAGS) $(addprefix --source ,$(SOURCE)) $(if $(DROP),--drop) $(addprefix --slot ,$(SLOT))

publish: setup settings ## Add what a deployment has loaded to Iceberg tables of its Data Catalog; NEW=1
	@$(ASK) $(if $(NEW),--again)

compact: setup settings ## Publish, and replace small files of the published tables by large ones
	@$(ASK)

backfill: setup settings ## Fill an added column from landed rows; TABLE=fact_payment COLUMN=name
	@$(ASK) $(PACKAGE_FLAGS) $(addprefix --table ,$(TABLE)) $(addprefix --column ,$(COLUMN)) \
		$(addprefix --warehouse ,$(WAREHOUSE))

logs: setup settings ## Show the last hour of logs of a deployed platform; SINCE=2h, FILTER=text, FOLLOW=1, ALL=1
	@$(ASK) $(addprefix --since ,$(SINCE)) $(if $(FILTER),--filter "$$FILTER") \
		$(if $(FOLLOW),--follow) $(if $(ALL),--all)

docs: setup ## Build the documentation's site in build/site; a broken link fails
	@$(SPHINX) -b html -n -W --keep-going . build/site
	@echo "build/site/index.html"

links: setup ## Follow the documentation's links to other sites
	@$(SPHINX) -b linkcheck . build/links

dictionary: setup ## Write docs/data-dictionary.md again, after a change of tables, views or texts
	@$(BIN)/python -m embedded.server $(BIN)/python -m artifacts.dictionary

lock: setup ## Compile requirements/*.in; LOCK_FLAGS=--upgrade takes newer versions
	@$(LOCK) requirements/dev.in --output-file requirements/dev.txt
	@for name in lambda lambda-test uv; do $(LOCK) --constraint requirements/dev.txt \
		requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done
	@for name in glue cloud checkov bench sbom; do $(LOCK) requirements/$$name.in \
		--output-file requirements/$$name.txt || exit 1; done
	@for name in glue-publish glue-test; do $(LOCK) --constraint requirements/glue.txt \
		requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done

clean: ## Remove everything that these targets created
	rm -rf .venv .venv-lambda .venv-cloud .venv-checkov .venv-glue .venv-bench .venv-sbom build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf metastore_db spark-warehouse derby.log .totesys hs_err_pid*
	find . -name __pycache__ -prune -exec rm -rf {} +

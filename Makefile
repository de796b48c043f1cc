# Wangjian 网监数仓. `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(VENV)-uv/bin/uv)
# the machine's own Docker Compose, or the one that comes with ours
DOCKER_COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo $(VENV)-containers/lib/python3*/site-packages/compose/docker-compose)
export WANGJIAN_DATA ?= $(CURDIR)/data
# written by an offline installation: its PYTHON and WHEELS
-include local.mk
# WHEELS=folder: packages come from there alone. Its locks know the wheels that a bundle built itself
FROM_WHEELS := $(if $(WHEELS),--no-index --find-links $(abspath $(WHEELS)))
LOCKS := $(or $(patsubst %/,%,$(wildcard $(if $(WHEELS),$(abspath $(WHEELS))/../locks/))),requirements)

# Superset's packages have no wheels for Python 3.13: its tests are skipped there
SUPERSET := $(shell $(PYTHON) -c 'import sys; print("superset-install" if sys.version_info < (3, 13) else "")')

# Spark needs Java, and is in no bundle; without it its tests say what was not proven
SPARK := $(if $(WHEELS),,$(shell command -v java >/dev/null && echo spark-install))

# each of these locks has an environment of its own
OWN := superset docs spark containers bench

.DEFAULT_GOAL := help
.PHONY: help setup demo up down bench bench-install bench-plot bench-sizing bench-history bench-backfill test test-install test-all spark-test proof soak lint format lock clean superset superset-install spark-install reference pictures docs docs-install bundle bundle-test upgrade-test audit env wheels images containers-install compose-test

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready  ## install everything into .venv, from the locks

$(VENV)-uv/bin/uv:
	$(PYTHON) -m venv $(VENV)-uv
	$(VENV)-uv/bin/python -m pip install --quiet $(FROM_WHEELS) uv

$(VENV)/.ready: requirements/dev.lock pyproject.toml | $(if $(findstring $(VENV)-uv,$(UV)),$(VENV)-uv/bin/uv)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip sync --quiet --compile-bytecode --require-hashes $(FROM_WHEELS) $(LOCKS)/dev.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --quiet --no-deps $(FROM_WHEELS) --editable .
	touch $@

$(VENV)-%/.ready: requirements/%.lock | $(if $(findstring $(VENV)-uv,$(UV)),$(VENV)-uv/bin/uv)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)-$*
	VIRTUAL_ENV=$(CURDIR)/$(VENV)-$* $(UV) pip sync --quiet --compile-bytecode --require-hashes $(FROM_WHEELS) $(LOCKS)/$*.lock
	touch $@

demo: setup  ## the demonstration year through the Airflow DAGs, from three simulated systems to the published file
	PATH=$(CURDIR)/$(BIN):$$PATH python -m wangjian.deployment.local.demo

up: setup  ## Airflow and the simulated sources in the background; prints address and login (FROM, TO, SCALE, WANGJIAN_SCHEDULE_UNTIL)
	WANGJIAN_DATA=$(CURDIR)/data-local PATH=$(CURDIR)/$(BIN):$$PATH python -m wangjian.deployment.local.service up

down:  ## stop what `make up` started
	WANGJIAN_DATA=$(CURDIR)/data-local PATH=$(CURDIR)/$(BIN):$$PATH python -m wangjian.deployment.local.service down

superset-install: $(VENV)-superset/.ready  ## Superset into .venv-superset, from its lock

superset: setup superset-install  ## dashboards in Superset until Ctrl-C; prints address and login (PORT)
	PATH=$(CURDIR)/$(BIN):$$PATH exec python -m wangjian.serving.superset

containers-install: $(VENV)-containers/.ready

bench-install: $(VENV)-bench/.ready

env:  ## .env from .env.example with random secrets, and a first certificate, for docker compose
	@python3 deploy/make_env.py

wheels:  ## what the images install, into wheels/
	@PYTHON=$(PYTHON) deploy/fetch-wheels

images: wheels containers-install  ## the images of docker-compose.yml, every profile, from wheels/ alone
	$(DOCKER_COMPOSE) --profile '*' build

compose-test: setup wheels containers-install  ## docker-compose.yml for real, in a Docker engine of its own: first start, kills, logins, profiles
	WANGJIAN_TESTS_REQUIRED=compose COMPOSE=full $(BIN)/pytest --durations=0 --durations-min=1 tests/deployment/compose

spark-install: $(VENV)-spark/.ready  ## Spark and dbt-spark into .venv-spark, from their lock (0.6 GB; needs Java 17)

spark-test: setup spark-install  ## the warehouse built by DuckDB and by Spark, row for row; a worker killed while Spark builds
	WANGJIAN_TESTS_REQUIRED=spark $(BIN)/pytest -q -rs --durations=0 --durations-min=1 tests/warehouse/spark

reference: setup  ## the reference pages that are made from the code: commands and settings
	PATH=$(CURDIR)/$(BIN):$$PATH python -m wangjian.cli.reference

pictures: setup  ## the README's two pictures, from the site of the demonstration (`make demo` first)
	PATH=$(CURDIR)/$(BIN):$$PATH python docs/images/take.py

docs-install: $(VENV)-docs/.ready  ## what makes these docs into .venv-docs, from its lock

docs: setup docs-install  ## these docs as a site, into docs/project of the data root; a broken link fails
	mkdir -p -m 700 $(WANGJIAN_DATA)
	$(VENV)-docs/bin/python -m sphinx -q -E -a -W --keep-going -d $(VENV)-docs/doctrees docs $(WANGJIAN_DATA)/docs/project
	[[ ! -e $(WANGJIAN_DATA)/published/warehouse.duckdb ]] || $(BIN)/wangjian site
	@echo $(WANGJIAN_DATA)/docs/project/index.html

bench: setup $(if $(FULL),bench-install)  ## seconds and peak memory of each stage, next to a plain script's (SCALE: city, province, nation; FULL=1: other tools' too; RECORD: a folder)
	PATH=$(CURDIR)/$(BIN):$$PATH python -m bench --scale $(or $(SCALE),city) $(if $(FULL),--full) $(if $(RECORD),--record $(RECORD))

bench-plot: bench-install  ## the records of RECORD (bench/records) as a picture
	$(VENV)-bench/bin/python bench/plot.py $(or $(RECORD),bench/records)

bench-sizing: setup  ## what a million rows cost, from the records of RECORD (bench/records), into the page on sizing
	$(BIN)/python -m bench.sizing docs/explanation/sizing.md $(or $(RECORD),bench/records)

bench-history: setup  ## what one more day costs after 1, 12 and 36 months of history
	PATH=$(CURDIR)/$(BIN):$$PATH python -m bench.history

bench-backfill: setup  ## a backfill of 2023 through Airflow, compared with ten of its days one by one
	PATH=$(CURDIR)/$(BIN):$$PATH python -m bench.backfill

# one more than the cores of CI: a test that waits for Airflow, a browser or a lock leaves its core to another
WORKERS ?= 3

test: setup  ## unit tests, dbt unit tests, a day through Airflow, one small run of every invariant, a walk through the pages (10 minutes)
	$(BIN)/pytest -q -n $(WORKERS) --dist loadgroup --no-loadscope-reorder -m "not slow or everyday"

test-install: setup $(SUPERSET) $(SPARK)

# pytest ends with 5 where nothing is selected: a bundle may lack all of these tests
test-all: test-install  ## what `make test` leaves out: every fault, crash and page, Superset, Spark, the benchmark
	$(BIN)/pytest -q -n $(WORKERS) --dist loadgroup --no-loadscope-reorder --durations=10 -m "slow and not everyday" || test $$? -eq 5

proof: setup $(SUPERSET)  ## the invariants over a whole year: any order, any crash (hours); record in test-artefacts/proof
	mkdir -p test-artefacts/proof
	{ date -u +%FT%RZ; git describe --always --dirty; nproc; } > test-artefacts/proof/record.txt
	PROOF=full $(BIN)/pytest -v -n 2 --dist loadgroup --timeout=21600 --durations=0 --durations-min=60 tests/invariants tests/serving/superset/test_while_people_look.py tests/serving/postgres/test_mirror.py | tee -a test-artefacts/proof/record.txt

soak: setup  ## simulated days back to back, with faults and readers, for MINUTES (60); report in test-artefacts/soak
	SOAK_MINUTES=$(or $(MINUTES),60) $(BIN)/pytest -q -s tests/invariants/soak

bundle: setup docs-install  ## one archive that installs without a package index, into dist/
	$(BIN)/python -m shipping.bundle $(VENV)-docs/bin/python

bundle-test:  ## install the bundle without any network, and run the tests there (BUNDLE, PYTHON, TESTS)
	PYTHON=$(PYTHON) .ci/try-bundle $(BUNDLE)

upgrade-test: setup  ## the version FROM, then this one, then FROM again, on one data root (FROM: a commit; default: the newest tag)
	UPGRADE_FROM=$(FROM) $(BIN)/pytest -q -rs tests/shipping/test_upgrade.py

audit: setup  ## what is known against the packages of the locks, by a snapshot of advisories (ADVISORIES)
	$(BIN)/python -m shipping.advisories $(ADVISORIES)

# each is a target of its own: `make -j2 lint` looks at the SQL while it looks at the rest
LINTS := lint-sql lint-types lint-python lint-containers lint-locks
.PHONY: $(LINTS)

lint: $(LINTS)  ## style, types, layers, and whether the locks match

lint-python: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m shipping.licences

lint-types: setup
	$(BIN)/mypy

lint-sql: setup
	PATH=$(CURDIR)/$(BIN):$$PATH .ci/lint-sql

lint-containers: setup
	-@$(MAKE) --no-print-directory containers-install
	.ci/lint-containers

lint-locks: setup
	UV=$(UV) .ci/check-locks

format: setup  ## put the style right
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	PATH=$(CURDIR)/$(BIN):$$PATH .ci/lint-sql fix

lock:  ## resolve the dependencies anew, within the ranges of pyproject.toml
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 $(UPGRADE) pyproject.toml -o requirements/runtime.lock
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 $(UPGRADE) --group dev -c requirements/runtime.lock pyproject.toml -o requirements/dev.lock
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 $(UPGRADE) --group postgres -c requirements/runtime.lock pyproject.toml -o requirements/postgres.lock
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 $(UPGRADE) --group server -c requirements/runtime.lock pyproject.toml -o requirements/server.lock
	for group in $(OWN); do $(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 $(UPGRADE) requirements/$$group.in -o requirements/$$group.lock; done

clean:  ## remove the environment and caches, never data
	rm -rf $(VENV) $(VENV)-uv $(addprefix $(VENV)-,$(OWN)) .pytest_cache .mypy_cache .ruff_cache .hypothesis

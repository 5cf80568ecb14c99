# Each target does its own set-up. `make help` lists them.
SHELL := /bin/sh
PYTHON_OF_VENV := .venv/bin/python
export SQL WORLD
.PHONY: help run demo bench faults drills screens test lint messages audit psql
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' Makefile

run: ## start everything and print the address (PORT=8000, WORLD_DIR=var/portal; .env.example lists the rest)
	@bin/bootstrap && exec $(PYTHON_OF_VENV) -m portal.runtime run

demo: ## the whole job end to end, in figures: var/demo.json (TRADE=file: replay real order lines)
	@bin/bootstrap && exec $(PYTHON_OF_VENV) -m portal.sandbox.demo $(if $(TRADE),"$(TRADE)")

bench: ## measure speed: var/bench.json (ONLY=ledger_single: one of them; docs/performance.md tells which there are)
	@bin/bootstrap dev && exec $(PYTHON_OF_VENV) -m tests.bench $(ARGS)

faults: ## the same business under random faults, RUNS=3 times: nothing lost, nothing twice (SEED=n: the same again)
	@bin/bootstrap dev && exec $(PYTHON_OF_VENV) -m tests.faults

drills: ## what operators do under pressure: upgrade, restore, lost broker, new secrets (BROKER=rabbitmq, DRILLS pick some)
	@bin/bootstrap dev && exec $(PYTHON_OF_VENV) -m tests.drills

screens: ## a picture of every page of every role: var/screens/index.html (ROLES, PAGES, LANGUAGES, WIDTHS, THEMES pick some)
	@bin/bootstrap dev && exec $(PYTHON_OF_VENV) -m tests.screens

test: ## run the tests (ARGS="tests/runtime -k port" picks some)
	@bin/bootstrap dev && exec $(PYTHON_OF_VENV) -m pytest -n 2 --dist loadfile $(ARGS)

lint: ## style, direction of imports, missing migrations, broken dependencies, known vulnerabilities
	@bin/bootstrap dev
	@$(PYTHON_OF_VENV) -m ruff check .
	@$(PYTHON_OF_VENV) -m ruff format --check --quiet .
	@$(PYTHON_OF_VENV) -c 'from importlinter.cli import lint_imports_command as lint; lint()' --no-logo
	@$(PYTHON_OF_VENV) -m portal.runtime check makemigrations --check --dry-run
	@$(PYTHON_OF_VENV) -m pip check
	@$(PYTHON_OF_VENV) -m portal.runtime.advisories

messages: ## take new sentences into locale/*/LC_MESSAGES/django.po (docs/translating.md)
	@bin/bootstrap dev && DEBUG=1 $(PYTHON_OF_VENV) manage.py translations

audit: ## known vulnerabilities in what we install, as PyPI and npm know them (part of lint)
	@bin/bootstrap dev && $(PYTHON_OF_VENV) -m portal.runtime.advisories

psql: ## SQL on the world started last (WORLD=demo picks var/demo; SQL="select 1" or stdin instead of a session)
	@bin/bootstrap && exec $(PYTHON_OF_VENV) -m portal.runtime psql $(ARGS)

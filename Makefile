# Two commands do everything: `make run` and `make test`.

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip --quiet --disable-pip-version-check install --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
  --no-emit-index-url --custom-compile-command "make lock"
# Tests of real processes wait rather than work: four workers keep two cores busy.
WORKERS := -n 4 --dist loadgroup --durations=10

# Python keeps what it has compiled, whatever the environment says: shop and suite start many processes.
export PYTHONDONTWRITEBYTECODE :=
# Commands of flask leave .env to the settings, which read it the same way in every process.
export FLASK_SKIP_DOTENV := 1

.PHONY: run test test-long prove mutants lint bench screenshots format migrate move-to-postgres setup-bot doctor smoke-live i18n vendor lock hooks

# Recipes of one simple command each: make runs them without a shell, so that a signal reaches them.

run: $(VENV)/.installed ## the whole shop on this machine, with its sandboxes
	@$(BIN)/python -m sandbox

test: $(VENV)/.installed-dev ## the suite; T="tests/shop/test_buying.py": only that, in one process, where pdb works
	@sh tools/install-chromium.sh
	@sh tools/install-proxies.sh
	@$(BIN)/python -m pytest $(or $(T),-m "not long" $(WORKERS))

test-long: $(VENV)/.installed-dev ## the rest of it: streets of buyers, a kill at every crash point, every screen
	@sh tools/install-chromium.sh
	@$(BIN)/python -m pytest -m long $(WORKERS)

prove: $(VENV)/.installed-dev ## the proofs in full, hours; writes docs/proof.md
	@sh tools/install-proxies.sh
	@$(BIN)/python -m pytest -m proof --prove -p no:randomly $(WORKERS)

mutants: $(VENV)/.installed-dev ## break the lines that money hangs on: does a test notice? An hour (ONLY="gate limits": only these)
	@$(BIN)/python tools/mutants.py $(ONLY)

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.installed-dev ## what the shop costs and carries, half an hour; writes docs/benchmarks.md (PARTS="load growing": only these)
	@sh tools/install-chromium.sh
	@sh tools/install-wrk.sh
	@$(BIN)/python -m bench $(PARTS)

screenshots: $(VENV)/.installed-dev ## every screen in both themes and languages, into var/screens
	@$(BIN)/python -m tests.browser.pictures

hooks: $(VENV)/.installed-dev ## git runs what lint runs before each commit
	@$(BIN)/pre-commit install

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

migrate: $(VENV)/.installed
	@$(BIN)/flask --app wsgi migrate

move-to-postgres: $(VENV)/.installed ## from SQLite to PostgreSQL, compared row by row; docs/scaling.md
	@$(BIN)/flask --app wsgi move-to-postgres

setup-bot: $(VENV)/.installed ## tell Telegram where the shop is
	@$(BIN)/flask --app wsgi setup-bot

smoke-live: $(VENV)/.installed ## does the key of eSIM Go work? Buys nothing
	@$(BIN)/python -m jobs smoke-live

doctor: $(VENV)/.installed ## what is set up wrong, and what helps
	@$(BIN)/python -m jobs doctor

i18n: $(VENV)/.installed ## collect new texts into webapp/base/translations
	@mkdir -p var
	@$(BIN)/pybabel --quiet extract -F babel.cfg --no-location --omit-header --sort-output -k N_ -o var/messages.pot webapp templates
	@$(BIN)/pybabel update --no-fuzzy-matching --ignore-obsolete --omit-header -i var/messages.pot -d webapp/base/translations

vendor: ## fetch the two vendored scripts again and check them against static/vendor/SHA256SUMS
	@sh tools/vendor.sh

lock: $(VENV)/.installed-dev ## write the locks after a change of a .in file (UPGRADE=1: with the newest of what those need)
	@$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements.txt requirements.in
	@$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements-dev.txt requirements-dev.in

$(VENV)/.made:
	@sh tools/find-python.sh > /dev/null
	@$(or $(shell sh tools/find-python.sh 2> /dev/null),python3) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.txt
	@echo "Installing what requirements.txt names into $(VENV); this is done once."
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

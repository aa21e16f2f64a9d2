# Two commands do everything on a fresh machine with Python 3.11: `make demo` and `make test`.
PY ?= python3
BIN := .venv/bin
PORT ?= 8000
export PYTHONUTF8 = 1

.PHONY: demo test run check lint types floors test-pg lock clean nightly bench world mutants

# uv when it is there, venv and pip otherwise. Byte code is compiled at once: where Python may not write it,
# every later start would otherwise cost seconds. The lock is whole: resolving again could only find newer releases,
# which have no hash there.
define install
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv -q --allow-existing .venv && uv pip install -q --compile-bytecode --no-deps --require-hashes -p $(BIN)/python -r $(1); \
	else \
	  test -x $(BIN)/python || $(PY) -m venv .venv; \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(1); \
	fi
endef

.venv/.run: requirements.txt
	@echo "Installing Outreach into .venv …"
	$(call install,requirements.txt)
	@touch $@

.venv/.dev: requirements-dev.txt
	@echo "Installing Outreach and its test tools into .venv …"
	$(call install,requirements-dev.txt)
	@touch .venv/.run $@

demo: .venv/.run          ## play a campaign of two weeks in about three minutes, with the console to look at
	@$(BIN)/python manage.py demo --port $(PORT) $(ARGS)

run: .venv/.run           ## the real thing, from .env
	@$(BIN)/python manage.py up --port $(PORT) $(ARGS)

test: .venv/.dev          ## the whole suite on the embedded database; no service needed
	@$(BIN)/python -m pytest -n auto $(ARGS)

test-pg: .venv/.dev       ## the same suite on PostgreSQL; DATABASE_URL says where
	@test -n "$(DATABASE_URL)" || { echo "Set DATABASE_URL, e.g. postgres://postgres@127.0.0.1/postgres"; exit 2; }
	@$(BIN)/python -m pytest -n auto $(ARGS)

nightly: .venv/.dev       ## the long proofs: 2,000 random worlds, 1,000 kills, every calamity, planted bugs; on PostgreSQL
	@NIGHTLY=1 SIMULATION_WORLDS=2000 KILLS=1000 $(BIN)/python -m pytest -n auto tests/simulation tests/concurrency $(ARGS)
	@$(BIN)/python -m tests.mutations

bench: .venv/.dev         ## speed and memory as ratios to a floor of the same run; DATABASE_URL says where
	@test -n "$(DATABASE_URL)" || { echo "Set DATABASE_URL, e.g. postgres://postgres@127.0.0.1/postgres"; exit 2; }
	@$(BIN)/python -m benchmarks $(ARGS)

world: .venv/.dev         ## play one random world again, with its history: make world SEED=41
	@test -n "$(SEED)" || { echo "Say which: make world SEED=41"; exit 2; }
	@SIMULATION_SEED=$(SEED) $(BIN)/python -m pytest -s -p no:cacheprovider tests/simulation $(ARGS)

mutants: .venv/.dev       ## plant bugs one after the other: the proof must catch 95 % of them (part of the nightly profile)
	@$(BIN)/python -m tests.mutations $(ARGS)

check: .venv/.dev lint floors types   ## lint, format, floors, types, migrations
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py check

lint:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

floors:
	@$(BIN)/lint-imports

types:
	@$(BIN)/mypy

lock:                     ## write both lock files anew from requirements.in and requirements-dev.in
	uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements.txt
	uv pip compile requirements-dev.in --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements-dev.txt

clean:
	rm -rf .venv .data

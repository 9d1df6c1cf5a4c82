# All commands of the project; each runs from this folder. Nothing is installed but what requirements.txt pins:
# the packages of the project are found because Python runs here (python -m ...), so no build step is needed, which
# would want the network, and an edit is used at once.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
BASELINE_STAMP := .venv-baseline/.installed
CODE := cardroom node shard_router wallet_worker loadtest bench tests

.PHONY: help run clean-run test prove chaos simulate check bench bench-baseline loadtest format

help:
	@echo "make run        the whole product on this machine, with bots that play (RUN_SECONDS=30 ends by itself)"
	@echo "make clean-run  remove the data of make run"
	@echo "make test       all tests, against real embedded servers"
	@echo "make prove      100 histories of the ledger, 20,000 random hands beside pokerkit, 10^6 shuffles, every"
	@echo "                statement on a ledger of 10^6 entries, and every HTTP page asked well and badly, as tables"
	@echo "                and one JSON object"
	@echo "make chaos      does faults to a cluster in play (FAULTS=60, SEED=n) and compares all that was seen with the ledger"
	@echo "make simulate   SEEDS=100 simulated card rooms in which everything goes wrong, an hour each, from SEED=1 on"
	@echo "make bench      measurements, as a table and one JSON object (LONG=1: also 5,000 players, and MINUTES=30 of them)"
	@echo "make bench-baseline   what an action costs here, in the design that this replaces and in bare uvicorn"
	@echo "make loadtest   plays PROFILE=players-500 (or storm, slow-readers, lobby, chat, fast, a file) on a cluster of its"
	@echo "                own; the result and its page are in .loadtest (PROFILE_NODES=1: with the nodes' flame graphs)"
	@echo "make check      format, lint, types, import contracts, shape"

$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

# The replaced design has what it needs in an environment of its own.
$(BASELINE_STAMP): requirements-baseline.txt
	$(PYTHON) -m venv .venv-baseline
	.venv-baseline/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

run: $(STAMP)
	@$(BIN)/python -m cardroom.local

clean-run: $(STAMP)
	@$(BIN)/python -m cardroom.local --clean

test: $(STAMP) $(BASELINE_STAMP)
	$(BIN)/python -m pytest --numprocesses $${TEST_PROCESSES:-3} --dist loadfile

prove: $(STAMP)
	HISTORIES=$${PROVE_HISTORIES:-100} $(BIN)/python -m pytest --quiet tests/wallet_worker/test_machine.py
	@$(BIN)/python -m tests.prove

chaos: $(STAMP)
	@$(BIN)/python -m tests.chaos --faults $${FAULTS:-60} $${SEED:+--seed $$SEED}

simulate: $(STAMP)
	@SEEDS=$(SEEDS) SEED=$(SEED) HOURS=$(HOURS) $(BIN)/python -m tests.simulation

# ASYNC9xx wants a checkpoint in every async function, 124 a sync function instead: both against interfaces that are
# async on purpose. 114 only asks for a list of names. 110 is ruff's already. 127 wants another HTTP library.
# 128 does not see that http.py hands task_status on.
ASYNC := --isolated --select=ASYNC --disable=ASYNC9,ASYNC124,ASYNC114,ASYNC110,ASYNC127 \
	--per-file-ignores=cardroom/service/http.py:ASYNC128

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/flake8 $(ASYNC) $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/house

bench: $(STAMP) $(BASELINE_STAMP)
	@LONG=$(LONG) MINUTES=$(MINUTES) $(BIN)/python -m bench

bench-baseline: $(STAMP) $(BASELINE_STAMP)
	@ROUNDS=$${ROUNDS:-3} $(BIN)/python -m bench.baseline

# The result and its page; both are kept under the profile's name until the next run of it.
loadtest: $(STAMP)
	@profile=$${PROFILE:-players-500}; name=$$(basename "$$profile" .toml); json=$${JSON:-.loadtest/$$name.json}; \
		mkdir -p .loadtest && $(BIN)/python -m loadtest --local --profile "$$profile" \
		--json "$$json" --html "$${json%.json}.html" $${PROFILE_NODES:+--profile-nodes}

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

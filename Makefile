# `make run` and `make test` make what they need themselves; all they ask for is Python 3.11 and make.
# `make help` lists the rest.

# Found before .venv/bin comes first on the path: it makes .venv.
PYTHON := $(or $(PYTHON),$(shell command -v python3))
PY := .venv/bin/python
# Overridable: make test JOBS=8
JOBS ?= 2
# Python tests, side by side or not as the first argument says, of the rest. Those that fail are run once more, alone: most
# of them talk to processes under deadlines, on machines that others use too. A name there is a bug to be found.
define tests
{ $(PY) -m pytest -q $(1) $(2) || { \
  test $$? -eq 1 && echo "Those that failed, once more and alone:" && \
  $(PY) -m pytest -q -rA --tb=short --last-failed --last-failed-no-failures=none $(2); }; }
endef
ABREAST = -n $(JOBS) --dist worksteal

# Node's tools find `node` on the path: the system's, or the one that set-up put into .venv.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# What may be done beside each other, the longest first.
CHECKS = check-types check-page-types check-generated check-style check-size
ORACLE_CHECKS = oracle-samples oracle-samples-complex oracle-programs oracle-graphs oracle-references oracle-profiles

.PHONY: help run test test-all test-gpu test-oracle bench bench-gpu bench-page load gen gen-check build check unit page-test e2e fleet gpu lock format clean
.PHONY: setup-run setup-test $(CHECKS) $(ORACLE_CHECKS)

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 20

run: setup-run ## Serve the playground on http://127.0.0.1:5000 (PORT is honoured)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then $(PY) scripts/open_page.py "http://127.0.0.1:$${PORT:-5000}" & fi; \
	exec $(PY) app.py

test: check unit page-test e2e ## Everything but the comparison with PyTorch: types, lint, unit, page and browser tests

test-oracle: ## Against PyTorch: programs, its own samples of every operator, random graphs (installs it into .venv-oracle)
	@$(PYTHON) scripts/setup.py oracle
	@$(MAKE) --no-print-directory -j$(JOBS) --output-sync=target $(ORACLE_CHECKS)

oracle-samples:
	.venv-oracle/bin/python tests/programs/op_db.py check --all

oracle-samples-complex:
	.venv-oracle/bin/python tests/programs/op_db.py check --all --dtype complex64

oracle-programs:
	.venv-oracle/bin/python tests/programs/oracle.py check

oracle-graphs:
	.venv-oracle/bin/python tests/engine/random_graphs.py --programs 200

oracle-references:
	.venv-oracle/bin/python tests/engine/oracle.py

oracle-profiles:
	.venv-oracle/bin/python tests/programs/profiles.py check

test-all: test test-oracle ## Both, many more random programs, a minute of noise, and a training of minutes
	.venv-oracle/bin/python tests/engine/random_graphs.py --programs 4000 --seed 1
	browser=$$($(PY) -m scripts.browser) && CHROMIUM="$$browser" $(PY) -m pytest -q tests/e2e/long_training.py
	FUZZ_SECONDS=60 FUZZ_SEED=$$$$ $(PY) -m pytest -q tests/playground/web/test_malformed.py -k noise

check: setup-test ## Generated files current, types, lint, the page's size
	@$(MAKE) --no-print-directory -j$(JOBS) --output-sync=target $(CHECKS)

check-types:
	.venv/bin/mypy

check-page-types:
	node_modules/.bin/tsc
	node_modules/.bin/tsc -p tsconfig.node.json

check-generated:
	$(PY) scripts/gen.py --check

check-style:
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	node_modules/.bin/biome check --error-on-warnings

check-size:
	$(PY) scripts/page_size.py

unit: setup-test ## Python tests without a browser; those that compare times run alone
	$(PY) -m scripts.servers
	$(call tests,$(ABREAST),-m "not timing" --ignore=tests/e2e)
	$(call tests,,-m timing --ignore=tests/e2e --ignore=tests/gpu)

page-test: setup-test ## TypeScript tests
	node_modules/.bin/vitest run

e2e: setup-test ## Tests in a real browser
	export CHROMIUM; CHROMIUM=$$($(PY) -m scripts.browser) && $(call tests,$(ABREAST),tests/e2e)

test-gpu: setup-test ## On a CUDA device: every operation and every program, as on the CPU (asks for `make gpu` first)
	$(PY) -m pytest -q -m gpu tests/gpu

bench: ## The same work here, in PyTorch, HIPS/autograd and MyGrad; writes bench/results.md (installs them into .venv-oracle)
	@$(PYTHON) scripts/setup.py oracle
	.venv-oracle/bin/python -m bench --write

bench-gpu: setup-test ## The engine on a CUDA device beside PyTorch there; writes bench/results-gpu.md (asks for `make gpu` first)
	$(PY) -m bench.gpu --write

bench-page: setup-test ## How quick the page is, in a real browser; writes its part of bench/results.md
	browser=$$($(PY) -m scripts.browser) && CHROMIUM="$$browser" $(PY) -m bench.page --write

load: setup-test ## 200 pages on a real server for five minutes, and with Redis; writes bench/results-load.md
	$(PY) -m scripts.servers
	$(PY) -m bench.load --redis --write

gen: setup-test ## Write the generated files
	$(PY) scripts/gen.py

gen-check: setup-test ## Fail if a generated file is not current
	$(PY) scripts/gen.py --check

build: setup-run ## Build the page into static/dist

format: setup-test ## Format all code, and mend what can be mended
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format
	node_modules/.bin/biome check --write

fleet: ## Install what workers on other machines need (REDIS_URL)
	@$(PYTHON) scripts/setup.py fleet

gpu: ## Install CuPy, for machines with CUDA 12
	@$(PYTHON) scripts/setup.py gpu

lock: ## Renew requirements/*.txt from pyproject.toml (needs uv)
	sh scripts/lock.sh

clean: ## Remove what the other commands made, but for stored sessions
	rm -rf .venv .venv-oracle node_modules static/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

setup-run:
	@$(PYTHON) scripts/setup.py run

setup-test:
	@$(PYTHON) scripts/setup.py test

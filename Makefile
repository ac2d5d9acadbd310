# One command for each verb; CONTRIBUTING.md explains them.
PYTHON ?= python3
VENV := .venv
# These three follow VENV: the verbs that run with other libraries have an environment of their own.
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST = $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal
# Hundreds of tests start a Python of their own; without bytecode each would compile all packages again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve test test-unit test-rest test-all test-lowest test-newest test-record mutate bench soak check format docs site screenshots lock wheel audit sbom image clean

help:  ## say what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/'

define ENVIRONMENT
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "casavi-mock needs Python 3.11 or newer; found $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python cannot make virtual environments here. On Debian: apt-get install python3-venv" >&2; exit 1; }
endef

# The two virtual environments differ: to serve, only what the server needs is installed.
$(VENV)/serve.ok: requirements/runtime.txt requirements/build.txt pyproject.toml
	$(ENVIRONMENT)
	$(PIP) install --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.ok: $(VENV)/serve.ok requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/bench.ok: $(VENV)/serve.ok requirements/bench.txt
	$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@

# In an environment of its own: some of what it needs is loaded by the server too where it is installed, and takes seconds.
.venv-audit/audit.ok: requirements/audit.txt
	$(ENVIRONMENT)
	$(PIP) install --require-hashes -r requirements/audit.txt
	@touch $@

$(VENV)/site.ok: $(VENV)/serve.ok requirements/site.txt
	$(PIP) install --require-hashes -r requirements/site.txt
	@touch $@

$(VENV)/mutate.ok: $(VENV)/dev.ok requirements/mutate.txt
	$(PIP) install --require-hashes -r requirements/mutate.txt
	@touch $@

serve: $(VENV)/serve.ok  ## start the mock at http://127.0.0.1:4227
	$(BIN)/casavi-mock serve $(ARGS)

# With ARGS pytest runs what they say and no more; without, both halves run, and both say what fails.
test: $(VENV)/dev.ok  ## run the fast tests; the domain has to be covered whole by those in tests/unit
ifeq ($(strip $(ARGS)),)
	@$(MAKE) --no-print-directory --keep-going test-unit test-rest
else
	$(PYTEST) $(ARGS)
endif

test-unit: $(VENV)/dev.ok  # the tests without a server, traced: the domain is covered by these alone
	$(PYTEST) tests/unit $(DEEP) --cov=casavi_mock.domain --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered

test-rest: $(VENV)/dev.ok
	$(PYTEST) --ignore=tests/unit $(DEEP)

test-all: $(VENV)/dev.ok  ## run everything: slow tests, all mutants, Hypothesis in its deep profile
	@$(MAKE) --no-print-directory --keep-going test-unit test-rest DEEP='-m "" --hypothesis-profile=deep $(ARGS)'

test-lowest: VENV = .venv-lowest
test-lowest: .venv-lowest/lowest.ok  ## run the fast tests with the oldest libraries that pyproject.toml allows
	$(PYTEST) $(ARGS)

.venv-lowest/lowest.ok: requirements/lowest.txt pyproject.toml
	$(ENVIRONMENT)
	$(PIP) install --require-hashes -r requirements/lowest.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

test-newest: VENV = .venv-newest
test-newest:  ## run the fast tests with the newest libraries that pyproject.toml allows, whatever is locked
	$(ENVIRONMENT)
	$(PIP) install --upgrade --upgrade-strategy eager --editable '.[dev]'
	$(PIP) freeze --exclude-editable
	$(PYTEST) $(ARGS)

test-record: $(VENV)/dev.ok .venv-record/record.ok  ## run the tests of the recorder, with mitmproxy in an environment of its own
	CASAVI_RECORD_PYTHON=$(CURDIR)/.venv-record/bin/python $(BIN)/python -m pytest -m slow tests/cli/test_cli_record.py $(ARGS)

.venv-record/record.ok: pyproject.toml
	test -x .venv-record/bin/python || $(PYTHON) -m venv .venv-record
	.venv-record/bin/python -m pip --disable-pip-version-check --quiet install --editable '.[record]'
	@touch $@

mutate: $(VENV)/mutate.ok  ## see how many of 300 defects set into the domain the unit tests find
	$(BIN)/python -m tests.mutation.sample $(ARGS)

bench: $(VENV)/bench.ok  ## measure the mock beside its peers
	$(BIN)/python benchmarks/bench.py $(ARGS)

soak: $(VENV)/bench.ok  ## soak test: some minutes of mixed load, then invariants are checked
	$(BIN)/python benchmarks/soak.py $(ARGS)

check: $(VENV)/dev.ok  ## run the linters and type checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.ok  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

site: $(VENV)/site.ok  ## build the site of the documentation into dist/site; a dead link is an error
	$(BIN)/python docs/pages.py dist/pages
	$(BIN)/zensical build --strict

docs: $(VENV)/dev.ok  ## regenerate the pages that are made from the code
	$(BIN)/casavi-mock assumptions --format markdown > docs/reference/assumptions.md
	$(BIN)/python -m tests.contracts.mutants.page
	$(BIN)/python -m tests.repo.control_page

screenshots: $(VENV)/dev.ok  ## take the pictures of docs/how-to/console.md again; needs a Chromium
	$(BIN)/python -m tests.browser.screenshots

lock: $(VENV)/dev.ok  ## resolve the dependencies again, into requirements/
	$(BIN)/python requirements/lock.py

wheel: $(VENV)/dev.ok  ## build the wheel into dist/
	$(BIN)/python -m hatchling build

audit sbom: VENV = .venv-audit
audit: .venv-audit/audit.ok  ## ask for known vulnerabilities of the locked dependencies; needs the network
	$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements/runtime.txt

sbom: .venv-audit/audit.ok  ## write dist/sbom.json: what the server is made of, as a CycloneDX bill of materials
	@mkdir -p dist
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible \
	  --output-file dist/sbom.json requirements/runtime.txt

image: ## build the container image
	docker build -t casavi-mock:local .

clean:  ## remove what the other verbs made
	rm -rf $(VENV) .venv-lowest .venv-newest .venv-record .venv-audit dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .bench_cache .mutmut_cache

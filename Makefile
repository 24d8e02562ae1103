# make paper  builds everything and then paper/main.pdf        make test  runs the tests
# Both set up what they need: a virtual environment in .venv and, where they may, missing system packages.
PYTHON ?= python3
TIER ?= embedded
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
TIER_CONFIG := $(if $(filter-out embedded,$(TIER)),--configfile config/$(TIER).yaml)
# One build at a time: a second one waits. The lock falls with the processes that hold it, so a killed build leaves none
# behind, and Snakemake's own lock, which does stay behind, is not needed.
BUILD := flock .kinesics.lock snakemake --nolock

.PHONY: paper test test-fast coverage lint bench tier setup plan twice weights lock format clean
.DELETE_ON_ERROR:

paper: tier setup
	@flock --nonblock .kinesics.lock true || echo "another build runs in this folder: waiting for it to end"
	@$(BUILD) --cores all $(TIER_CONFIG)

test: setup
	@pytest

test-fast: setup  ## the tests that take less than a minute together
	@pytest -m "not slow"

coverage: setup  ## all tests with branch coverage, which must not fall below the floor in pyproject.toml
	@pytest --cov --cov-report=term:skip-covered

lint: setup  ## what pre-commit and the tests check of the text of the code
	@ruff check . && ruff format --check . && snakefmt --check Snakefile workflow && lint-imports && pyright && codespell

bench: setup  ## ratios to peers and to earlier code; nothing of it is a test
	@for file in track annotate memory encode map head; do echo "benchmarks/$$file.py"; python benchmarks/$$file.py; done

setup: $(VENV)/.ready
	@workflow/setup/system.sh

$(VENV)/.ready: requirements.lock pyproject.toml
	@workflow/setup/system.sh
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, but $(PYTHON) is {sys.version.split()[0]}: set PYTHON=/path/to/a/newer/python3")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	@$(VENV)/bin/pip install --quiet "$$(grep -o '^torch==[^ ]*' requirements.lock)" # a build for GPUs brings its libraries
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

tier:
	@[ -f config/$(TIER).yaml ] || [ $(TIER) = embedded ] || { echo "TIER=$(TIER) is not a tier: embedded, public or full"; exit 1; }

plan: tier setup  ## what the benchmarks of TIER will take: jobs, GPU hours, disk; then every job that Snakemake would run
	@python -m kinesics_paper.compute_plan --tier $(TIER)
	@snakemake --nolock --dry-run --rerun-triggers mtime $(TIER_CONFIG) | sed -n '/^Job stats/,/^total/p'

twice: setup  ## build twice from nothing and compare the bytes of every result
	workflow/setup/twice.sh

weights: setup  ## learn the checkpoint of the default detector anew and put it into the package
	workflow/setup/weights.sh

lock:  ## resolve the newest versions that pyproject.toml allows; rewrites requirements.lock and environment.yml
	workflow/setup/lock.sh

format: setup
	ruff check --fix . && ruff format . && snakefmt Snakefile workflow

clean:  ## delete what the workflow made, not what it fetched
	git clean -fdXq results paper notebooks

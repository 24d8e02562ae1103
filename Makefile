# make paper  builds everything and then paper/main.pdf        make test  runs the tests
# Both set up what they need: a virtual environment in .venv and, where they may, missing system packages.
PYTHON ?= python3
TIER ?= embedded
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
TIER_CONFIG := $(if $(filter-out embedded,$(TIER)),--configfile config/$(TIER).yaml)
# One build at a time. The lock falls with the process that holds it, so a killed build leaves none behind, and
# Snakemake's own lock, which does stay behind, is not needed.
BUILD := flock --close --nonblock --conflict-exit-code 75 .kinesics.lock snakemake --nolock

.PHONY: paper test setup twice lock format clean
.DELETE_ON_ERROR:

paper: setup
	@$(BUILD) --cores all $(TIER_CONFIG) || { code=$$?; [ $$code -ne 75 ] || \
	    echo "another build runs in this folder: wait for it, or stop it"; exit $$code; }

test: setup
	@pytest

setup: $(VENV)/.ready
	@workflow/setup/system.sh

$(VENV)/.ready: requirements.lock pyproject.toml
	@workflow/setup/system.sh
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, but $(PYTHON) is {sys.version.split()[0]}: set PYTHON=/path/to/a/newer/python3")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement requirements.lock
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

twice: setup  ## build twice from nothing and compare the bytes of every result
	workflow/setup/twice.sh

lock:  ## resolve the newest versions that pyproject.toml allows; rewrites requirements.lock and environment.yml
	workflow/setup/lock.sh

format: setup
	ruff check --fix . && ruff format . && snakefmt Snakefile workflow

clean:  ## delete what the workflow made, not what it fetched
	git clean -fdXq results paper notebooks

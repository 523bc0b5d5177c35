# make train: from a fresh machine to a trained, measured network with images; again, it goes on or measures anew.
# make test: every test. Both set up .venv themselves; a second call installs nothing.
# make docs: the site of docs/ in build/docs; a broken link ends it.
# make gpu: trains what only a GPU trains to its end, SegNet and the deep SegNet-Lite, and measures it, in nine minutes.
# make faults: the fault matrix with many repetitions, and its page docs/reliability.md.

PYTHON ?= python3
BIN := .venv/bin

# Where the CamVid frames and the drive clip lie beside the checkout, their tests use them.
ifneq ($(wildcard ../shared/camvid/train.txt),)
export CAMVID_ROOT ?= $(abspath ../shared/camvid)
endif
ifneq ($(wildcard ../shared/videos/solidWhiteRight.mp4),)
export SEGNET_TEST_VIDEO ?= $(abspath ../shared/videos/solidWhiteRight.mp4)
endif

.PHONY: docs train test gpu faults lint types setup

train: setup
	$(BIN)/python train.py --config configs/quickstart.yaml $$(test -d runs/quickstart/checkpoints && echo --resume)

test: setup
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

gpu: setup
	$(BIN)/python benchmarks/gpu.py

faults: setup
	SEGNET_FAULTS=long $(BIN)/python -m pytest --timeout=0 tests/faults
	$(BIN)/python -m tests.faults.table

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) types

# mypy finds a module by its place, so it is given the layout of the installed package: datasets/ inside segnet/.
types: setup
	rm -rf build/types && mkdir -p build/types
	cp -Rp segnet tests benchmarks train.py pyproject.toml build/types && cp -Rp datasets build/types/segnet
	cd build/types && $(abspath $(BIN))/mypy --cache-dir $(abspath .mypy_cache)

docs: setup
	$(BIN)/sphinx-build -q -W --keep-going docs build/docs

setup: .venv/installed

.venv/installed: requirements.txt pyproject.toml setup.py
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

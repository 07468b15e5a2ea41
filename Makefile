# Needs Python 3.11 or later with its venv module, and make; installs the rest into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Of pip; CONSTRAINTS= takes the newest versions.
CONSTRAINTS ?= constraints.txt
INSTALL = $(PIP) install --quiet --no-compile $(if $(CONSTRAINTS),-c $(CONSTRAINTS))
# On all cores, where pip uses one. Some packages hold files of Python 2, and many hold
# tests; of itk's wrappers, a fifth of all code, few are ever imported.
COMPILE = $(BIN)/python -m compileall -qq -j 0 -x '/(itk|tests?)/' $(VENV) > /dev/null || true

# make demo COHORT=folder LABEL=column POSITIVE=class PAIRED=n: on real patients;
# ARGS: any other options of skmultimodal evaluate
COHORT ?= synthetic
LABEL ?=
POSITIVE ?=
PAIRED ?=
ARGS ?=
OUT ?= results/demo
# make bench: repeats of cross-validation in three folds
REPEATS ?= 3
# make bench-peers: folder with ham10000, tcga_brca and tcga_pancan
DATA ?= $(SKMULTIMODAL_DATA)/powered
# make fuzz: cohorts and joins tried, and mutations of each kind of file
EXAMPLES ?= 2000
MUTATIONS ?= 500
# make mutation: a module, all of them without
MODULE ?=

.PHONY: help demo test test-all test-gpu coverage mutation fuzz lint bench bench-speed bench-gpu bench-cluster bench-peers bench-track bench-scale docs dist clean

help:
	@echo "make demo         the main job, on simulated patients (COHORT=folder LABEL=column for real ones)"
	@echo "make test         the tests"
	@echo "make test-all     the tests on every Python, and the oldest and newest dependencies (hours)"
	@echo "make coverage     branch coverage of each room by its own tests, beside its floor"
	@echo "make mutation     which changes of the code no test notices (hours; MODULE=path names one)"
	@echo "make test-gpu     the tests that need a GPU (PYTHON=python3 with torch, without .venv)"
	@echo "make fuzz         thousands of random cohorts, joins and damaged files (some minutes)"
	@echo "make lint         style, types and the floors of the house"
	@echo "make docs         this documentation as a site, in docs/_build/html"
	@echo "make dist         the wheel and the source distribution, checked, in dist"
	@echo "make bench        the paper's tables and figures, on simulated patients"
	@echo "make bench-cluster  2 to 64 workers by simulation, from fits measured here (some minutes)"
	@echo "make bench-gpu    towers on a GPU: correctness, synchronisations, speed (some minutes)"
	@echo "make bench-peers  accuracy, time and memory beside other tools, on DATA (can be continued)"
	@echo "make bench-scale  time and memory against rows, images, modalities and genes"
	@echo "make bench-track  adds a line of small measurements for this commit, and names what fell"
	@echo "make bench-speed  speed and memory beside their goals (20 minutes; writes 20 GB to TMPDIR)"

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "skmultimodal needs Python 3.11 or later; name one: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null \
		|| { echo "this Python has no venv module: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# torch alone first: another package's request for it could bring another build.
$(VENV)/.torch: $(VENV)/.python constraints.txt
	$(INSTALL) "$(if $(CONSTRAINTS),$$(grep '^torch==' $(CONSTRAINTS)),torch)"
	@touch $@

$(VENV)/.demo: $(VENV)/.torch pyproject.toml
	$(INSTALL) -e '.[report,explain]'
	$(COMPILE)
	@touch $@

$(VENV)/.bench: $(VENV)/.torch pyproject.toml
	$(INSTALL) -e '.[benchmark]'
	$(COMPILE)
	@touch $@ $(VENV)/.demo

$(VENV)/.dev: $(VENV)/.torch pyproject.toml
	$(INSTALL) -e '.[dev]'
	$(COMPILE)
	@touch $@ $(VENV)/.demo $(VENV)/.bench

demo: $(VENV)/.demo
	$(BIN)/python -m skmultimodal \
		$(if $(filter synthetic,$(COHORT)),demo,evaluate "$(COHORT)") --out "$(OUT)" \
		$(if $(LABEL),--label "$(LABEL)") $(if $(POSITIVE),--positive "$(POSITIVE)") \
		$(if $(PAIRED),--paired "$(PAIRED)") $(ARGS)

# One thread a process: the processes share the cores, and take tests from each other.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

# nox makes the environments, one for each session; ARGS: -s newest -- tests/fusion
test-all: $(VENV)/.dev
	$(BIN)/nox $(ARGS)

coverage: $(VENV)/.dev
	$(BIN)/python .ci/coverage_rooms.py $(ARGS)

# Of fusion, model_selection and cohort.py, or of one module.
mutation: $(VENV)/.dev
	$(INSTALL) cosmic-ray
	$(BIN)/python .ci/mutation.py $(MODULE)

# On the Python that is named, with the torch that is there: .venv may have that of a CPU.
GPU_PYTHON := $(if $(wildcard $(VENV)/.dev),$(BIN)/python,$(PYTHON))
NEED_GPU := import sys, torch; sys.exit(None if torch.cuda.is_available() else \
	"This needs a GPU, and torch finds no CUDA device.")

test-gpu:
	@$(GPU_PYTHON) -c '$(NEED_GPU)'
	$(GPU_PYTHON) -m pytest -m cuda tests

bench-gpu:
	$(GPU_PYTHON) -m benchmarks.speed.gpu

# What is in the tests in small: 2,000 cohorts, as many joins of labels, groups, weights,
# covariates and blocks, and of folders, and 500 mutations of each kind of file; and the
# checks of scikit-learn on radiomics of all families.
fuzz: $(VENV)/.dev
	FUZZ_EXAMPLES=$(EXAMPLES) FUZZ_MUTATIONS=$(MUTATIONS) OMP_NUM_THREADS=1 \
		$(BIN)/python -m pytest tests/robustness tests/test_testing.py -q -s
	FUZZ_EXAMPLES=$(EXAMPLES) OMP_NUM_THREADS=1 \
		$(BIN)/python -m pytest tests/test_common.py -q -k Mirp

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-speed: $(VENV)/.bench
	$(BIN)/python -m benchmarks.speed

bench-cluster: $(VENV)/.bench
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.speed.cluster

bench-scale: $(VENV)/.bench
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.speed.scale --out results/scale $(ARGS)

bench-track: $(VENV)/.bench
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.speed.track $(ARGS)

# Peers that do not install beside this library get environments in results/peers (8 GB).
bench-peers: $(VENV)/.bench
	@[ -d "$(DATA)" ] || { echo "name the folder of the cohorts: make bench-peers DATA=folder"; exit 1; }
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.peers --data "$(DATA)" --out results/peers $(ARGS)

# Tables 2 to 4 and Figures 2 and 3 of the paper; an interrupted run continues.
bench: $(VENV)/.bench
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.paper --table all \
		--cohort "$(COHORT)" --repeats "$(REPEATS)" --out results/paper \
		$(if $(LABEL),--label $(LABEL)) $(if $(PAIRED),--paired "$(PAIRED)") $(ARGS)

# A warning is an error, also one of a script of the gallery; nothing is downloaded.
docs: $(VENV)/.dev
	$(BIN)/python -m sphinx -W --keep-going -q -j auto docs docs/_build/html
	@echo docs/_build/html/index.html

# In an environment of its own, made anew, as a stranger would build.
dist: $(VENV)/.python
	$(INSTALL) build twine
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m twine check --strict dist/*

clean:
	rm -rf $(VENV) results build *.egg-info

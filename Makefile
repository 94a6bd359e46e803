# The front door: `make help` lists what there is.

VERSIONS = 3.14 3.13 3.12 3.11 3.10 3.9
VENV ?= .venv
BIN = $(VENV)/bin

# The newest supported Python that runs; pyenv keeps some that are not on the PATH.
candidates = $(foreach v,$(1),python$(v) $(wildcard $(HOME)/.pyenv/versions/$(v).*/bin/python)) python3
find_python = $(shell for p in $(call candidates,$(1)); do \
	$$p -c 'import sys; v = "%d.%d" % sys.version_info[:2]; sys.exit(v not in "$(1)".split())' \
	2>/dev/null && echo $$p && break; done)
ifndef PYTHON
PYTHON := $(call find_python,$(VERSIONS))
endif

SOURCES = $(shell find gluon_softmax -type f ! -name '*.pyc') setup.cfg pyproject.toml
# As a script, pytest leaves this folder off sys.path: the installed package is tested.
# Some files at once, each in a process with one thread.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

# setuptools would install modules that are long deleted from what it built before.
INSTALL = rm -rf build/lib build/bdist.* && $(BIN)/python -m pip install --quiet
TOOLS = $(VENV)/extras-test,lint,notebooks,onnx

.PHONY: help install compare figures notebooks tools test slow heavy fuzz check format matrix platforms docs clean

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

install: $(VENV)/installed  ## make .venv and install the package into it, without tools

$(VENV)/installed: $(SOURCES)
	@test -n "$(PYTHON)" || { echo "no supported Python found: install Python 3.9 or a later one (Debian: apt-get install python3 python3-venv), or name one with make PYTHON=..."; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make environments: apt-get install python3-venv"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(INSTALL) .
	$(BIN)/gluon-softmax setup
	touch $@

# The package itself is new whenever its sources are; its extras when they are others.
$(VENV)/extras-%: setup.cfg | $(VENV)/installed
	$(INSTALL) '.[$*]'
	touch $@

compare: install  ## train all versions on Fashion-MNIST: a table, and figures in comparison/
	$(BIN)/gluon-softmax compare

figures: install  ## draw the figures of the documentation again
	$(BIN)/gluon-softmax compare --output figures

notebooks: $(VENV)/extras-notebooks  ## run the scripts as notebooks, into build/notebooks, in English and Chinese
	$(BIN)/gluon-softmax notebooks scripts/*.py
	$(BIN)/gluon-softmax notebooks --language zh scripts/*.py

tools: $(TOOLS)  ## add what the tests and the linter need

test: tools  ## run the quick tests and the examples in the docstrings
	$(PYTEST) -m 'not slow' --durations 10 --doctest-modules tests --pyargs gluon_softmax

slow: tools  ## run the slower tests
	$(PYTEST) -m 'slow and not heavy' --durations 15 tests

heavy: tools  ## run the tests that take minutes
	$(PYTEST) -m heavy --durations 15 tests

TIME ?= 60
fuzz: $(VENV)/extras-test,fuzz  ## give readers damaged files for TIME=60 seconds a format
	for format in idx picture npz json; do \
		PYTHONPATH=tests $(BIN)/python -m fuzz.run $$format $(TIME) || exit; done

check: tools  ## run the linter
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: tools  ## let the linter mend what it can
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

# The lessons run anew only where they, or the package, are others than last time.
build/notebooks/done: $(VENV)/installed scripts/*.py
	$(MAKE) --no-print-directory notebooks && touch $@

docs: $(VENV)/extras-docs build/notebooks/done  ## build the documentation into build/site
	$(BIN)/mkdocs build --quiet

matrix:  ## run the quick tests on every supported Python that is here
	@failed=; for v in $(VERSIONS); do \
		$(MAKE) --no-print-directory matrix-$$v || failed="$$failed $$v"; done; \
	test -z "$$failed" || { echo "failed on Python$$failed"; exit 1; }

matrix-%:
	@python="$(call find_python,$*)"; \
	if [ -z "$$python" ]; then echo "Python $*: not here, skipped"; \
	else echo "Python $*: $$python"; \
	$(MAKE) --no-print-directory test VENV=.venv-$* PYTHON="$$python"; fi

platforms:  ## try other machines: a fresh Debian, Arm, Windows, Python 3.14; as root
	@failed=; for script in tests/platforms/*.sh; do \
		echo "$$script"; bash $$script || failed="$$failed $$script"; done; \
	test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

clean:  ## remove the environments and what was built
	rm -rf .venv .venv-* build *.egg-info

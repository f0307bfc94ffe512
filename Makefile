# From a fresh clone:  make run   executes every notebook      make test   runs the tests
# The first of them installs everything into .venv. `make help` lists the rest.

PYTHON      ?= python3
TORCH_INDEX ?=
ARGS        ?=

TORCH     := torch==2.13.0
# declares numpy < 2 but runs on 2.4, so it is installed without its dependencies; the tests compare with it
REFERENCE := pyirstdmetrics==1.0.2

VENV := .venv
PY   := $(VENV)/bin/python
PIP  := $(PY) -m pip --disable-pip-version-check install
# stamps; the first is named after the version, so that another version installs anew
TORCH_READY := $(VENV)/.$(subst ==,-,$(TORCH))
READY       := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help run test lab figures install clean again

help:
	@echo "make run      execute all notebooks; copies, pages and figures go to build/ (open build/index.html)"
	@echo "make lab      open JupyterLab at notebook 00"
	@echo "make test     run the tests, one a core    ARGS=\"-m 'not slow'\" for the quick ones"
	@echo "make figures  rewrite figures/ from the real frames, with the notebooks' own parameters"
	@echo "make install  only create .venv (each of the above does so when needed)"
	@echo "make clean    remove build/"
	@echo ""
	@echo "PYTHON=python3.11   the Python to build .venv from (3.11 or newer)"
	@echo "TORCH_INDEX=URL     where torch comes from; pip's own index if empty. Without a GPU, name the index of"
	@echo "                    CPU builds that PyTorch's installation page gives: about 200 MB instead of several GB"
	@echo "RRCA_DATA=FOLDER    where the data sets are, if not under data/"

run: $(READY)
	@$(PY) -m rrca notebooks run

test: $(READY)
	@$(PY) -m pytest --numprocesses logical --dist worksteal $(ARGS)

lab: $(READY)
	@$(PY) -m rrca notebooks lab

figures: $(READY)
	@$(PY) -m rrca notebooks run --figures figures --set dataset=NUAA-SIRST

install: $(READY)

clean:
	rm -rf build

# A .venv that was copied or moved with its folder, or whose Python is gone, is made again from nothing.
ifneq ($(shell test -x $(PY) && cat $(VENV)/.folder 2>/dev/null),$(CURDIR))
$(TORCH_READY): again
endif

$(TORCH_READY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "rrca needs Python 3.11 or newer, and '$(PYTHON)' is not: name one, as in 'make run PYTHON=python3.11'."; exit 1; }
	@echo "Installing into $(VENV): about 2 minutes, downloads not counted."
	@echo "1/3  $(VENV) and $(TORCH), $(if $(TORCH_INDEX),from $(TORCH_INDEX),from pip's own index)"
	@$(PYTHON) -m venv --clear $(VENV) || { \
	    echo "Python could not make $(VENV); on Debian and Ubuntu 'apt-get install python3-venv' brings what it misses."; exit 1; }
	@start=$$(date +%s); \
	$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH) && \
	echo "     took $$(( $$(date +%s) - start )) s"
	@printf '%s\n' "$(CURDIR)" > $(VENV)/.folder
	@touch $@

$(READY): $(TORCH_READY) pyproject.toml constraints.txt
	@echo "2/3  rrca and the packages it uses, at the versions of constraints.txt"
	@start=$$(date +%s); \
	$(PIP) -qq --constraint constraints.txt hatchling editables && \
	$(PIP) -qq --constraint constraints.txt --no-build-isolation --editable '.[notebooks,test,export,ray]' && \
	echo "     took $$(( $$(date +%s) - start )) s"
	@echo "3/3  $(REFERENCE), which the tests compare with"
	@$(PIP) -qq --no-deps $(REFERENCE)
	@touch $@

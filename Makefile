# `make demo` and `make test` work from a bare clone: they create the environment in .venv if it is not there.
PYTHON ?= python3
VENV := .venv
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
INSTALLED := $(VENV)/.installed-$(shell cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)

.PHONY: demo env test test-slurm test-kill lint bench clean
demo: $(INSTALLED)
	$(VENV)/bin/snakemake --cores $(CORES)
	@echo "Open results/report.html"

env: $(INSTALLED)

# Two files of tests at a time: most wait for a process that they have started.
test: $(INSTALLED) lint
	$(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# A real SLURM on this machine, started and stopped by the tests; as root, on Debian or its like.
test-slurm: $(INSTALLED)
	tests/slurm/cluster install
	$(VENV)/bin/python -m pytest tests/slurm

# The demo killed fifty times and resumed, then every mistake in its configuration through Snakemake: half an hour on two cores.
test-kill: $(INSTALLED)
	$(VENV)/bin/python -m pytest -s tests/endurance

lint: $(INSTALLED)
	$(VENV)/bin/ruff check workflow tests benchmarks
	$(VENV)/bin/ruff format --check workflow tests benchmarks
	$(VENV)/bin/snakefmt --check Snakefile workflow
	$(VENV)/bin/snakemake --lint

# What docs/performance.md quotes, one measurement after another, into benchmarks/results; nothing else should be running.
BENCHMARKS := metric_stage merge_methods growth overhead evaluation inner_products
bench: $(INSTALLED)
	set -e; for name in $(BENCHMARKS); do $(VENV)/bin/python benchmarks/$$name.py >/dev/null; done

# One pip command under the constraints: torch asked for by itself, or later, would bring gigabytes of another build.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --constraint constraints.txt --editable '.[test]'
	@rm -f $(VENV)/.installed-* && touch $@

clean:
	rm -rf results/[!R]* .snakemake

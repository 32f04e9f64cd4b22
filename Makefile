# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Everything works in a checkout of any name, and needs git, make, an OpenSSH client and
# Python 3.11 or newer with venv: make PYTHON=python3.12 demo

PYTHON ?= python3
JOBS ?= 4
IN_VENV = $(PYTHON) tests/support/in_venv.py .venv tests/requirements.txt --
MACHINES = PYTHONPATH=tests $(PYTHON) -m machines
N ?= 1
TIMELINE ?= tests/simulator/timelines/demo.yml

.PHONY: help demo simulator test check bench clean machines machines-down machines-test ee

help:
	@echo "make demo       see the main job at work, without an account"
	@echo "make simulator  run the embedded Supply API, to try your own playbooks"
	@echo "make test       run the tests"
	@echo "make check      run the linters, the longest tests, and those on other ansible-cores"
	@echo "make bench      compare speeds (a few minutes)"
	@echo "make machines N=3     start 3 machines of namespaces, to try roles on (as root);"
	@echo "                      with WHOLE=1 they have systemd and cloud-init"
	@echo "make machines-down    remove every trace of them"
	@echo "make machines-test    run the tests that need such machines"
	@echo "make ee         build the execution environment as an image, and run jobs in it (as root)"
	@echo "make clean      remove everything that these made"

demo:
	@$(IN_VENV) python tests/e2e/demo.py

simulator:
	@PYTHONPATH=tests $(IN_VENV) python -m simulator $(TIMELINE)

test:
	@$(IN_VENV) sh tests/support/run-tests.sh $(JOBS)

check:
	@$(PYTHON) tests/support/in_venv.py .venv-check tests/checks/requirements.txt -- \
		python tests/checks/run.py $(SESSIONS)

bench:
	@$(IN_VENV) python tests/bench/speed.py
	@$(IN_VENV) python tests/bench/inventory.py

machines:
	@$(MACHINES) up --count $(N) $(if $(WHOLE),--whole)

machines-down:
	@$(MACHINES) down

machines-test:
	@$(MACHINES) prepare
	@$(IN_VENV) pytest -q -n $(JOBS) --dist loadfile -o faulthandler_timeout=300 tests/machines

ee:
	@$(MAKE) --no-print-directory check SESSIONS=ee

clean:
	rm -rf .venv .venv-check .demo .nox .coverage* .pytest_cache .hypothesis tests/output
	rm -rf .venv.lock .venv-check.lock .mypy_cache .ruff_cache tests/bench/results *.tar.gz
	find . -name __pycache__ -prune -exec rm -rf {} +

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Everything works in a checkout of any name, and needs git, make, an OpenSSH client and
# Python 3.11 or newer with venv: make PYTHON=python3.12 demo

PYTHON ?= python3
JOBS ?= 4
# The demo waits only for the packages that it uses; the tests add theirs to the same environment.
IN_VENV = $(PYTHON) tests/support/in_venv.py .venv
WITH_DEMO = $(IN_VENV) tests/e2e/requirements.txt --
WITH_TESTS = $(IN_VENV) tests/requirements.txt --
MACHINES = PYTHONPATH=tests $(PYTHON) -m machines
N ?= 1
RELEASE ?= trixie
TIMELINE ?= tests/simulator/timelines/demo.yml

.PHONY: help demo simulator test check fresh bench clean machines machines-down machines-test ee

help:
	@echo "make demo       see the main job at work, without an account"
	@echo "make simulator  run the embedded Supply API, to try your own playbooks; with"
	@echo "                TIMELINE=FILE.yml as tests/simulator/README.md describes it"
	@echo "make test       run the tests (some six minutes)"
	@echo "make check      run the linters, the longest tests, and those on other ansible-cores"
	@echo "make fresh      type the README's commands on a fresh Debian, as a new user (as root);"
	@echo "                with RELEASE=bookworm on Debian 12, with FULL=1 run all tests there"
	@echo "make bench      compare speeds (a few minutes)"
	@echo "make machines N=3     start 3 machines of namespaces, to try roles on (as root);"
	@echo "                      with WHOLE=1 they have systemd and cloud-init"
	@echo "make machines-down    remove every trace of them"
	@echo "make machines-test    run the tests that need such machines"
	@echo "make ee         build the execution environment as an image, and run jobs in it (as root)"
	@echo "make clean      remove everything that these made"

demo:
	@$(WITH_DEMO) python tests/e2e/demo.py

simulator:
	@exec env PYTHONPATH=tests $(WITH_DEMO) python -m simulator "$(TIMELINE)"

test:
	@$(WITH_TESTS) python tests/support/run_tests.py $(JOBS) $(TESTS)

check:
	@$(PYTHON) tests/support/in_venv.py .venv-check tests/checks/requirements.txt -- \
		python tests/checks/run.py $(SESSIONS)

fresh:
	@exec env PYTHONPATH=tests $(WITH_DEMO) python -m fresh run --release $(RELEASE) $(if $(FULL),--full)

bench:
	@$(WITH_TESTS) python tests/bench/speed.py
	@$(WITH_TESTS) python tests/bench/inventory.py

machines:
	@$(MACHINES) up --count $(N) $(if $(WHOLE),--whole)

machines-down:
	@$(MACHINES) down

machines-test:
	@$(MACHINES) prepare
	@$(WITH_TESTS) pytest -q -n $(JOBS) --dist loadfile -o faulthandler_timeout=300 tests/machines

ee:
	@$(MAKE) --no-print-directory check SESSIONS=ee

clean:
	rm -rf .venv .venv-check .demo .nox .coverage .coverage.* .pytest_cache .hypothesis tests/output
	rm -rf .venv.lock .venv-check.lock .mypy_cache .ruff_cache tests/bench/results *.tar.gz
	find . -name __pycache__ -prune -exec rm -rf {} +

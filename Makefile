# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Works in a checkout of any name. Needs git, make, an OpenSSH client and Python 3.11 or newer with
# venv. To choose the Python: make PYTHON=python3.12 demo

PYTHON ?= python3
JOBS ?= 4
# The demo installs only the packages it uses; the tests add theirs to the same environment.
# Both install exact versions, see `make pins`. PINNED=no takes the newest ones, in an environment of
# its own.
IN_VENV = $(PYTHON) tests/support/in_venv.py .venv
TESTS_PINS = --constraint=tests/pins/tests.txt --constraint=tests/pins/core-newest.txt
TOOLS_PINS = $(subst tests.txt,tools.txt,$(TESTS_PINS))
CHECKS_PINS = --constraint=tests/pins/checks.txt
ifeq ($(PINNED),no)
IN_VENV := $(IN_VENV)-unpinned
TESTS_PINS =
TOOLS_PINS =
CHECKS_PINS =
endif
WITH_DEMO = $(IN_VENV) $(TESTS_PINS) tests/e2e/requirements.txt --
WITH_TESTS = $(IN_VENV) $(TESTS_PINS) tests/requirements.txt --
WITH_CHECKS = $(subst .venv,.venv-check,$(IN_VENV)) $(CHECKS_PINS) tests/checks/requirements.txt --
WITH_DOCS = $(subst .venv,.venv-docs,$(IN_VENV)) $(TOOLS_PINS) tests/docsite/requirements.txt --
MACHINES = PYTHONPATH=tests $(PYTHON) -m machines
N ?= 1
TIMES ?= 1
RELEASE ?= trixie
RELEASE_OPTIONS = $(if $(TAG),--tag=$(TAG)) $(if $(KEEP),--keep=$(KEEP)) $(if $(UPDATE),--update)
TIMELINE ?= tests/simulator/timelines/demo.yml

.PHONY: help demo simulator test coverage check pins docs pictures fresh bench clean machines machines-down machines-test ee release-check mutants

help:
	@echo "make demo             watch the main job run, without an account (1 minute)"
	@echo "make simulator        run the simulated Supply API to try your own playbooks;"
	@echo "                      TIMELINE=FILE.yml plays yours, see tests/simulator/README.md"
	@echo "make test             run the tests (6 minutes); TESTS=PATH runs some of them, TIMES=5"
	@echo "                      runs them as often, SEED=NUMBER in the order of a run before"
	@echo "make coverage         run them, and measure how much of plugins/ they run (10 minutes)"
	@echo "make check            run linters, slow tests, and tests on other ansible-cores;"
	@echo "                      SESSIONS='ruff typing' runs some of them"
	@echo "make pins             take the newest version of all that is installed for them; PINNED=no"
	@echo "                      with any of the above tries those, and leaves the pins as they are"
	@echo "make docs             build the documentation site in docs/build/html (1 minute)"
	@echo "make pictures         record the demo and draw the site's pictures again"
	@echo "make bench            compare speeds (15 minutes)"
	@echo "make release-check    build the artifact, see what is in it, and use it on the oldest and the"
	@echo "                      newest ansible-core; UPDATE=1 rewrites the list of its content"
	@echo "make mutants          plant mistakes in the plain Python, and count those that no unit test"
	@echo "                      finds (hours; goes on where it was interrupted); ROOM=_offers and"
	@echo "                      SAMPLE=20% try some of them, SHOW=_offers lists the survivors"
	@echo "make clean            remove everything these commands made"
	@echo
	@echo "As root:"
	@echo "make machines N=3     start 3 Debian machines in namespaces to try roles on;"
	@echo "                      WHOLE=1 gives them systemd and cloud-init"
	@echo "make machines-down    remove them completely"
	@echo "make machines-test    run the tests on such machines (3 minutes)"
	@echo "make fresh            type the README's commands as a new user on a fresh Debian;"
	@echo "                      RELEASE=bookworm takes Debian 12, FULL=1 runs all tests there"
	@echo "make ee               build the execution environment image and run AWX jobs in it"

demo:
	@$(WITH_DEMO) python tests/e2e/demo.py

simulator:
	@exec env PYTHONPATH=tests $(WITH_DEMO) python -m simulator "$(TIMELINE)"

test:
	@for time in $$(seq $(TIMES)); do \
		$(WITH_TESTS) python tests/support/run_tests.py $(JOBS) $(TESTS) || exit; done

coverage:
	@$(WITH_TESTS) python tests/support/measure.py $(JOBS) $(TESTS)

check:
	@$(WITH_CHECKS) python tests/checks/run.py $(SESSIONS)

pins:
	@exec env PYTHONPATH=tests $(WITH_CHECKS) python -m checks.write_pins

docs:
	@$(WITH_DOCS) env PYTHONPATH=tests python -m docsite site

pictures:
	@env PYTHONPATH=tests $(WITH_DEMO) python -m docsite pictures

fresh:
	@exec env PYTHONPATH=tests $(WITH_DEMO) python -m fresh run --release $(RELEASE) $(if $(FULL),--full)

bench:
	@$(WITH_TESTS) python tests/bench/speed.py
	@$(WITH_TESTS) python tests/bench/inventory.py
	@$(WITH_TESTS) python tests/bench/first_contact.py

mutants:
	@exec env PYTHONPATH=tests $(WITH_TESTS) python -m mutants $(ROOM) \
		$(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SHOW),--show $(SHOW)) $(if $(REPORT),--report)

machines:
	@$(MACHINES) up --count $(N) $(if $(WHOLE),--whole)

machines-down:
	@$(MACHINES) down

machines-test:
	@$(MACHINES) prepare
	@$(WITH_TESTS) pytest -q -n $(JOBS) --dist loadfile -o faulthandler_timeout=300 tests/machines

ee:
	@$(MAKE) --no-print-directory check SESSIONS=ee

release-check:
	@$(MAKE) --no-print-directory check SESSIONS="release-check -- $(RELEASE_OPTIONS)"

clean:
	rm -rf .venv .venv-check .venv-docs .venv*-unpinned .venv*.lock .demo .mutants .nox docs/build tests/output
	rm -rf .coverage .coverage.* .pytest_cache .hypothesis .mypy_cache .ruff_cache tests/bench/results *.tar.gz
	find . -name __pycache__ -prune -exec rm -rf {} +

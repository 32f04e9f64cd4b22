#!/bin/sh
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the tests in parallel and prints the coverage of plugins/, whether they passed or not. The
# first argument is how many run at once. What is marked as slow is run by `make check`.
#
# Measuring makes Ansible's commands take half as long again, so it is done with the tests that
# reach most of the code, and not with all.
jobs=$1
measured="tests/integration/test_inventory.py tests/integration/test_wait.py"

coverage erase
# shellcheck disable=SC2086 # a list
coverage run -m pytest -q -n "$jobs" -m "not slow" tests/unit $measured
code=$?
# Workers that were ended in the middle leave files that cannot be read, and are complained about.
coverage combine -q >/dev/null 2>&1
coverage report
# shellcheck disable=SC2046,SC2086 # likewise
pytest -q -n "$jobs" -m "not slow" tests/integration tests/e2e $(printf -- '--ignore=%s ' $measured) || code=$?
exit $code

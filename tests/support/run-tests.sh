#!/bin/sh
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs all tests in parallel and prints the coverage of plugins/, whether they passed or not.
# The first argument is how many run at once. What is marked as slow is run by `make check`.
coverage erase
coverage run -m pytest -q -n "$1" -m "not slow" tests/unit tests/integration tests/e2e
code=$?
# Workers that were ended in the middle leave files that cannot be read, and are complained about.
coverage combine -q >/dev/null 2>&1
coverage report
exit $code

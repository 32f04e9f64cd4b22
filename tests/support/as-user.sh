#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs a command as an ordinary user, who is made for it, in a clone that this user owns; called as
# root, in the checkout. Both are removed at the end. The environment stays, but for HOME,
# PATH, and the files of pip's settings, which this user might not be able to read.
set -euo pipefail

user=compute-desk-$$
# Not in TMPDIR, which may be a folder that this user cannot enter.
home=$(mktemp --directory /tmp/compute-desk-user.XXXXXX)
# Also what the user still runs: ssh keeps connections for a while.
remove() {
  pkill --signal KILL --uid "$user" || true
  # Forced, for what was killed may take a moment to go.
  userdel --force "$user" >/dev/null 2>&1 || true
  rm -rf "$home"
}
trap remove EXIT

useradd --home-dir "$home" --no-create-home --shell /bin/bash "$user"
git clone --quiet . "$home/clone"
# By a Python that has pip, which the system's need not have.
python3 tests/support/in_venv.py .venv --constraint=tests/pins/tests.txt \
  --constraint=tests/pins/core-newest.txt tests/e2e/requirements.txt -- \
  python tests/support/pip_settings.py >"$home/pip.conf"
chown -R "$user:" "$home"

setpriv --reuid "$user" --regid "$user" --init-groups env --chdir "$home/clone" \
  HOME="$home" USER="$user" PATH=/usr/local/bin:/usr/bin:/bin PIP_CONFIG_FILE="$home/pip.conf" "$@"

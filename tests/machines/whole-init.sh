#!/bin/sh
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Keeps a whole machine running over its reboots, in namespaces of its own, with whose first process
# everything ends. Arguments: root folder, name, network namespace, control groups.
set -eu
root=$1 name=$2 network=$3
shift 3

for group; do
  mkdir -p "$group"
  echo 0 >"$group/cgroup.procs"
done
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn

# 133 is how systemd-nspawn says that the machine is to start again.
code=133
while [ "$code" = 133 ]; do
  code=0
  systemd-nspawn --quiet --directory="$root" --boot --register=no --keep-unit \
    --machine="$name" --hostname="$name" --network-namespace-path="$network" \
    --resolv-conf=off --link-journal=no --console=read-only || code=$?
done
exit "$code"

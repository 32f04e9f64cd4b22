#!/bin/sh
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# podman with storage and settings of its own, so that nobody's images are touched. It runs as root,
# also in a container that may not make control groups: it sees an empty tree of them.
export CONTAINERS_CONF="$COMPUTE_DESK_EE_FOLDER/containers.conf"
# shellcheck disable=SC2016 # for the shell inside
exec unshare --mount --propagation private sh -c '
  umount --recursive /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup &&
    exec /usr/bin/podman --root "$COMPUTE_DESK_EE_FOLDER/images" --runroot /run/compute-desk-ee "$@"
' podman "$@"

#!/bin/sh
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# podman with storage and settings of its own, so that nobody's images are touched. It runs as root,
# also in a container that may not make control groups: it sees an empty tree of them.
if [ "$1" != --in-own-mounts ]; then
  exec unshare --mount --propagation private sh "$0" --in-own-mounts "$@"
fi
shift
umount --recursive /sys/fs/cgroup || exit
mount -t cgroup2 none /sys/fs/cgroup || exit
export CONTAINERS_CONF="$COMPUTE_DESK_EE_FOLDER/containers.conf"
exec /usr/bin/podman --root "$COMPUTE_DESK_EE_FOLDER/images" --runroot /run/compute-desk-ee "$@"

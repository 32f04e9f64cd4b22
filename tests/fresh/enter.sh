#!/bin/sh
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Puts the fresh machine together, in namespaces of its own, so that it goes away with them.
# Arguments: root file system, folder of this run with `files` to copy, the script that goes in,
# how many paths of this machine are shown there, those paths, command with its arguments.
set -eu
base=$1 folder=$2 init=$3 count=$4
shift 4

mkdir "$folder/disk"
mount -t tmpfs -o mode=755,size=80% tmpfs "$folder/disk"
mkdir "$folder/disk/upper" "$folder/disk/work" "$folder/disk/root"
root="$folder/disk/root"
mount -t overlay -o "lowerdir=$base,upperdir=$folder/disk/upper,workdir=$folder/disk/work" \
  overlay "$root"
chmod 755 "$root"
cp -r "$folder/files/." "$root/"
chroot "$root" chown -R ann: /srv/supply

while [ "$count" -gt 0 ]; do
  if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root$(dirname "$1")"; touch "$root$1"; fi
  mount --bind "$1" "$root$1"
  mount -o remount,bind,ro "$root$1"
  shift
  count=$((count - 1))
done
exec sh "$init" "$root" fresh "$@"

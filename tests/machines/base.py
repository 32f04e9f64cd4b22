# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The root file system that all machines share: Debian, made once, kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import typing as t
from pathlib import Path

from .commands import attempt, run
from .errors import MachineError, NotPossible

SUITE = "bookworm"
PACKAGES = (
    "cloud-init",
    "dbus",
    "iproute2",
    # cloud-init fails without it.
    "locales",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd-sysv",
)

# The machines have no network beyond their bridge, so these only take time at the start.
_USELESS_UNITS = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "ifup@.service",
    "networking.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
)
# The address and host key are set before the machine starts, and it has only this locale.
_CLOUD_CONFIG = """\
datasource_list: [NoCloud]
network: {config: disabled}
ssh_deletekeys: false
ssh_genkeytypes: []
locale: C.UTF-8
"""


def cache(purpose: str = "machines") -> Path:
    """Return the folder that outlives all runs."""
    parent = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(parent) / f"compute-desk-{purpose}"


def ensure_base() -> Path:
    """Return the folder with the root file system; make it if it is missing.

    Raises NotPossible if that fails. Several at once wait for the first.
    """
    return ensure_root(cache(), SUITE, PACKAGES, _digest(), _adapt)


def ensure_root(
    folder: Path,
    suite: str,
    packages: t.Sequence[str],
    digest: str,
    adapt: t.Callable[[Path], None],
) -> Path:
    """Return the root file system for a ``digest`` and release in ``folder``, made once."""
    base = folder / f"{suite}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not base.exists():
            print(f"Making the root file system {base} (once, a minute or two) ...", flush=True)
            unfinished = folder / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            bootstrap(suite, packages, unfinished)
            adapt(unfinished)
            unfinished.rename(base)
    return base


def require_containers(base: Path) -> None:
    """Raise NotPossible unless systemd-nspawn can start a program in the root file system."""
    script = 'mount -t tmpfs tmpfs "$1" && shift && exec systemd-nspawn "$@"'
    done = attempt(
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("sh", "-c", "mkdir -p /run/systemd/nspawn && " + script, "sh", "/run/systemd/nspawn"),
        *("--quiet", f"--directory={base}", "--volatile=yes", "--register=no", "--keep-unit"),
        *("--private-network", "--resolv-conf=off", "/bin/true"),
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise NotPossible(f"systemd-nspawn does not work here: {said[-1]}")


def _digest() -> str:
    """Return a digest of everything that goes into this root file system."""
    recipe = repr((PACKAGES, _USELESS_UNITS, _CLOUD_CONFIG))
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def bootstrap(suite: str, packages: t.Iterable[str], target: Path) -> None:
    """Install a Debian release with these packages into a folder, or a *.tar archive.

    Raises NotPossible.
    """
    mirror = _mirror()
    done = attempt(
        # In namespaces, so that its mounts and processes end with it, however it ends.
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        # debootstrap itself does not find virtual packages that others depend on; this is as fast.
        *("mmdebstrap", "--mode=root", "--variant=minbase"),
        *("--dpkgopt=force-unsafe-io", f"--include={','.join(packages)}"),
        *(suite, str(target), *([mirror] if mirror else [])),
        timeout=900,
    )
    if done.returncode != 0:
        if target.is_dir():
            shutil.rmtree(target, ignore_errors=True)
        raise NotPossible(f"the root file system cannot be made: {_reason(done.stderr)}")


def _reason(stderr: str) -> str:
    """Return the first error in mmdebstrap's output, apt's if there is one."""
    errors = [line for line in stderr.splitlines() if line.startswith("E: ")]
    return errors[0].removeprefix("E: ") if errors else "mmdebstrap gave no reason"


def _mirror() -> str | None:
    """Return the Debian mirror the host uses; None for the default."""
    targets = ("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages")
    # Skip the security archive, which has a different label.
    listed = attempt(*targets, "Label: Debian", "Component: main")
    sites = listed.stdout.split()
    return sites[0] if listed.returncode == 0 and sites else None


def _adapt(folder: Path) -> None:
    """Remove what machines must not share and do not need."""
    for key in (folder / "etc" / "ssh").glob("ssh_host_*"):
        key.unlink()
    (folder / "etc" / "machine-id").write_text("")
    (folder / "etc" / "resolv.conf").write_text("")
    (folder / "etc" / "cloud" / "cloud.cfg.d" / "99-machines.cfg").write_text(_CLOUD_CONFIG)
    for archive in (folder / "var" / "cache" / "apt" / "archives").glob("*.deb"):
        archive.unlink()
    # Skip syncing to disk: a half-made folder is thrown away anyway.
    (folder / "etc" / "dpkg" / "dpkg.cfg.d" / "99mmdebstrap").unlink()
    units = folder / "etc" / "systemd" / "system"
    for unit in _USELESS_UNITS:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    try:
        run("chroot", str(folder), "python3", "-c", "import apt")
    except MachineError as exc:
        raise NotPossible(f"the new root file system does not work: {exc}") from exc

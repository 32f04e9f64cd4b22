# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fresh machine: a minimal Debian in namespaces, with the network of the host."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from machines import base, commands, host
from machines.light import INIT
from support import pip_settings
from support.tree import CHECKOUT

from . import readme

# What brings the README to a machine in the first place.
GIVEN = ("ca-certificates", "git")
# Debian's packages by a file that they bring.
PACKAGES = {
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "mmdebstrap": "mmdebstrap",
    "git": "git",
    "unshare": "util-linux",
}
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
USER = "ann"
# A locale, a PATH and a home, as a login gives them.
ENVIRONMENT = {
    "HOME": f"/home/{USER}",
    "USER": USER,
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}
ENTER = Path(__file__).with_name("enter.sh")


def prepare(release: str) -> Path:
    """Return the root file system, made if it is not there yet. Raises NotRoot or NotPossible."""
    host.require_root()
    host.install_packages(PACKAGES)
    host.require_permissions()
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    packages = sorted({*GIVEN, *readme.packages(text)})
    digest = hashlib.sha256(repr((packages, USER)).encode()).hexdigest()[:12]
    return base.ensure_root(base.cache("fresh"), release, packages, digest, _add_user)


def _add_user(root: Path) -> None:
    commands.run("chroot", str(root), "useradd", "--create-home", "--shell", "/bin/bash", USER)


def type_there(release: str, tests: list[str]) -> int:
    """Let a new user type the commands there; return the exit code."""
    root = prepare(release)
    with tempfile.TemporaryDirectory(prefix="compute-desk-fresh-") as folder:
        settings = pip_settings.read()
        _write_files(Path(folder) / "files", settings)
        shown = list(dict.fromkeys([AUTHORITIES, *pip_settings.local_paths(settings)]))
        environment = {**ENVIRONMENT, **_proxies()}
        newcomer = ["python3", "/srv/supply/tests/fresh/newcomer.py", "/srv/supply", *tests]
        done = subprocess.run(
            [
                *("unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"),
                *("sh", str(ENTER), str(root), folder, str(INIT), str(len(shown)), *shown),
                # A shell stays as the first process, and takes care of orphans.
                *("sh", "-c", '"$@"; exit $?', "sh"),
                *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"),
                *("env", "-i", "-C", f"/home/{USER}"),
                *(f"{name}={value}" for name, value in environment.items()),
                *newcomer,
            ],
            stdin=subprocess.DEVNULL,
            env=commands.environment(),
            check=False,
        )
    return done.returncode


def _write_files(files: Path, settings: dict[str, str]) -> None:
    """Write what the machine gets from this one: the way to packages, and the repository."""
    (files / "etc").mkdir(parents=True)
    for name in ("resolv.conf", "hosts"):
        if Path("/etc", name).exists():
            shutil.copyfile(Path("/etc", name), files / "etc" / name)
    (files / "etc" / "pip.conf").write_text(pip_settings.for_pip(settings))
    (files / "srv").mkdir()
    commands.run("git", "clone", "--quiet", str(CHECKOUT), str(files / "srv" / "supply"))


def _proxies() -> dict[str, str]:
    names = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    return {
        name: os.environ[name]
        for lower in names
        for name in (lower, lower.upper())
        if name in os.environ
    }

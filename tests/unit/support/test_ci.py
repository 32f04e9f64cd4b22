# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`.ci/run`: with which environment, and as whom, it runs the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
# Notes its environment, and ends the run.
MAKE = '#!/bin/sh\necho "make $*"\nenv\nexit 7\n'
STAND_IN = '#!/bin/sh\nexec "$@"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what is needed here, and nothing to test."""
    folder = tmp_path / "a checkout"
    for name in (".ci/run", "tests/support/as-user.sh"):
        (folder / name).parent.mkdir(parents=True)
        shutil.copyfile(CHECKOUT / name, folder / name)
    (folder / "make").write_text(MAKE)
    (folder / "make").chmod(0o755)
    return folder


def test_the_tests_get_an_empty_environment(checkout: Path) -> None:
    (checkout / "tests" / "support" / "as-user.sh").write_text(STAND_IN)
    path = f"{checkout}:/usr/local/bin:/usr/bin:/bin"
    foreign = {
        "PYTHONUNBUFFERED": "1",
        "ANSIBLE_FORCE_COLOR": "1",
        "VIRTUAL_ENV": "/x",
        "CI": "true",
    }
    needed = {"PIP_CERT": "/a path/x.pem", "https_proxy": "http://p.example", "LANG": "C.UTF-8"}

    done = subprocess.run(
        ["bash", checkout / ".ci" / "run"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        env={"HOME": "/h", "PATH": path, **foreign, **needed},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    said = done.stdout.splitlines()
    assert (done.returncode, said[0]) == (7, "make test"), done.stderr
    # The rest is of the shells in between.
    names = {line.partition("=")[0] for line in said[1:]} - {"_", "PWD", "OLDPWD", "SHLVL"}
    assert names == {"HOME", "PATH", *needed}
    assert "PIP_CERT=/a path/x.pem" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make users")
def test_root_lets_a_user_run_them_in_a_clone_and_forgets_it(checkout: Path) -> None:
    stub = checkout / "tests" / "support" / "in_venv.py"
    stub.write_text("print('[global]')\n")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(checkout)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True)
    show = 'whoami; id -u; pwd; echo "$HOME"; cat "$PIP_CONFIG_FILE"; touch new; sleep 300 & exit 5'

    done = subprocess.run(
        ["bash", "tests/support/as-user.sh", "bash", "-c", show],
        cwd=checkout,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 5
    user, uid, folder, home, settings = done.stdout.splitlines()
    assert uid != "0" and folder == f"{home}/clone" and settings == "[global]"
    assert not Path(home).exists() and not (checkout / "new").exists()
    with pytest.raises(KeyError):
        pwd.getpwnam(user)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The virtual environment in which the commands of the Makefile run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import typing as t
import zipfile
from pathlib import Path

import pytest

IN_VENV = Path(__file__).resolve().parents[2] / "support" / "in_venv.py"
SHOW_LOCALE = """
import locale
locale.setlocale(locale.LC_ALL, "")
print(locale.nl_langinfo(locale.CODESET))
"""


def write_package(folder: Path, name: str, version: str = "1.0") -> None:
    """Write a package of that name, with a module of that name that is empty."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


class Folder:
    """Two files of requirements, of which the second has the first and more; and packages."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.few, self.all = path / "few.txt", path / "all.txt"
        self.few.write_text("one\n")
        self.all.write_text("-r few.txt\ntwo\n")
        for name in ("one", "two"):
            write_package(path, name)

    def command(self, requirements: Path, *command: str, options: t.Sequence[str] = ()) -> t.Any:
        """Return the arguments for subprocess, for a command in the environment."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        return {
            "args": [
                *(sys.executable, IN_VENV, self.path / "v e"),
                *(*options, requirements, "--", *command),
            ],
            "env": {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
            | {"PIP_FIND_LINKS": self.path.as_uri()},
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
        }

    def run(
        self, requirements: Path, code: str, *pins: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python code in the environment."""
        options = self.command(requirements, "python", "-c", code, options=pins)
        options["env"].update(environment)
        return subprocess.run(**options, check=False, timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_command_waits_for_its_own_packages_and_for_nothing_again(folder: Folder) -> None:
    first = folder.run(folder.few, "import one")
    assert first.returncode == 0, first.stderr
    making, installing = first.stderr.splitlines()
    assert making == "Making the virtual environment v e, once ..."
    assert installing.startswith("Installing in v e what ") and "few.txt" in installing
    assert folder.run(folder.few, "import two").returncode == 1

    more = folder.run(folder.all, "import one, two")
    assert more.returncode == 0, more.stderr
    assert "Making" not in more.stderr and "all.txt" in more.stderr

    for requirements in (folder.few, folder.all):
        again = folder.run(requirements, "import one, two")
        assert (again.returncode, again.stderr) == (0, "")

    folder.few.write_text("one\n# changed\n")
    assert "Making" in folder.run(folder.few, "import one").stderr


def test_pins_say_which_version_is_installed(folder: Folder) -> None:
    for version in ("1.1", "1.2"):
        write_package(folder.path, "one", version)
    pins = folder.path / "pins.txt"
    shown = "from importlib.metadata import version; print(version('one'))"

    def installed() -> str:
        done = folder.run(folder.few, shown, f"--constraint={pins}")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    pins.write_text("one==1.1\ntwo==9\n")
    assert installed() == "1.1"
    pins.write_text("one==1.2\n")
    assert installed() == "1.2"


def test_a_package_that_is_not_there(folder: Folder) -> None:
    folder.few.write_text("three\n")

    done = folder.run(folder.few, "")

    assert done.returncode == 1
    assert "No matching distribution found for three" in done.stderr
    assert done.stderr.endswith("\nInstalling the packages failed, see above.\n")
    assert not (folder.path / "v e").exists()


def test_an_interruption_gives_one_line_and_leaves_nothing(folder: Folder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = folder.command(folder.few, "true")
        del options["env"]["PIP_NO_INDEX"]
        options["env"]["PIP_INDEX_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with subprocess.Popen(
            **options,
            start_new_session=True,
            # A shell's background jobs ignore Ctrl-C, and so would all that the tests start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as process:
            silent.accept()  # pip asks for a package
            os.killpg(process.pid, signal.SIGINT)
            said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert said.splitlines()[2:] == ["", "Interrupted; v e is not made."]
    assert not (folder.path / "v e").exists()


def test_a_machine_without_ssh(folder: Folder) -> None:
    done = folder.run(folder.few, "", PATH=str(folder.path))

    assert done.returncode == 1
    assert done.stderr == "There is no ssh here. On Debian: apt-get install openssh-client\n"


def test_locales_that_ansible_would_not_take(folder: Folder) -> None:
    for name in ("xx_YY.UTF-8", "C", "POSIX", "C.UTF-8", ""):
        done = folder.run(folder.few, SHOW_LOCALE, LC_ALL="", LC_CTYPE="", LANG=name)
        assert (done.returncode, done.stdout) == (0, "UTF-8\n"), (name, done.stderr)

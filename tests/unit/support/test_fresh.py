# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make fresh` takes from the README."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fresh import newcomer, readme
from fresh.__main__ import TESTS

CHECKOUT = Path(__file__).resolve().parents[3]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_it_types_what_the_readme_has_in_its_order() -> None:
    install, see, job, role, inventory = readme.typed(README)

    assert see == "make demo\n"
    assert "python3 -m venv" in install and readme.FROM_GALAXY.search(README)
    assert f"`{readme.FROM_CLONE}`" in README
    assert install.endswith(f"\n{readme.FROM_CLONE}\n") and not readme.FROM_GALAXY.search(install)
    assert newcomer.MAIN_JOB in job and "compute_desk_roles" not in job
    assert "compute_desk_roles" in role and "ansible-inventory" in inventory


def test_every_block_is_a_shell_s(tmp_path: Path) -> None:
    for block in readme.typed(README):
        done = subprocess.run(["bash", "-n", "-c", block], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_machine_gets_the_packages_that_the_readme_names() -> None:
    assert readme.packages(README) == ["git", "make", "openssh-client", "python3-venv"]


def test_the_tests_of_the_economical_run_exist() -> None:
    assert [name for name in TESTS if not (CHECKOUT / name).exists()] == []

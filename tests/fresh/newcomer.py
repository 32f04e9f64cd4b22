# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types the README's commands on the fresh machine: `newcomer.py SOURCE [TEST...]`.

Starts in an empty home and clones SOURCE. Runs the tests named by TEST, or all. Uses only the
standard library.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fresh import readme

HOME = Path.home()
CLONE = HOME / "supply"
WORK = HOME / "work"
LOG = HOME / "log"
READY = "# Ctrl-C here ends it."
# What the simulator prints for users who installed Ansible and the collection themselves.
OWN = re.compile(
    r"^export (?:COMPUTE_DESK|ANSIBLE_SSH|ANSIBLE_PRIVATE|no_proxy)\w*=.*$", re.MULTILINE
)
MAIN_JOB = "compute_desk.supply.configure"
ACTIVATE = ". ~/compute-desk/bin/activate\n"


class Failed(Exception):
    """A command did not do what the README says."""


def main(source: str, tests: list[str]) -> int:
    """Return an exit code."""
    try:
        step("git clone", f"git clone --quiet {shlex.quote(source)} supply", HOME)
        everything((CLONE / "README.md").read_text(), tests)
    except Failed as exc:
        print(exc)
        return 1
    return 0


def everything(text: str, tests: list[str]) -> None:
    """Type the README's commands, those that need no account first; then look for leftovers."""
    install, see, job, role, inventory = readme.typed(text)
    WORK.mkdir()
    step("make demo", see, CLONE)
    test = "make test" + (f" TESTS={shlex.quote(' '.join(tests))}" if tests else "")
    step(test, test, CLONE)
    step("make docs", "make docs", CLONE)
    with simulator() as lines:
        step("make simulator, pasted into another terminal", lines, HOME)
        step(install.splitlines()[-1], install, CLONE)
        ours = "\n".join(OWN.findall(lines)) + "\n"
        step("the main job", _activated() + ours + job, WORK, shows="READY AFTER")
        step("the main job with a role", _activated() + ours + role, WORK, shows="hello : ")
        step("as an inventory", _activated() + ours + inventory, WORK, shows="SUCCESS")
        book = job.replace(MAIN_JOB, f"{CLONE}/examples/playbooks/own_play_after.yml")
        step("the example playbook", _activated() + ours + book, WORK, shows="TASK [Say hello]")
        mistyped = re.sub(r"\b(\w{8}-[\w-]+)\w\b", r"\1", job, count=1)
        wrong = step("a misspelled ID", _activated() + ours + mistyped, WORK, code=2)
        expect("is not the UUID of an offer" in wrong and "Traceback" not in wrong, wrong)
    look()


def _activated() -> str:
    """Return the line that activates the virtual environment, once it exists."""
    return ACTIVATE if (HOME / "compute-desk" / "bin" / "activate").exists() else ""


def step(title: str, script: str, folder: Path, *, code: int = 0, shows: str = "") -> str:
    """Run commands in a new shell and return their output. Raises Failed."""
    begun = time.monotonic()
    # Into a file, not a pipe: ssh keeps connections, and with them its output, open for a while.
    with LOG.open("w") as log:
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
    said = LOG.read_text(errors="replace")
    print(f"{time.monotonic() - begun:6.0f} s  {title}", flush=True)
    expect(done.returncode == code, f"{said}\n{title} ended with exit code {done.returncode}.")
    expect(shows in said, f"{said}\n{title} does not show {shows!r}.")
    return said


def expect(condition: bool, otherwise: str) -> None:
    """Raise Failed unless something is so."""
    if not condition:
        raise Failed(otherwise)


@contextmanager
def simulator() -> Iterator[str]:
    """Keep `make simulator` running; yield the lines it prints."""
    process = subprocess.Popen(
        ["make", "simulator"],
        cwd=CLONE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        lines = "".join(iter(process.stdout.readline, f"{READY}\n"))
        expect(bool(lines) and process.poll() is None, f"make simulator printed only:\n{lines}")
        yield lines
    finally:
        # Like Ctrl-C: make passes the signal on.
        process.terminate()
        process.communicate(timeout=60)


def look() -> None:
    """Look for leftovers."""
    step("make clean", "make clean", CLONE)
    status = step("git status", "git status --porcelain --ignored", CLONE)
    expect(not status, f"{status}The clone was changed.")
    # Control sockets, kept for a minute, are in the home.
    left = sorted(os.listdir("/tmp"))
    expect(not left, f"Left in /tmp: {', '.join(left)}")
    expect(not (HOME / ".ssh" / "known_hosts").exists(), "~/.ssh/known_hosts has simulated hosts.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

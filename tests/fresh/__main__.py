# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: `python -m fresh prepare | run`."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time

from machines import MachineError
from support.tree import CHECKOUT

from . import machine

# What other software than here makes a difference to: OpenSSH, Python, Ansible, and a user who may
# not do everything. `--full` runs all tests.
TESTS = [
    "tests/unit/simulator",
    "tests/unit/support",
    "tests/integration/test_configure.py",
    "tests/e2e/test_simulator.py",
]


def main() -> int:
    """Return the exit code: 0, 1 after an error, 2 if not root, 3 if not possible on this host."""
    parser = argparse.ArgumentParser(prog="python -m fresh", description=__doc__)
    parser.add_argument("command", choices=["prepare", "run"])
    parser.add_argument("--release", default="trixie", help="of Debian (trixie)")
    parser.add_argument("--full", action="store_true", help="run all tests there")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begun = time.monotonic()
    try:
        if options.command == "prepare":
            machine.prepare(options.release)
            return 0
        _warn()
        code = machine.type_there(options.release, [] if options.full else TESTS)
    except KeyboardInterrupt:
        print("\nInterrupted; everything is removed.", file=sys.stderr)
        return 130
    except MachineError as exc:
        print(f"fresh: {exc}.", file=sys.stderr)
        return exc.exit_code
    verdict = "holds" if code == 0 else "does not hold"
    seconds = time.monotonic() - begun
    print(f"The README {verdict} on a fresh Debian {options.release} ({seconds:.0f} s).")
    return 1 if code else 0


def _warn() -> None:
    status = ["git", "-C", str(CHECKOUT), "status", "--porcelain"]
    if subprocess.run(status, capture_output=True, check=False).stdout:
        print("What is not committed is left out.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: `python -m machines prepare | up | down`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys

from . import host
from .errors import MachineError
from .fleet import Machines, prepare
from .runs import sweep_all


def main(argv: list[str] | None = None) -> int:
    """Return the exit code: 0, 1 after an error, 2 if not root, 3 if not possible on this host."""
    options = _parser().parse_args(argv)
    # Treat SIGTERM like Ctrl-C, so that both run the same cleanup.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code: int = options.function(options)
    except KeyboardInterrupt:
        print("\nInterrupted; everything is removed.", file=sys.stderr)
        return 130
    except MachineError as exc:
        print(f"machines: {exc}.", file=sys.stderr)
        return exc.exit_code
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m machines", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("prepare", help="see whether machines are possible here")
    command.set_defaults(function=_prepare)
    command = commands.add_parser("up", help="start machines that stay")
    command.add_argument("--count", type=_count, default=1, help="how many (1)")
    command.add_argument("--whole", action="store_true", help="with systemd and cloud-init")
    command.set_defaults(function=_up)
    command = commands.add_parser("down", help="remove every trace of machines that nobody uses")
    command.add_argument("runs", type=int, nargs="*", metavar="RUN", help="only these (all)")
    command.set_defaults(function=_down)
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 200:
        raise argparse.ArgumentTypeError("must be from 1 to 200")
    return int(text)


def _prepare(_options: argparse.Namespace) -> int:
    prepare()
    return 0


def _up(options: argparse.Namespace) -> int:
    with Machines() as machines:
        start = machines.whole if options.whole else machines.light
        made = [start(f"m{number}") for number in range(1, options.count + 1)]
        for machine in made:
            machine.wait_for_sshd()
        inventory = machines.write_inventory()
        machines.keep()
    for machine in made:
        print(shlex.join(["ssh", *machine.ssh_options(), f"root@{machine.address}"]))
    print(f"\nAs an inventory: ansible -i {inventory} all -m ansible.builtin.ping")
    print("They stay until: make machines-down")
    return 0


def _down(options: argparse.Namespace) -> int:
    host.require_root()
    removed, in_use = sweep_all(options.runs)
    print(f"Removed {len(removed)} run{'s' * (len(removed) != 1)} of machines.")
    for number, process in in_use.items():
        print(f"Run {number} is left alone, as process {process} uses it.", file=sys.stderr)
    return 1 if in_use else 0


if __name__ == "__main__":
    sys.exit(main())

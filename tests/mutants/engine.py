# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of mutmut has no command: a process of its own, in the folder that mutmut runs in.

    python engine.py plant PROCESSES
    python engine.py try PROCESSES
    python engine.py diffs < names.json

`plant` and `try` are the halves of `mutmut run`: between them, what is to be tried can be chosen.
"""

from __future__ import annotations

import json
import signal
import sys

from mutmut import __main__ as mutmut
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.workers.isolation import ForkRunner


def plant(processes: int) -> None:
    """Write the mutants of every source file that has changed."""
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.create_mutants(processes)


def try_chosen(processes: int) -> None:
    """Run the tests, unless it is known which of them reach what, and then those of each mutant."""
    # mutmut would run all tests once more, to see that they pass and that they fail with an error
    # in every function. The first has just been seen, the second takes as long as many mutants.
    mutmut.run_forced_fail_test = lambda runner: None
    ForkRunner.run_clean_tests = lambda self, tests: 0
    mutmut._run((), processes)


def diffs(names: list[str]) -> dict[str, str]:
    """Return what each of these mutants changes."""
    return {
        name: mutmut.get_diff_for_mutant(name, path=path)
        for name, path in ((name, mutmut.find_mutant(name).path) for name in names)
    }


if __name__ == "__main__":
    # Whoever starts it in the background has this signal ignored, and could not interrupt it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    set_mutant_under_test("mutant_generation")
    if sys.argv[1] == "plant":
        plant(int(sys.argv[2]))
    elif sys.argv[1] == "try":
        try_chosen(int(sys.argv[2]))
    else:
        json.dump(diffs(json.load(sys.stdin)), sys.stdout)

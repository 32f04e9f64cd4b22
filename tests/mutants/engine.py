# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of mutmut has no command: a process of its own, in the folder that mutmut runs in.

    python engine.py plant PROCESSES
    python engine.py diffs < names.json

`plant` is the first half of `mutmut run`; what is to be tried can be chosen before the second.
"""

from __future__ import annotations

import json
import sys

from mutmut import __main__ as mutmut
from mutmut.mutation.trampoline import set_mutant_under_test


def plant(processes: int) -> None:
    """Write the mutants of every source file that has changed."""
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.create_mutants(processes)


def diffs(names: list[str]) -> dict[str, str]:
    """Return what each of these mutants changes."""
    _all, noted = mutmut.collect_source_file_mutation_data(mutant_names=())
    paths = {name: path for path, one in noted.items() for name in one.exit_code_by_key}
    return {name: mutmut.get_diff_for_mutant(name, path=paths[name]) for name in names}


if __name__ == "__main__":
    set_mutant_under_test("mutant_generation")
    if sys.argv[1] == "plant":
        plant(int(sys.argv[2]))
    else:
        json.dump(diffs(json.load(sys.stdin)), sys.stdout)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that every file of the checkout begins with the two lines that name its license.

Called in the root of the checkout. antsibull-nox has such a check, but it wants a folder LICENSES
and a copyright line in each file.
"""

from __future__ import annotations

import fnmatch
import itertools
import subprocess
import sys
from pathlib import Path

LINES = (
    "GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "SPDX-License-Identifier: GPL-3.0-or-later",
)
# The lines may stand behind a shebang, an encoding, `---`, or the opening of a comment.
WITHIN = 5
EXEMPT = (
    "LICENSE",
    ".gitignore",
    ".gitattributes",
    "*.md",  # read as pages, where two such lines would be the first that one sees
    "*.json",  # has no comments
    "*.svg",
    "*.png",
    "*.license",
    "CHANGELOG.rst",  # written by antsibull-changelog, like the next two
    "changelogs/changelog.yaml",
    "changelogs/fragments/*",
    "galaxy.yml",  # names the license itself
)


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    names = sorted(name for name in listed.stdout.split("\0") if name and Path(name).is_file())
    checked = 0
    bad = []
    for name in names:
        path = Path(name)
        if any(fnmatch.fnmatch(name, pattern) for pattern in EXEMPT) or not path.stat().st_size:
            continue
        beside = path.with_name(path.name + ".license")
        with (beside if beside.exists() else path).open(encoding="utf-8", errors="replace") as file:
            head = "".join(itertools.islice(file, WITHIN))
        checked += 1
        if not all(line in head for line in LINES):
            bad.append(name)
    for name in bad:
        print(f"{name}: does not begin with the two lines that name its license")
    print(f"{checked} files checked, {len(bad)} without their license")
    return 1 if bad or not checked else 0


if __name__ == "__main__":
    sys.exit(main())

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings the collection awx.awx into a folder: `python fetch.py FOLDER`; once, then it is there.

It is not on PyPI by itself, but in the package ansible, of which nothing else is kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# The newest that still has it. 14 does not.
PACKAGE = "ansible==13.*"
INSIDE = "ansible_collections/awx/"


def main() -> int:
    folder = Path(sys.argv[1])
    if (folder / INSIDE / "awx" / "MANIFEST.json").is_file():
        return 0
    print(f"Fetching {PACKAGE} for its collection awx.awx (50 MB, once) ...", file=sys.stderr)
    with tempfile.TemporaryDirectory() as temporary:
        # It wants Python 3.12, which does not matter for a look inside.
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
        options = ["--no-deps", "--only-binary=:all:", "--python-version=3.12", "--dest", temporary]
        if subprocess.run([*pip, *options, PACKAGE], check=False).returncode != 0:
            return 1
        (wheel,) = Path(temporary).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(INSIDE)]
            archive.extractall(folder, names)
    return 0


if __name__ == "__main__":
    sys.exit(main())

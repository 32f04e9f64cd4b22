# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Downloads the collection awx.awx into a folder, once: `python fetch.py FOLDER`.

PyPI has it only inside the package ansible; nothing else of that is kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# The last version that contains it.
PACKAGE = "ansible==13.8.0"
INSIDE = "ansible_collections/awx/"


def main() -> int:
    folder = Path(sys.argv[1])
    if (folder / INSIDE / "awx" / "MANIFEST.json").is_file():
        return 0
    print(f"Fetching {PACKAGE} for its collection awx.awx (50 MB, once) ...", file=sys.stderr)
    with tempfile.TemporaryDirectory() as temporary:
        # It requires Python 3.12, but we only unpack it.
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

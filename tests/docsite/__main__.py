# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m docsite site` builds the site; `pictures` records the demo and draws the pictures."""

from __future__ import annotations

import sys

from docsite import data_path, recording, site, terminal


def main(command: str) -> int:
    """Run a command and return an exit code."""
    if command == "site":
        return site.build()
    if command == "pictures":
        recording.record()
        for picture in (terminal, data_path):
            picture.FILE.write_text(picture.draw(), encoding="utf-8")
            print(f"Drew {picture.FILE}")
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))

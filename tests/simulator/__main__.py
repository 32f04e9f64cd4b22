# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entry of `python -m simulator`."""

from __future__ import annotations

import sys

try:
    from .cli import main
except ModuleNotFoundError as exc:
    print(
        f"simulator: the Python package {exc.name!r} is missing; "
        "pip install -r tests/e2e/requirements.txt",
        file=sys.stderr,
    )
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())

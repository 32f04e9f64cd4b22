# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sees whether the image can be built here: `python -m ee`."""

from __future__ import annotations

import sys

from machines import MachineError

from .base_image import ensure_base
from .podman import Podman


def main() -> int:
    """Return the exit code: 0, 1 after an error, 2 if not root, 3 if not possible on this host."""
    try:
        ensure_base(Podman())
    except MachineError as exc:
        print(f"ee: {exc}.", file=sys.stderr)
        return exc.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

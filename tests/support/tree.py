# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder shape that Ansible wants, made around a checkout of any name."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def collection_tree(parent: Path) -> Path:
    """Return a new collections path below ``parent`` in which this checkout is the collection."""
    namespace = parent / "collections" / "ansible_collections" / "compute_desk"
    namespace.mkdir(parents=True)
    (namespace / "supply").symlink_to(CHECKOUT, target_is_directory=True)
    return parent / "collections"

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the collection importable for unit tests, from a checkout of any name.

Also settles how many cases the property tests try.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import hypothesis

# Both are missing where a runner hides the controller's side from the tests of modules; it has
# made the collection importable by itself then.
try:
    from ansible.plugins.loader import init_plugin_loader
    from ansible.utils.collection_loader import AnsibleCollectionConfig
except ImportError:
    AnsibleCollectionConfig = None

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.tree import collection_tree

# The same cases in every run, so that a change never fails for a case that another one brought.
# FUZZ=5000 looks for new ones. The checkout stays clean.
FUZZ = os.environ.get("FUZZ")
hypothesis.settings.register_profile(
    "units",
    # A busy machine is no reason to fail.
    deadline=None,
    database=None,
    derandomize=not FUZZ,
    max_examples=int(FUZZ or 80),
    # Nor is one that is slow to make up cases.
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("units")

_tree: tempfile.TemporaryDirectory[str] | None = None


def pytest_configure() -> None:
    """Register the checkout as a collection, once for the whole run."""
    global _tree
    if AnsibleCollectionConfig is not None and not AnsibleCollectionConfig.collection_finder:
        _tree = tempfile.TemporaryDirectory(prefix="compute-desk-units-")
        init_plugin_loader([str(collection_tree(Path(_tree.name)))])


def pytest_unconfigure() -> None:
    """Remove what was made for the run."""
    if _tree is not None:
        _tree.cleanup()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation site from docs/docsite, the plugins and the roles. Needs no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.tree import CHECKOUT, collection_tree

from docsite import labels, links

NAME = "compute_desk.supply"
BUILD = CHECKOUT / "docs" / "build"
IMAGES = CHECKOUT / "docs" / "docsite" / "rst" / "images"
TITLE = "Compute Desk Supply for Ansible"
# Behind what antsibull-docs writes. Its own list of other sites needs the network.
SETTINGS = f"""
intersphinx_mapping = {{'ansible': ('{labels.SITE}', 'ansible.inv')}}
"""


def build() -> int:
    """Build the site and check its links; return an exit code."""
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            write_pages(collection_tree(Path(folder)))
        run("sphinx-build", "-M", "html", "rst", ".", "-c", ".", "-q", "-W", "--keep-going")
    except subprocess.CalledProcessError as exc:
        print(f"{exc.cmd[0]} failed, see above.")
        return 1
    dead = links.dead(BUILD / "html", CHECKOUT)
    print("".join(f"{line}\n" for line in dead), end="")
    if not dead:
        print(f"The site is at {(BUILD / 'html' / 'index.html').as_uri()}")
    return 1 if dead else 0


def write_pages(collections: Path) -> None:
    """Write what Sphinx reads: a page for each plugin, role and guide, settings and pictures."""
    new = ["--use-current", "--squash-hierarchy", "--fail-on-error"]
    titles = ["--project", TITLE, "--title", TITLE, "--html-short-title", TITLE]
    titles += ["--copyright", "Compute Desk collection maintainers"]
    antsibull = {"ANSIBLE_COLLECTIONS_PATH": str(collections)}
    # It says how to go on by hand.
    run(
        *("antsibull-docs", "sphinx-init", *new, *titles, "--dest-dir", ".", NAME),
        quiet=True,
        **antsibull,
    )
    # Where other users may write, antsibull-docs does not.
    (BUILD / "rst").chmod(0o755)
    run(
        *("antsibull-docs", "--config-file", "antsibull-docs.cfg", "collection"),
        *("--cleanup", "everything", *new, "--dest-dir", "rst", NAME),
        **antsibull,
    )
    # antsibull-docs leaves pictures behind.
    shutil.copytree(IMAGES, BUILD / "rst" / "docsite" / "images")
    (BUILD / "rst" / "ansible.inv").write_bytes(labels.inventory())
    with (BUILD / "conf.py").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS)


def run(*command: str, quiet: bool = False, **environment: str) -> None:
    """Run a command in the folder of the site. Raises CalledProcessError."""
    said = subprocess.DEVNULL if quiet else None
    known = {**os.environ, **environment}
    subprocess.run(command, cwd=BUILD, env=known, stdout=said, check=True)

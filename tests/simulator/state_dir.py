# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of one run: the client's key pair, and what belongs to each instance."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import asyncssh

from .errors import UsageError

_SAFE = re.compile(r"[A-Za-z0-9/_.+-]+")


def make_state_dir(wanted: str | None) -> tuple[Path, bool]:
    """A folder for this run alone, and whether to remove it at the end."""
    if wanted is None:
        folder = Path(tempfile.mkdtemp(prefix="compute-desk-")).resolve()
    else:
        folder = Path(wanted).absolute()
        _claim(folder)
    if not _SAFE.fullmatch(str(folder)):
        # It becomes `~` in shell commands, inside any quotes that a client may have put there.
        raise UsageError(
            f"the state directory {folder} may have only letters, digits and /_.+- in its path"
        )
    return folder, wanted is None


def _claim(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(
                f"the state directory {folder} is not empty; give a new or an empty one"
            )
    except OSError as exc:
        raise UsageError(f"cannot use the state directory {folder}: {exc.strerror}") from exc


def make_client_key(folder: Path) -> tuple[Path, asyncssh.SSHKey]:
    """The pair that opens the instances; returns the file of the private key, and the key."""
    key = asyncssh.generate_private_key("ssh-ed25519", comment="compute-desk-simulator")
    path = folder / "id_ed25519"
    write_private_key(key, path)
    key.write_public_key(str(path) + ".pub")
    return path, key


def write_private_key(key: asyncssh.SSHKey, path: Path) -> None:
    """Write it so that nobody else can ever read it; ssh refuses other modes."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.export_private_key())

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of the records: the names of their files, and which belong to a machine."""

from __future__ import annotations

import hashlib
import os
import re
import typing as t
from pathlib import Path

from .files import create, shown
from .record import BadRecord, as_text, read_record, state_of
from .values import Mapping

_MOST_BYTES = 4 * 1024 * 1024
_AT_ONCE = 100
_NAME = re.compile(
    r"([0-9]{8}T[0-9]{6}Z)(?:-([0-9]{1,3}))?_[A-Za-z0-9.-]{0,40}_([0-9a-f]{12})\.json"
)


class Records:
    """The records in a folder.

    A file is called ``20261126T101229Z_node-1_4f9d2c1e8a37.json``: the time, the name of the host
    as far as it is harmless, and a digest of the whole name.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    @property
    def exist(self) -> bool:
        """Whether there is such a folder."""
        # Unlike that of a Path, this says no to what cannot be a path.
        return os.path.isdir(self._folder)

    def keep(self, record: Mapping, dry: bool = False) -> tuple[str, bool]:
        """Keep a record, and return the path of its file, and whether that is new.

        If the newest record of this machine says the same, that one is kept instead. With ``dry``,
        nothing is written. Raises OSError.
        """
        paths = self._paths(record["host"])
        newest = self._readable(paths[-1]) if paths else None
        if newest and state_of(newest) == state_of(record):
            return str(paths[-1]), False
        names = _names(record)
        if dry:
            return str(self._folder / names[0]), True
        return str(create(self._folder, names, as_text(record))), True

    def first_of(self, host: str, instance_id: str | None) -> tuple[Path, dict[str, t.Any]] | None:
        """Return the oldest record of a machine, which is that of its handover; None if none is.

        A host whose instance is known is compared with no other instance that has had its name.
        Raises BadRecord, which names the file.
        """
        for path in self._paths(host):
            try:
                record = read_record(self._content(path))
            except BadRecord as exc:
                raise BadRecord(f"{shown(path)} cannot be used: {exc}") from None
            known = record.get("instance_id")
            if record["host"] == host and not (known and instance_id and known != instance_id):
                return path, record
        return None

    def _paths(self, host: str) -> list[Path]:
        """Return the files that have the digest of this host in their names, in order of time."""
        found = []
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        for name in names:
            match = _NAME.fullmatch(name)
            if match and match[3] == _digest(host):
                found.append((match[1], int(match[2] or 1), name))
        return [self._folder / name for _time, _number, name in sorted(found)]

    def _readable(self, path: Path) -> dict[str, t.Any] | None:
        try:
            return read_record(self._content(path))
        except BadRecord:
            return None

    @staticmethod
    def _content(path: Path) -> str:
        try:
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                raise BadRecord("it is too large")
            return content.decode("utf-8")
        except OSError as exc:
            raise BadRecord(f"it cannot be read: {exc.strerror or exc}") from None
        except UnicodeDecodeError:
            raise BadRecord("it is not JSON") from None


def _digest(host: str) -> str:
    return hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _names(record: Mapping) -> list[str]:
    """Return names for the file of a record, for where the first ones are taken."""
    host = str(record["host"])
    when = re.sub("[-:]", "", str(record["time"]))
    harmless = re.sub(r"[^A-Za-z0-9.-]+", "-", host)[:40]
    end = f"_{harmless}_{_digest(host)}.json"
    return [when + (f"-{number}" if number > 1 else "") + end for number in range(1, _AT_ONCE)]

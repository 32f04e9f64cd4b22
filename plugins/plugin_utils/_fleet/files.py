# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller: readable only by their owner, and never half of one."""

from __future__ import annotations

import contextlib
import os
import tempfile
import typing as t
from pathlib import Path

from ...module_utils._options import OptionError
from ...module_utils._text import printable, quoted

_PATH_LENGTH = 200


def check_file(option: str, path: str) -> None:
    """Refuse the path of a file that cannot be written. Raises OptionError."""
    file = Path(path)
    with usable(option, path):
        if file.is_dir():
            raise OptionError(option, f"{shown(path)} is a folder; name a file")
        _check_writable(option, file.parent)


def check_folder(option: str, path: str) -> None:
    """Refuse the path of a folder in which no file can be made. Raises OptionError."""
    folder = Path(path)
    with usable(option, path):
        if folder.exists() and not folder.is_dir():
            raise OptionError(option, f"{shown(path)} is a file; name a folder")
        # One that is not there yet is made, but not those above it: that would be a typing error.
        _check_writable(option, folder if folder.exists() else folder.absolute().parent)


@contextlib.contextmanager
def usable(option: str, path: str, problem: str = "cannot be used") -> t.Iterator[None]:
    """Make an OptionError of what the system says against a path."""
    try:
        # To a Path, what cannot be one is what is not there; which, depends on the Python.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.stat(path)
        yield
    except OSError as exc:
        raise OptionError(option, f"{shown(path)} {problem}: {exc.strerror or exc}") from None
    except ValueError as exc:
        if isinstance(exc, OptionError):
            raise
        said = f"{shown(path)} {problem}: it has a character that no path can have"
        raise OptionError(option, said) from None


def replace(path: str, content: str) -> None:
    """Write a file, in one step in place of the one before. Raises OSError."""
    temporary = _written(Path(path).parent, content)
    try:
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def create(folder: Path, names: list[str], content: str) -> Path:
    """Write a new file under the first of these names that is free. Raises OSError.

    It never takes the place of another, also if two processes write at the same time.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    temporary = _written(folder, content)
    try:
        for name in names:
            if _linked(temporary, folder / name, content):
                return folder / name
    finally:
        os.unlink(temporary)
    raise FileExistsError(f"{names[0]} and {len(names) - 1} more names are taken")


def shown(path: str | Path) -> str:
    """Return a path for a sentence."""
    return printable(str(path), _PATH_LENGTH)


def _check_writable(option: str, folder: Path) -> None:
    if not folder.is_dir():
        raise OptionError(option, f"there is no folder {quoted(str(folder), _PATH_LENGTH)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        problem = f"you may not write in the folder {quoted(str(folder), _PATH_LENGTH)}"
        raise OptionError(option, problem)


def _linked(temporary: str, path: Path, content: str) -> bool:
    """Give a file a second name; return whether that was free. Raises OSError."""
    try:
        # Unlike rename, this fails where there is something already.
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:
        # Not every file system has hard links.
        return _made(path, content)
    return True


def _made(path: Path, content: str) -> bool:
    """Write a file that is not there yet, and return whether that was so. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return False
    _fill(descriptor, path, content)
    return True


def _written(folder: Path, content: str) -> str:
    """Return the name of a new file with this content, of mode 0600, that is on the disk."""
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".gpu-", suffix=".part")
    _fill(descriptor, name, content)
    return name


def _fill(descriptor: int, name: str | Path, content: str) -> None:
    """Write a new file to the disk; if that fails, it is removed again. Raises OSError."""
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        os.unlink(name)
        raise

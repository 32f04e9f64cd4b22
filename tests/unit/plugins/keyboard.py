# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody who types while a program runs."""

from __future__ import annotations

import contextlib
import os
import typing as t


@contextlib.contextmanager
def typed(text: bytes) -> t.Iterator[None]:
    """Have this text, and then nothing more, on the standard input of programs."""
    reader, writer = os.pipe()
    os.write(writer, text)
    os.close(writer)
    stdin = os.dup(0)
    os.dup2(reader, 0)
    os.close(reader)
    try:
        yield
    finally:
        os.dup2(stdin, 0)
        os.close(stdin)

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How AWX says no."""

from __future__ import annotations

import typing as t


class Refusal(Exception):
    """An answer with an error: its status code and its body."""

    def __init__(self, status: int, body: dict[str, t.Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def invalid(field: str, text: str) -> Refusal:
    """Return the answer for a field with a wrong value; ``__all__`` are several fields."""
    return Refusal(400, {field: [text]})


def not_found() -> Refusal:
    """Return the answer for an object that does not exist."""
    return Refusal(404, {"detail": "Not found."})

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain requests to the stand-in."""

from __future__ import annotations

import typing as t
from types import TracebackType

import requests

from .standin import StandIn

# Status code and body; a body is a dictionary, or empty.
Answer = tuple[int, t.Any]


class Client:
    """Asks as somebody with a token; a context manager."""

    def __init__(self, awx: StandIn, **env: str) -> None:
        variables = awx.env(**env)
        self._address = variables["CONTROLLER_HOST"]
        self._session = requests.Session()
        self._session.trust_env = False
        token = variables["CONTROLLER_OAUTH_TOKEN"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._session.close()

    def ask(self, method: str, path: str, data: t.Any = None) -> Answer:
        """Send a request; a path without a slash in front is below /api/v2/."""
        url = self._address + (path if path.startswith("/") else f"/api/v2/{path}")
        answer = self._session.request(method, url, json=data, timeout=10)
        assert answer.status_code != 500, f"{method} {path}: {answer.text}"
        return answer.status_code, answer.json() if answer.content else {}

    def get(self, path: str) -> t.Any:
        """Return what there is, which has to exist."""
        status, body = self.ask("GET", path)
        assert status == 200, body
        return body

    def post(self, path: str, /, **data: t.Any) -> Answer:
        """Post these fields."""
        return self.ask("POST", path, data)

    def patch(self, path: str, /, **data: t.Any) -> Answer:
        """Change these fields."""
        return self.ask("PATCH", path, data)

    def delete(self, path: str) -> Answer:
        """Remove an object."""
        return self.ask("DELETE", path)

    def made(self, kind: str, /, **data: t.Any) -> t.Any:
        """Post an object that is accepted, and return it."""
        status, body = self.post(f"{kind}/", **data)
        assert status == 201, body
        return body

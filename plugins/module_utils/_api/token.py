# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API token: where it comes from, and how it is kept out of every text."""

from __future__ import annotations

import re
import threading
import typing as t

from .._options import OptionError, full_path
from .._text import quoted

MAX_TOKEN_BYTES = 65536

_SHORTEST_SECRET = 8


class TokenSource:
    """The API token, from a value or from a file. Never shows it.

    A file may be rewritten while a wait goes on; ``renew`` reads it again. Safe to use from several
    threads.
    """

    def __init__(self, token: str | None = None, path: str | None = None, name: str = "") -> None:
        self._path = path
        self._name = name or ("api_token" if path is None else "api_token_file")
        self._lock = threading.Lock()
        self._token = self._read() if path is not None else _checked_token(token or "", self._name)
        self._seen = {self._token}
        self._pattern = _pattern(self._seen)

    def __repr__(self) -> str:
        return f"TokenSource(from {self._name})"

    def current(self) -> str:
        """Return the token to send."""
        with self._lock:
            return self._token

    def renew(self, rejected: str) -> bool:
        """Look for a newer token than the ``rejected`` one; return whether there is one."""
        with self._lock:
            if self._token == rejected and self._path is not None:
                try:
                    self._token = self._read()
                except OptionError:
                    # A file that is just being replaced: the old token stays, and stays rejected.
                    return False
                self._seen.add(self._token)
                self._pattern = _pattern(self._seen)
            return self._token != rejected

    def redact(self, text: str) -> str:
        """Return ``text`` with stars for every token that was ever given out, escaped or not."""
        with self._lock:
            return self._pattern.sub("********", text)

    def redact_all(self, value: t.Any) -> t.Any:
        """Return plain data with every string in it redacted, but no key."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return {key: self.redact_all(entry) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.redact_all(entry) for entry in value]
        return value

    @property
    def is_part_of_words(self) -> bool:
        """Whether a token is so short that words such as ``ready`` may hold it by chance."""
        with self._lock:
            return min(map(len, self._seen)) < _SHORTEST_SECRET

    def _read(self) -> str:
        path = full_path(self._path or "")
        try:
            with open(path, "rb") as stream:
                content = stream.read(MAX_TOKEN_BYTES + 1)
        except OSError as exc:
            raise OptionError(
                self._name, f"cannot read {quoted(path, 200)}: {exc.strerror}"
            ) from None
        except ValueError:
            raise OptionError(self._name, f"{quoted(path, 200)} is not a file name") from None
        if len(content) > MAX_TOKEN_BYTES:
            raise OptionError(self._name, f"{quoted(path, 200)} is too large to be a token")
        return _checked_token(content.decode("utf-8-sig", "replace"), self._name)


def _checked_token(raw: str, name: str) -> str:
    token = raw.strip()
    if not token:
        raise OptionError(name, "the token is empty")
    # It becomes an HTTP header: a line break in it would start another one.
    if any(not "!" <= c <= "~" for c in token):
        raise OptionError(name, "the token has a space, a line break or a character beyond ASCII")
    return token


def _pattern(tokens: t.Iterable[str]) -> t.Pattern[str]:
    """Return a pattern for these tokens, also as a string within JSON shows them."""
    # The longest first: one token may begin like another.
    longest_first = sorted(tokens, key=len, reverse=True)
    return re.compile("|".join("".join(map(_spellings, token)) for token in longest_first))


def _spellings(character: str) -> str:
    if character.isalnum():
        return character
    # Bounded, so that a text of nothing but backslashes does not take for ever.
    return rf"(?:\\{{0,8}}{re.escape(character)}|\\{{1,8}}u00(?i:{ord(character):x}))"

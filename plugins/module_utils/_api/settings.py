# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection options, checked: where the API is, which token, which certificates, how patient.

>>> settings = Settings.from_options({"api_token_file": "~/.compute-desk-token"})
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import typing as t
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .._options import OptionError, checked_number, full_path
from .._text import quoted
from .token import TokenSource

DEFAULT_API_URL = "https://supply-api.compute-desk.com"
"""The base URL in the vendor's current documentation (page "Get offer status")."""

DEFAULTS: dict[str, t.Any] = {
    "api_url": DEFAULT_API_URL,
    "validate_certs": True,
    "request_timeout": 30.0,
    "concurrency": 8,
}

CONNECTION_OPTIONS = ("api_token", "api_token_file", "ca_path", *DEFAULTS)
"""The options that ``Settings.from_options`` looks at."""

MAX_CONCURRENCY = 64

# HOST, or [IPv6], with or without a port; nothing that could be read in two ways.
_SERVER = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)

_TRUE = ("1", "true", "yes", "on", "y", "t")
_FALSE = ("0", "false", "no", "off", "n", "f")


def variable_of(option: str) -> str:
    """Return the environment variable that stands in for an option."""
    return "COMPUTE_DESK_" + option.upper()


@dataclass(frozen=True)
class Settings:
    """How to reach the API. Made by ``from_options``; every value is checked."""

    token: TokenSource = field(repr=False)
    api_url: str
    """Without a slash at the end."""
    verify: bool | str
    """What requests takes as ``verify``: false, true, or the path of a bundle or folder."""
    request_timeout: float
    """Seconds for one request, from connecting to the last byte."""
    concurrency: int
    """Requests at once."""

    @classmethod
    def from_options(
        cls, options: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None
    ) -> Settings:
        """Return the settings that ``options`` give, completed from the environment, then defaults.

        An option that is absent or null counts as not given, an empty variable as not set.
        Raises OptionError, naming the option, for every value that cannot be used.
        """
        env = os.environ if environ is None else environ
        values = {name: _given(name, options, env) for name in (*DEFAULTS, "ca_path")}
        return cls(
            token=_token_source(options, env),
            api_url=_checked_url(values["api_url"]),
            verify=_verify(values["validate_certs"], values["ca_path"]),
            request_timeout=checked_number("request_timeout", values["request_timeout"], above=0),
            concurrency=_checked_concurrency(values["concurrency"]),
        )


def is_loopback(host: str) -> bool:
    """Return whether a host of a URL is this machine itself, by name or address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _given(name: str, options: t.Mapping[str, t.Any], env: t.Mapping[str, str]) -> t.Any:
    value = options.get(name)
    if value is None:
        value = env.get(variable_of(name)) or DEFAULTS.get(name)
    return value


def _token_source(options: t.Mapping[str, t.Any], env: t.Mapping[str, str]) -> TokenSource:
    # An option beats the environment as a pair: a token file in the task is not in conflict with
    # a token that happens to be exported.
    for origin, names in (
        (options, {"api_token": "api_token", "api_token_file": "api_token_file"}),
        (env, {name: variable_of(name) for name in ("api_token", "api_token_file")}),
    ):
        token = origin.get(names["api_token"])
        path = origin.get(names["api_token_file"])
        if origin is env:
            token, path = token or None, path or None
        if token is not None and path is not None:
            raise OptionError(
                names["api_token"], f"give only one of it and {names['api_token_file']}"
            )
        if path is not None:
            return TokenSource(path=str(path), name=names["api_token_file"])
        if token is not None:
            return TokenSource(token=str(token), name=names["api_token"])
    raise OptionError(
        "api_token",
        f"no API token. Set the environment variable {variable_of('api_token')} or "
        f"{variable_of('api_token_file')} where this runs, or the option api_token or "
        "api_token_file",
    )


def _checked_url(value: t.Any) -> str:
    url = str(value).strip()
    shown = quoted(url.rpartition("@")[2], 200)
    try:
        parts = urlsplit(url)
        # The port is of no use here, but asking for one that is none raises ValueError.
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise OptionError("api_url", f"{shown} is not a URL") from None
    if "@" in parts.netloc:
        raise OptionError("api_url", "must not hold a user or password; use api_token")
    if "?" in url or "#" in url:
        raise OptionError("api_url", f"{shown} must end before '?' and '#'")
    if parts.scheme not in ("http", "https") or not _SERVER.fullmatch(parts.netloc):
        raise OptionError("api_url", f"{shown} is not an http or https URL")
    # Libraries disagree on what a backslash is, and so on which host gets the token.
    if any(c == "\\" or not "!" <= c <= "~" for c in url):
        raise OptionError("api_url", f"{shown} has a character that a URL cannot have")
    if parts.scheme == "http" and not is_loopback(host):
        raise OptionError(
            "api_url",
            f"{shown} is plain http, which would send the token unencrypted. "
            "Use https; http is allowed for a loopback address only",
        )
    return url.rstrip("/")


def _checked_concurrency(value: t.Any) -> int:
    try:
        number = int(value if isinstance(value, int) else str(value))
    except ValueError:
        raise OptionError("concurrency", f"{quoted(str(value))} is not a whole number") from None
    if not 1 <= number <= MAX_CONCURRENCY:
        raise OptionError("concurrency", f"must be from 1 to {MAX_CONCURRENCY}")
    return number


def _checked_bool(option: str, value: t.Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise OptionError(option, f"{quoted(str(value))} is not a boolean")


def _verify(validate_certs: t.Any, ca_path: t.Any) -> bool | str:
    """Return requests' ``verify``. Without ca_path the system's authorities count."""
    if not _checked_bool("validate_certs", validate_certs):
        return False
    if ca_path is not None:
        path = full_path(str(ca_path))
        if not os.path.exists(path):
            raise OptionError("ca_path", f"{quoted(path, 200)} does not exist")
        return path
    if os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"):
        return True
    system = ssl.get_default_verify_paths()
    if system.cafile:
        return system.cafile
    if system.capath and os.access(system.capath, os.R_OK) and os.listdir(system.capath):
        return system.capath
    return True

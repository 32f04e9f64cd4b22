# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How this machine's pip reaches its packages, for those who fetch packages in its place.

A network whose TLS is opened by a proxy, or a company's own index, is often known to pip alone: by
its files of settings, which nobody else reads.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import typing as t

# Settings of which several may be given, by spaces or line ends.
_LISTS = ("constraint", "extra-index-url", "find-links", "trusted-host")
# What concerns the way to the packages, and not what is done with them.
_WAY = (*_LISTS, "cert", "index-url", "proxy", "timeout", "default-timeout")


def read() -> dict[str, str]:
    """Return the settings, by pip's names for them. What the environment says counts most."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = dict(line.split("=", 1) for line in listed.stdout.splitlines() if "=" in line)
    settings: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for name in _WAY:
            if value := found.get(f"{section}.{name}"):
                settings[name] = " ".join(str(ast.literal_eval(value)).split())
    return settings


def for_pip(settings: t.Mapping[str, str]) -> str:
    """Return them as a file of settings."""
    lines = [f"{name} = {' '.join(value.split())}\n" for name, value in settings.items()]
    return "[global]\n" + "".join(lines)


def for_uv(settings: t.Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which uv does the same."""
    variables = {
        "SSL_CERT_FILE": settings.get("cert"),
        "UV_DEFAULT_INDEX": settings.get("index-url"),
        "UV_INDEX": settings.get("extra-index-url"),
        "UV_FIND_LINKS": settings.get("find-links", "").replace(" ", ","),
        "UV_INSECURE_HOST": settings.get("trusted-host"),
        "UV_HTTP_TIMEOUT": settings.get("timeout") or settings.get("default-timeout"),
        "HTTPS_PROXY": settings.get("proxy"),
        "HTTP_PROXY": settings.get("proxy"),
        # pip takes the best version of all indexes, uv what the first one has.
        "UV_INDEX_STRATEGY": "unsafe-best-match" if "extra-index-url" in settings else None,
    }
    return {name: value for name, value in variables.items() if value}


def local_paths(settings: t.Mapping[str, str]) -> list[str]:
    """Return the files and folders of this machine that they lead to."""
    paths = []
    for name in (*_LISTS, "cert", "index-url"):
        for word in settings.get(name, "").split():
            path = word.removeprefix("file://")
            # The pages of an index link to packages that lie beside it as a rule.
            paths.append(os.path.dirname(path) if name.endswith("index-url") else path)
    return [path for path in paths if path.startswith("/") and path != "/" and os.path.exists(path)]


if __name__ == "__main__":
    print(for_pip(read()), end="")

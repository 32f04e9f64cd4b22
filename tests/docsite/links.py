# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds links of the built site that lead nowhere."""

from __future__ import annotations

import re
import typing as t
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

REPOSITORY = "https://github.com/compute-desk/ansible-collection-supply"
FILES = re.compile(re.escape(REPOSITORY) + r"/(?:blob|tree|edit|raw)/main/([^?#]+)")
RAW = re.compile(
    r"https://raw\.githubusercontent\.com/compute-desk/ansible-collection-supply/main/(.+)"
)
# Nobody is asked whether the rest is there: the site is built without a network.
SOUND = re.compile(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?([/?#]\S*)?|mailto:\S+@\S+")


class Page(HTMLParser):
    """What a page links to, and which of its places can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag."""
        for name, value in attrs:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value or "")
            if (tag, name) in (("a", "href"), ("img", "src"), ("object", "data")):
                self.links.append(value or "")


def dead(site: Path, checkout: Path) -> list[str]:
    """Return a line for each link of the pages in ``site`` that leads nowhere."""
    files = sorted(site.resolve().rglob("*.html"))
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in files}
    return [
        f"{path.name}: {link}: {reason}"
        for path, page in pages.items()
        for link in dict.fromkeys(page.links)
        if (reason := _why_dead(link, path, pages, checkout))
    ]


def _why_dead_outside(link: str, checkout: Path) -> str:
    """Return what is wrong with a link to another site; nothing if all is well."""
    if match := FILES.match(link) or RAW.match(link):
        name = urllib.parse.unquote(match[1])
        return "" if (checkout / name).exists() else "there is no such file in the repository"
    return "" if SOUND.fullmatch(link) else "this is no address"


def _why_dead(link: str, path: Path, pages: t.Mapping[Path, Page], checkout: Path) -> str:
    if re.match(r"[a-z]+:", link):
        return _why_dead_outside(link, checkout)
    file, _hash, anchor = link.partition("#")
    target = (path.parent / urllib.parse.unquote(file)).resolve() if file else path
    if not target.exists():
        return "there is no such file"
    if target in pages and urllib.parse.unquote(anchor) not in pages[target].anchors:
        return "there is no such place on that page"
    return ""

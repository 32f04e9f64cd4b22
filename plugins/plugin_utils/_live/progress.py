# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress: shows a wait for offers, line by line, and at intervals that it goes on."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from ...module_utils._offers.news import News
from ...module_utils._offers.watch import Watch
from .offer_lines import Line, change_lines, heartbeat_line
from .screen import Heartbeat, show


@dataclass
class Progress:
    """The lines of one wait. Use it as ``on_news``, within ``heartbeat()``."""

    host: str
    wait_timeout: float
    interval: float = 60.0
    min_instances: int | None = None
    hides_offers: bool = False
    """Whether to show only that the wait goes on (``no_log``)."""
    began: float = field(default_factory=time.monotonic)
    _watches: t.Sequence[Watch] = ()

    def __call__(self, news: News) -> None:
        """Show a line for every offer that has changed."""
        if self.hides_offers:
            return
        self._watches = news.watches
        for line in change_lines(news, self.wait_timeout):
            self._show(line)

    def heartbeat(self) -> Heartbeat:
        """Return a context in which a line comes at every interval."""
        return Heartbeat(self.beat, max(1.0, self.interval))

    def beat(self) -> None:
        """Show that the wait goes on."""
        elapsed = time.monotonic() - self.began
        self._show(heartbeat_line(self._watches, self.min_instances, elapsed, self.wait_timeout))

    def _show(self, line: Line) -> None:
        show(self.host, line.text, line.level)

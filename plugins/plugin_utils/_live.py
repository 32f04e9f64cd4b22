# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What action plugins print while a task goes on, and when.

Private to this collection.
"""

from __future__ import annotations

import threading
import typing as t

from ansible import constants as C
from ansible.utils.display import Display

display = Display()

_COLORS = {"good": "COLOR_OK", "bad": "COLOR_ERROR", "odd": "COLOR_WARN"}


def show(host: str, text: str, mood: str = "plain") -> None:
    """Print a line about a host that is waited for; ``mood`` is that of a line of progress."""
    # A callback that writes JSON to stdout has to stay JSON.
    to_stderr = C.config.get_config_value("DEFAULT_STDOUT_CALLBACK").endswith(("json", "jsonl"))
    color = _COLORS.get(mood)
    display.display(
        f"WAITING: [{host}]: {text}",
        color=C.config.get_config_value(color) if color else None,
        stderr=to_stderr,
    )


class Heartbeat:
    """Calls a function in a thread, each time that so many seconds have passed."""

    def __init__(self, beat: t.Callable[[], None], interval: float) -> None:
        self._beat = beat
        self._interval = interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._interval):
            self._beat()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What action plugins print while a task goes on, and when."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
import typing as t

from ansible import constants as C
from ansible.utils.display import Display

from .terminal import kept

display = Display()

_COLORS = {"good": "COLOR_OK", "bad": "COLOR_ERROR", "warning": "COLOR_WARN"}


# Found when this is imported: Ansible does that in its main process, and the processes of tasks,
# which it forks from there, have no stderr of their own.
_STDERR, _ON_TERMINAL = kept(2)


def show(host: str, text: str, level: str = "plain", label: str = "WAITING") -> None:
    """Print a line about a host, that it is waited for unless the label says something else.

    ``level`` is ``good``, ``bad``, ``warning`` or ``plain``.

    To stderr, because nobody flushes stdout: through a pipe or into a file, all lines would come
    when the wait is over. Where they are kept they say when they came.
    """
    _print(f"{label}: [{host}]: {text}", level)


def note(text: str) -> None:
    """Print a line for the user that is about the whole run."""
    _print(f"NOTE: {text}", "plain")


def _print(line: str, level: str) -> None:
    if not _is_read():
        return
    forced = C.config.get_config_value("ANSIBLE_FORCE_COLOR")
    color = _COLORS.get(level) if _ON_TERMINAL or forced else None
    with _uninterrupted():
        display.display(
            line if _ON_TERMINAL else f"{time.strftime('%H:%M:%S')} {line}",
            color=C.config.get_config_value(color) if color else None,
            stderr=True,
        )


@contextlib.contextmanager
def _uninterrupted() -> t.Iterator[None]:
    """Put off Ctrl-C: a line goes through a lock that Ansible's main process needs to end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _is_read() -> bool:
    """Return whether somebody can read stderr.

    Nobody can after ``2>&1 | head``, or when a terminal is gone. A line would then end the thread
    in which Ansible takes in results, and it would wait for them for ever.
    """
    if _STDERR is None:
        return False
    poll = select.poll()
    poll.register(_STDERR, 0)
    return not poll.poll(0)


class Heartbeat:
    """Calls a function in a thread, each time that so many seconds have passed.

    Ends the process when Ansible's main process is gone, as nobody else does if it was killed.
    """

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
        # A signal that this thread takes, Ctrl-C say, would not wake the one that works.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        parent = os.getppid()
        while not self._over.wait(self._interval):
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
            self._beat()

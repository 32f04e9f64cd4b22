# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of a machine that wants to be slow to judge, and what shows that it is not."""

from __future__ import annotations

import contextlib
import signal
import time
import typing as t

from hypothesis import strategies as st

from .helpers import ANY_TEXT

LONGEST = 600_000

_TIMES = (1, 2, 30, 5_000, 100_000)


def long_texts(pieces: t.Sequence[str]) -> st.SearchStrategy[str]:
    """Return texts of such pieces, and of anything, one after the other; some very often."""
    piece = st.sampled_from(pieces) | ANY_TEXT
    run = st.tuples(piece, st.sampled_from(_TIMES)).map(lambda pair: repeated(pair[0], pair[1]))
    return st.lists(run, max_size=5).map(lambda runs: "".join(runs)[:LONGEST])


def repeated(piece: str, times: int) -> str:
    """Return a piece so many times, but not without end."""
    return piece * min(times, LONGEST // max(1, len(piece)))


@contextlib.contextmanager
def alarm(seconds: float = 20) -> t.Iterator[None]:
    """End what takes for ever. Linear work on any text of these tests takes well under a second."""

    def end(_number: int, _frame: t.Any) -> t.NoReturn:
        raise AssertionError(f"it was not done after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_linear(work: t.Callable[[str], object], make: t.Callable[[int], str], size: int) -> bool:
    """Return whether ``work`` takes about eight times as long on a text that is as much longer.

    Quadratic work takes 64 times as long. A busy machine gets more than one chance.
    """
    small, large = make(size), make(8 * size)
    return any(least_time(work, large, 3) < 30 * least_time(work, small, 9) for _try in range(3))


def least_time(work: t.Callable[[str], object], text: str, rounds: int = 5) -> float:
    """Return the processor time of the fastest round."""
    times = []
    for _round in range(rounds):
        begin = time.process_time()
        work(text)
        times.append(time.process_time() - begin)
    # A clock may be too coarse for the smallest of texts.
    return max(min(times), 20e-6)

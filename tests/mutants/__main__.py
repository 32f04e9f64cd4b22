# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: `python -m mutants [ROOM...] [--sample 20%] [--show WHAT]`; see README.md."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from support.tree import CHECKOUT

from . import survivors, table
from .results import BAD, Mutant, choose, mutants_of
from .tree import Tree

STATE = CHECKOUT / ".mutants"
ENGINE = Path(__file__).with_name("engine.py")
# Percent of the mutants reached by tests that these have to find, whatever the survivors' reasons.
GOAL = 85.0


class Failure(Exception):
    """The run cannot go on; with a sentence for people."""


def main(argv: list[str] | None = None) -> int:
    """Return the exit code: 0 if enough mutants were found."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help="such as _offers (all)")
    parser.add_argument("--sample", type=_share, default=1.0, help="try only so many (100%%)")
    parser.add_argument("--show", help="only list the survivors of earlier runs: a room, a file")
    parser.add_argument("--report", action="store_true", help="only print the figures so far")
    parser.add_argument("--processes", type=int, default=2, help="at the same time (2)")
    parser.add_argument("--state", type=Path, default=STATE, help=argparse.SUPPRESS)
    parser.add_argument("--checkout", type=Path, default=CHECKOUT, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    # Both, because what a shell starts in the background ignores the first.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    tree = Tree(options.state, options.checkout)
    try:
        if options.show:
            return _show(tree, options.show)
        if not options.report:
            run(tree, options.rooms, options.sample, options.processes)
        return report(tree, options.rooms)
    except Failure as exc:
        print(f"mutants: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on from here.", file=sys.stderr)
        report(tree, options.rooms)
        return 130


def run(tree: Tree, rooms: list[str], share: float, processes: int) -> None:
    """Try what was not tried yet. Raises Failure."""
    digest = tree.refresh()
    print("Planting mutants, in files that have changed ...", flush=True)
    _call(tree, [sys.executable, str(ENGINE), "plant", str(processes)])
    present = {mutant.room for mutant in mutants_of(tree)}
    if not present.issuperset(rooms):
        raise Failure(f"there is no such room; there are {', '.join(sorted(present))}.")
    seen = _Seen(tree.folder / "seen.json")
    concerned = set(rooms) or present
    again = {room for room in concerned if seen.differs(room, digest)}
    chosen = choose(tree, rooms, share, again)
    if seen.differs("tests", digest):
        # Which tests reach which function is found out anew.
        (tree.planted / "mutmut-stats.json").unlink(missing_ok=True)
    seen.note({"tests", *again}, digest)
    print(f"{chosen} mutants to try, {processes} at a time; the tests run twice before ...")
    if chosen:
        _try(tree, chosen, processes)


def _try(tree: Tree, chosen: int, processes: int) -> None:
    """Let mutmut try the chosen ones, and say from time to time how far it is."""
    log = tree.folder / "mutmut.log"
    began = time.monotonic()
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes)]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=tree.folder, stdout=output, stderr=output)
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=60)
                waiting = sum(mutant.fate == "waiting" for mutant in mutants_of(tree))
                print(f"  {chosen - waiting} of {chosen}, {time.monotonic() - began:.0f} s")
                sys.stdout.flush()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait()
    if process.returncode != 0:
        raise Failure(f"mutmut gave up with {process.returncode}:\n{_end_of(log)}")


def report(tree: Tree, rooms: list[str]) -> int:
    """Print the figures. Returns the exit code."""
    mutants = [mutant for mutant in mutants_of(tree) if not rooms or mutant.room in rooms]
    diffs = _diffs(tree, [mutant for mutant in mutants if mutant.fate in BAD])
    excused, unused = survivors.excused(survivors.read(), diffs)
    print(table.figures(mutants, excused))
    whole = {mutant.room for mutant in mutants} - {m.room for m in mutants if not m.is_tried}
    for entry in unused:
        if entry.function.startswith(tuple(f"{room}{end}" for room in whole for end in "/.")):
            print(f"survivors.yml: nothing survives there any more: {entry.function}")
    percent = table.total(mutants, excused).percent_of_reached
    if percent < GOAL:
        print(f"{GOAL:.0f} % of those that a test reaches are asked for.")
    return 0 if percent >= GOAL else 1


def _show(tree: Tree, what: str) -> int:
    """Print the survivors of a room, a file or a function, as entries of the file."""
    found = [mutant for mutant in mutants_of(tree) if mutant.fate in BAD]
    found = [mutant for mutant in found if what == "all" or what in _names(mutant)]
    diffs = _diffs(tree, found)
    excused, _unused = survivors.excused(survivors.read(), diffs)
    for mutant in found:
        if mutant.name not in excused:
            print(f"# {mutant.fate}: {mutant.name.rpartition('.')[2]}")
            print(survivors.as_entry(mutant.name, diffs[mutant.name]))
    print(f"# {len(found)} survivors, {len(excused)} of them with a reason and not shown")
    return 0


def _names(mutant: Mutant) -> set[str]:
    """Return what a person may call the place of a mutant."""
    path, _space, function = survivors.function_of(mutant.name).partition(" ")
    return {mutant.room, path, path.rpartition("/")[2], function, function.rpartition(".")[2]}


def _diffs(tree: Tree, mutants: list[Mutant]) -> dict[str, str]:
    names = json.dumps([mutant.name for mutant in mutants])
    if not mutants:
        return {}
    said = _call(tree, [sys.executable, str(ENGINE), "diffs"], names)
    diffs: dict[str, str] = json.loads(said)
    return diffs


def _call(tree: Tree, command: list[str], given: str = "") -> str:
    done = subprocess.run(
        command, cwd=tree.folder, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Failure(f"{' '.join(command[1:3])} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")[-2000:]


def _share(text: str) -> float:
    share = float(text.removesuffix("%")) / 100
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError("more than 0 %, and 100 % at most")
    return share


class _Seen:
    """With which code and tests the survivors of a room were tried last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digests: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            self._digests = json.loads(path.read_text(encoding="utf-8"))

    def differs(self, room: str, digest: str) -> bool:
        return self._digests.get(room) != digest

    def note(self, rooms: t.Iterable[str], digest: str) -> None:
        self._digests.update(dict.fromkeys(rooms, digest))
        self._path.write_text(json.dumps(self._digests, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

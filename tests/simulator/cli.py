# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: `python -m simulator TIMELINE.yml`."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import re
import secrets
import sys
import typing as t
from pathlib import Path

from .errors import UsageError
from .greeting import greeting
from .loading import load_timeline
from .model import Timeline
from .reaper import MARK, Reaper
from .server import Simulation, bind_api, url_of
from .state_dir import make_client_key, make_state_dir
from .tokens import Tokens


def main(argv: list[str] | None = None) -> int:
    """Run until stopped. Return the exit code: 0, or 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        _run(options)
    except UsageError as exc:
        print(f"simulator: {exc}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("timeline", type=Path, metavar="TIMELINE.yml")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (127.0.0.1)")
    parser.add_argument("--port", type=_port, default=0, help="0, the default, is a free one")
    parser.add_argument("--token", help="the bearer token of the API; a random one otherwise")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, help="timelines run this many times faster (1)"
    )
    parser.add_argument(
        "--state-dir", help="keys and homes; a temporary one, removed at the end, otherwise"
    )
    parser.add_argument(
        "--json", action="store_true", help="one line of JSON when ready, for programs"
    )
    parser.add_argument(
        "--parent", type=int, help="end when this process is not the parent any more"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="log each request on stderr")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return speed


def _run(options: argparse.Namespace) -> None:
    timeline = load_timeline(options.timeline)
    tokens = _tokens(options.token, timeline)
    with bind_api(options.host, options.port) as api_socket:
        folder, temporary = make_state_dir(options.state_dir)
        simulator_id = secrets.token_hex(8)
        reaper = Reaper(f"{MARK}={simulator_id}", folder if temporary else None)
        try:
            private_key_file, client_key = make_client_key(folder)
            simulation = Simulation(
                timeline, tokens, options.speed, folder, client_key, simulator_id
            )
            ready: dict[str, t.Any] = {
                "url": url_of(api_socket),
                "token": tokens.first,
                "private_key_file": str(private_key_file),
                "state_dir": str(folder),
                "offer_ids": [str(script.offer_id) for script in timeline.offers],
                "pid": os.getpid(),
            }
            tell = _tell_programs if options.json else _tell_people
            work = simulation.run(api_socket, options.verbose, options.parent, lambda: tell(ready))
            asyncio.run(work)
        finally:
            reaper.release()


def _tokens(token: str | None, timeline: Timeline) -> Tokens:
    if token is not None and timeline.tokens:
        raise UsageError("the timeline has its own list of tokens, so --token cannot be given")
    if token is not None and not re.fullmatch("[!-~]+", token):
        raise UsageError("--token must be printable ASCII without spaces")
    return Tokens(token or secrets.token_urlsafe(24), timeline.tokens)


def _tell_programs(ready: dict[str, t.Any]) -> None:
    print(json.dumps(ready), flush=True)


def _tell_people(ready: dict[str, t.Any]) -> None:
    print("\n".join(greeting(ready)), flush=True)

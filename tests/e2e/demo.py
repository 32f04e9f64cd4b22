# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: the main job against the embedded Supply API, whose machines really answer to SSH.

Run by ``make demo``. Needs no account, changes nothing outside the checkout, and cleans up after
itself, also when it is interrupted.
"""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulator import Simulator, SimulatorError
from support.workspace import Workspace

TESTS = Path(__file__).resolve().parents[1]
TIMELINE = TESTS / "simulator" / "timelines" / "demo.yml"


def main() -> int:
    """Run the demo and return an exit code."""
    # As Ctrl-C, so that every way of ending it runs the same clean-up.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    runs = TESTS.parent / ".demo"
    runs.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=runs))
    try:
        with Workspace(folder) as workspace, Simulator(TIMELINE) as simulator:
            return _show(workspace, simulator)
    except SimulatorError as exc:
        print(f"The simulator does not start: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; everything is stopped and removed.", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        shutil.rmtree(folder, ignore_errors=True)
        # The last run takes the folder along; another one may still be in it.
        if not any(runs.iterdir()):
            shutil.rmtree(runs, ignore_errors=True)


def _show(workspace: Workspace, simulator: Simulator) -> int:
    """Run the main job with offers, then over an inventory; return the first bad exit code."""
    print(f"The embedded Supply API listens at {simulator.url}. Running:\n")
    job = ["ansible-playbook", "compute_desk.supply.configure", "-e", "compute_desk_roles=hello"]
    offer_ids = ",".join(simulator.offer_ids)
    wait = ["-e", f"compute_desk_offer_ids={offer_ids}", "-e", "compute_desk_poll_interval=2"]
    code = _run(workspace, simulator, [*job, *wait])
    if code == 0:
        source = f"plugin: compute_desk.supply.instances\noffer_ids: [{offer_ids}]\n"
        (workspace.folder / "offers.yml").write_text(source)
        print(f"The other way is an inventory. This is offers.yml:\n\n{source}\nRunning:\n")
        code = _run(workspace, simulator, ["ansible-inventory", "-i", "offers.yml", "--graph"])
    if code == 0:
        print("\nThe same job over these hosts has nothing to wait for. Running:\n")
        code = _run(workspace, simulator, [*job, "-i", "offers.yml"])
    return code


def _run(workspace: Workspace, simulator: Simulator, command: list[str]) -> int:
    print(f"  {shlex.join(command)}\n", flush=True)
    running = workspace.start(
        *command,
        **simulator.env(),
        ANSIBLE_ROLES_PATH=str(TESTS / "e2e" / "roles"),
        ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true",
        # As our guides advise; the main job reminds of it otherwise.
        ANSIBLE_INJECT_FACT_VARS="false",
        # Tables are as wide as the terminal, and not as tests want them.
        COLUMNS=str(shutil.get_terminal_size((120, 24)).columns),
    )
    try:
        return running.wait()
    finally:
        _end(running)


def _end(command: subprocess.Popen[str]) -> None:
    """Let an interrupted command end by itself, and see to it that it does."""
    try:
        command.wait(timeout=10)
    except subprocess.TimeoutExpired:
        command.terminate()
        try:
            command.wait(timeout=5)
        except subprocess.TimeoutExpired:
            command.kill()


if __name__ == "__main__":
    sys.exit(main())

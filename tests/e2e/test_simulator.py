# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make simulator` as a newcomer uses it: its lines work when pasted into another terminal."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
OFFER = {
    "offer_id": "4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4",
    "instances": {
        "m": {
            "instance_id": "i-00c0ffee",
            "instance_name": "node",
            "gpu_machine": "h100_nvswitch",
        }
    },
    "timeline": [
        {
            "at": 0,
            "status": "procured",
            "procurement_status": "ready",
            "instances": {"m": {"status": "running"}},
        }
    ],
}


def known_hosts() -> bytes:
    """Return what ssh knows of this user's, whose folder it does not take from HOME."""
    file = Path(pwd.getpwuid(os.getuid()).pw_dir, ".ssh", "known_hosts")
    return file.read_bytes() if file.exists() else b""


def test_the_printed_lines_work_in_another_terminal(tmp_path: Path) -> None:
    timeline = tmp_path / "my timeline.json"
    timeline.write_text(json.dumps({"offers": [OFFER]}))
    before = known_hosts()
    # A socket's path has room for about a hundred characters, and this folder is deep.
    home = tempfile.mkdtemp(prefix="cd-")
    # What nobody has typed there: Ansible's folder on PATH, and variables for the tests.
    bare = {"HOME": home, "PATH": "/usr/bin:/bin", "LANG": os.environ.get("LANG", "C")}
    simulator = subprocess.Popen(
        [sys.executable, "-m", "simulator", timeline],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "tests")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert simulator.stdout is not None
        lines = "".join(iter(simulator.stdout.readline, "# Ctrl-C here ends it.\n"))
        folder = Path(lines.partition("UserKnownHostsFile=")[2].split()[0]).parent

        # Into a file: ssh keeps its connections, and what it writes to, open for a while.
        with (tmp_path / "said").open("w") as said:
            done = subprocess.run(
                ["bash"],
                input=lines,
                env=bare,
                cwd=tmp_path,
                stdout=said,
                stderr=said,
                text=True,
                timeout=120,
                check=False,
            )

        assert done.returncode == 0, (tmp_path / "said").read_text()
        find = ["ssh-keygen", "-F", "i-00c0ffee", "-f", str(folder / "known_hosts")]
        assert subprocess.run(find, stdout=subprocess.DEVNULL, check=False).returncode == 0
    finally:
        simulator.send_signal(signal.SIGINT)
        simulator.communicate(timeout=60)
        shutil.rmtree(home, ignore_errors=True)
    assert 'ready"' in (tmp_path / "said").read_text()
    assert simulator.returncode == 0 and not folder.exists()
    assert known_hosts() == before

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: what it prints, and what it says to bad input."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from simulator.cli import main

TESTS = Path(__file__).resolve().parents[2]
DEMO = TESTS / "simulator" / "timelines" / "demo.yml"


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "simulator", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.run(
        command(*arguments),
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("proxy", ["", "http://192.0.2.1:3128"])
def test_what_people_get(proxy: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "LC_ALL": "C.UTF-8"}
    environment |= {"http_proxy": proxy, "HTTP_PROXY": "", "all_proxy": "", "ALL_PROXY": ""}
    with subprocess.Popen(
        command(DEMO, "--token", "it's"), env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = list(iter(process.stdout.readline, "# Ctrl-C here ends it.\n"))
        state = pasted(lines)
        assert (Path(state["collections"]) / "galaxy.yml").is_file()
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
    assert process.returncode == 0
    assert state["url"].startswith("http://127.0.0.1:")
    assert state["token"] == "it's"
    assert state["key"].endswith("/id_ed25519")
    assert state["ssh"].startswith(f"-o UserKnownHostsFile={Path(state['key']).parent}/")
    assert state["path"] == f"{Path(sys.executable).parent}:/usr/bin:/bin"
    assert state["others"] == "/home/ann/.ansible/collections"
    assert state["no_proxy"] == ("127.0.0.1,example.org" if proxy else "example.org")
    assert state["locale"] == "C.UTF-8"
    ids = "4f9d2c1e-8a37-4b65-9d0e-2c7f81a6b3d4,9b1f0e6a-52c4-4d7b-8e3a-1f6c0d9e7b25"
    assert state["ran"] == f"compute_desk.supply.configure -e compute_desk_offer_ids={ids}"


def pasted(lines: list[str]) -> dict[str, str]:
    """Return what another shell makes of the lines."""
    show = """
    echo "url $COMPUTE_DESK_API_URL"
    echo "token $COMPUTE_DESK_API_TOKEN"
    echo "key $ANSIBLE_PRIVATE_KEY_FILE"
    echo "ssh $ANSIBLE_SSH_EXTRA_ARGS"
    echo "collections ${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/compute_desk/supply"
    echo "others ${ANSIBLE_COLLECTIONS_PATH#*:}"
    echo "path $PATH"
    echo "no_proxy $no_proxy"
    echo "locale $LC_ALL"
    """
    script = 'ansible-playbook() { echo ran "$@"; }\n' + "".join(lines) + show
    said = subprocess.check_output(
        ["bash", "-c", script],
        env={"PATH": "/usr/bin:/bin", "HOME": "/home/ann", "no_proxy": "example.org"},
        text=True,
    )
    return dict(line.split(" ", 1) for line in said.splitlines())


def test_what_programs_get(tmp_path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    arguments = (DEMO, "--json", "--host", "::1", "--state-dir", tmp_path / "new" / "state")
    with subprocess.Popen(
        command(*arguments), env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.terminate()
        assert process.stdout.read() == ""
    assert set(ready) == {"url", "token", "private_key_file", "state_dir", "offer_ids", "pid"}
    assert ready["url"].startswith("http://[::1]:") and ready["pid"] == process.pid
    assert ready["state_dir"] == str(tmp_path / "new" / "state")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["/nothing.yml"], "cannot read the timeline /nothing.yml: No such file or directory"),
        ([DEMO, "--host", "0.0.0.0"], "0.0.0.0 is not a loopback address"),
        ([DEMO, "--host", "192.0.2.1"], "192.0.2.1 is not a loopback address"),
        ([DEMO, "--host", "example.org"], "'example.org' is not an IP address"),
        ([DEMO, "--token", "two words"], "--token must be printable ASCII without spaces"),
        ([DEMO, "--token", ""], "--token must be printable ASCII without spaces"),
        ([DEMO, "--speed", "0"], "'0' is not a positive number"),
        ([DEMO, "--speed", "nan"], "'nan' is not a positive number"),
        ([DEMO, "--port", "70000"], "'70000' is not a port number"),
        ([DEMO, "--state-dir", TESTS], "is not empty; give a new or an empty one"),
        ([DEMO, "--state-dir", "/dev/null/x"], "cannot use the state directory /dev/null/x"),
        ([], "the following arguments are required: TIMELINE.yml"),
    ],
)
def test_bad_input(arguments: list, sentence: str, capsys) -> None:
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as exc:
        code = exc.code
    assert code == 2
    said = capsys.readouterr()
    assert sentence in said.err and said.out == ""


def test_a_state_directory_that_a_shell_would_split(tmp_path) -> None:
    result = run(DEMO, "--state-dir", tmp_path / "two words")
    assert result.returncode == 2 and "may have only letters, digits" in result.stderr


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        result = run(DEMO, "--port", port)
    assert result.returncode == 2
    assert result.stderr == (
        f"simulator: cannot listen on 127.0.0.1, port {port}: Address already in use\n"
    )


def test_tokens_of_the_timeline_and_of_the_command_line(tmp_path) -> None:
    timeline = {
        "offers": [{"offer_id": "11111111-1111-4111-8111-111111111111"}],
        "tokens": [{"token": "t1"}],
    }
    (tmp_path / "t.yml").write_text(json.dumps(timeline))
    result = run(tmp_path / "t.yml", "--token", "t2")
    assert result.returncode == 2 and "so --token cannot be given" in result.stderr

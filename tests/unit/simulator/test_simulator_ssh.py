# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a real OpenSSH client finds on an instance."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import time

import pytest

OFFER = "11111111-1111-4111-8111-111111111111"


def test_the_command_of_the_api_leads_there(session_client) -> None:
    machine = session_client.machine()
    instance = session_client.get().json()["instances"][0]
    assert instance["ssh_command"] == f"ssh -p {machine['port']} root@{machine['host']}"
    program, *rest = shlex.split(instance["ssh_command"])
    command = [*session_client.ssh_options(program=program), *rest, "echo hello"]
    assert subprocess.check_output(command, timeout=60) == b"hello\n"


def test_streams_and_exit_codes(session_client) -> None:
    run = session_client.ssh("cat; echo oops >&2; exit 42", input=b"in\0put")
    assert (run.returncode, run.stdout, run.stderr) == (42, b"in\0put", b"oops\n")
    assert session_client.ssh("true").returncode == 0
    assert session_client.ssh("no-such-command").returncode == 127
    assert session_client.ssh("kill -TERM $$").returncode == 255


def test_megabytes_both_ways(session_client) -> None:
    data = os.urandom(4_000_000)
    run = session_client.ssh("tee /dev/stderr", input=data)
    assert run.stdout == data and run.stderr == data


def test_a_command_that_does_not_read_its_input(session_client) -> None:
    run = session_client.ssh("echo done", input=b"x" * 4_000_000)
    assert (run.returncode, run.stdout) == (0, b"done\n")


def test_its_own_environment_and_nothing_of_ours(session_client) -> None:
    run = session_client.ssh("env", text=True)
    found = dict(line.split("=", 1) for line in run.stdout.splitlines())
    home = session_client.machine()["home"]
    assert (found["HOME"], found["USER"], found["LOGNAME"]) == (home, "root", "root")
    assert found["LANG"] == "C.UTF-8" and found["PWD"] == home
    folders = found["PATH"].split(":")
    assert folders[0].startswith(session_client.simulator.state_dir)
    assert folders[1:] == [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ]
    assert set(found) == {
        *("COMPUTE_DESK_SIMULATOR", "COMPUTE_DESK_SIMULATOR_INSTANCE", "HOME", "LANG"),
        *("LOGNAME", "PATH", "PWD", "SHELL", "TMPDIR", "USER"),
    }


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("echo ~", "HOME"),
        ("echo ~root", "HOME"),
        ("/bin/sh -c 'echo ~root && sleep 0'", "HOME"),
        (
            """/bin/sh -c '( umask 77 && mkdir -p "` echo ~root/.x `" && echo ~root/.x )'""",
            "HOME/.x",
        ),
        ("echo a~root b/~root ~rooty ~root.x", "a~root b/~root ~rooty ~root.x"),
    ],
)
def test_tilde_is_the_home_of_the_instance(session_client, command: str, output: str) -> None:
    run = session_client.ssh(command, text=True)
    assert run.stdout.strip() == output.replace("HOME", session_client.machine()["home"])


def test_scripted_commands(session_client) -> None:
    run = session_client.ssh("nvidia-smi --query-gpu=name --format=csv,noheader")
    assert (run.returncode, run.stdout) == (0, b"It's $HOME `a` \\ GPU\n")
    run = session_client.ssh("nvidia-smi")
    assert (run.returncode, run.stdout, run.stderr) == (7, b"all\n", b"warned\n")
    run = session_client.ssh("nvidia-smi -L")
    assert (run.returncode, run.stdout) == (9, b"else\n")
    assert session_client.ssh("own thing; slow").stdout == b"own thing\nat last\n"


def test_a_terminal(session_client) -> None:
    command = "test -t 0 && test -t 1 && test -t 2 && echo $TERM && stty size; exit 5"
    run = session_client.ssh(command, "-tt", env={**os.environ, "TERM": "vt100"}, input=b"")
    assert run.returncode == 5
    assert run.stdout.splitlines()[0] == b"vt100" and b"\r\n" in run.stdout
    # More than fits into the buffer of a terminal, to the last byte, though it ends at once.
    run = session_client.ssh("seq 20000", "-tt", input=b"")
    assert run.stdout.splitlines()[-1] == b"20000" and len(run.stdout.splitlines()) == 20000


def test_a_shell_without_a_command(session_client) -> None:
    machine = session_client.machine()
    command = [*session_client.ssh_options("-T"), f"root@{machine['host']}"]
    run = subprocess.run(
        command, input=b"pwd\nexit 3\n", check=False, capture_output=True, timeout=60
    )
    assert (run.returncode, run.stdout.strip().decode()) == (3, machine["home"])


def test_sftp_and_both_forms_of_scp(session_client, tmp_path) -> None:
    machine = session_client.machine()
    target = f"root@{machine['host']}"
    data = os.urandom(2_000_000)
    (tmp_path / "up").write_bytes(data)
    batch = f"put {tmp_path}/up sub.bin\nget sub.bin {tmp_path}/down\n"
    sftp = [*session_client.ssh_options("-b", "-", program="sftp"), target]
    run = subprocess.run(sftp, input=batch.encode(), check=False, capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "down").read_bytes() == data
    for number, form in enumerate((["-s"], ["-O"])):
        scp = session_client.ssh_options(*form, program="scp")
        subprocess.run([*scp, f"{tmp_path}/up", f"{target}:{number}.bin"], check=True, timeout=60)
        name = f"{machine['home']}/{number}.bin"
        subprocess.run([*scp, f"{target}:{name}", f"{tmp_path}/{number}"], check=True, timeout=60)
        assert (tmp_path / str(number)).read_bytes() == data
        missing = [*scp, f"{target}:nothing", str(tmp_path)]
        assert subprocess.run(missing, check=False, capture_output=True, timeout=60).returncode == 1


def test_many_sessions_on_one_connection(session_client) -> None:
    # The path of a socket has room for about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="cd-") as folder:
        many_sessions(session_client, f"-oControlPath={folder}/s")


def many_sessions(session_client, socket: str) -> None:
    before = session_client.machine()["connections"]
    more = ("-oControlMaster=auto", "-oControlPersist=60", socket)
    # The first becomes the master and stays; its stderr would stay open with it.
    assert session_client.ssh("true", *more, capture_output=False).returncode == 0
    try:
        command = [*session_client.ssh_options(*more), "root@x"]
        runs = [
            subprocess.Popen([*command, f"sleep 0.2; echo {n}; exit {n}"], stdout=subprocess.PIPE)
            for n in range(8)
        ]
        outputs = [run.communicate(timeout=60)[0] for run in runs]
        assert outputs == [f"{n}\n".encode() for n in range(8)]
        assert [run.returncode for run in runs] == list(range(8))
        assert session_client.machine()["connections"] == before + 1
    finally:
        subprocess.run(
            [*session_client.ssh_options(socket, "-O", "exit"), "x"],
            check=False,
            capture_output=True,
        )


def test_only_our_key_and_our_user(session_client, tmp_path) -> None:
    key = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for more in (("-i", str(key), "-oIdentityFile=none"), ("-l", "ubuntu")):
        machine = session_client.machine()
        options = session_client.ssh_options()
        if more[0] == "-i":
            options = [o for o in options if not o.startswith("-oIdentityFile=")]
        command = [*options, *more, machine["host"], "true"]
        run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert run.returncode == 255 and "Permission denied (publickey)" in run.stderr


def test_the_client_goes_and_its_command_ends(session_client) -> None:
    machine = session_client.machine()
    command = [*session_client.ssh_options(), f"root@{machine['host']}", "echo $$; exec sleep 1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        pid = int(run.stdout.readline())
        os.kill(pid, 0)
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while _alive(pid):
        assert time.monotonic() < deadline, "the command outlived its client"
        time.sleep(0.05)


def test_what_is_put_in_the_background_stays(session_client) -> None:
    run = session_client.ssh("sleep 1000 </dev/null >/dev/null 2>&1 & echo $!")
    pid = int(run.stdout)
    time.sleep(0.2)
    assert _alive(pid)
    os.kill(pid, signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

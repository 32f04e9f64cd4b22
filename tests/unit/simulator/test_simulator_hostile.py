# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hostile machine over real ssh: it tells its lies, and else it is as any other."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from simulator import lies
from simulator.errors import UsageError
from simulator.instance_home import MARK_INSTANCE
from simulator.loading import parse_timeline
from simulator.reaper import marked_processes

OFFER = "11111111-1111-4111-8111-111111111111"
SETUP = "import sys, json; mod = 'ansible.modules.setup'; print(json.dumps({'ansible_facts': {}}))"


@pytest.fixture
def hostile(simulate, running):
    """Starts a simulator whose machine tells the given lies."""

    def start(*told):
        return simulate(running(personality="hostile", lies=list(told)))

    return start


def start_ssh(client, command: str, **options) -> subprocess.Popen[bytes]:
    """Starts `command` on the machine, and leaves it running."""
    line = [*client.ssh_options(), f"root@{client.machine()['host']}", command]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def wait(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def in_shell(command: str) -> str:
    """As Ansible sends it."""
    return f"/bin/sh -c {shlex.quote(command + ' && sleep 0')}"


def as_root(command: str) -> str:
    """As Ansible sends it with `become`."""
    inner = shlex.quote(f"echo BECOME-SUCCESS-abc ; {command}")
    return in_shell(f"sudo -H -S -n -u root /bin/sh -c {inner}")


def test_what_no_lie_is_for_is_done_as_told(hostile, session_client) -> None:
    client = hostile({"when": "secret", "stdout": "a lie"})
    for more in ((), ("-tt",)):
        run = client.ssh("cat; test -t 0; echo $? $0; exit 42", *more, input=b"")
        assert run.returncode == 42
        assert run.stdout.split()[-2:] == [b"1" if not more else b"0", b"/bin/sh"]
    run = client.ssh("cat; echo oops >&2; exit 42", input=b"in\0put")
    assert (run.returncode, run.stdout, run.stderr) == (42, b"in\0put", b"oops\n")
    run = client.ssh("yes | head -n 1; kill -TERM $$")
    assert (run.returncode, run.stdout, run.stderr) == (255, b"y\n", b"")
    names = "env | cut -d= -f1 | sort"
    assert client.ssh(names).stdout == session_client.ssh(names).stdout
    assert client.machine()["lies_told"] == [0]


def test_a_machine_without_lies_and_a_shell_without_a_command(hostile) -> None:
    client = hostile()
    assert client.ssh("echo true").stdout == b"true\n"
    shell = [*client.ssh_options("-T"), f"root@{client.machine()['host']}"]
    assert subprocess.check_output(shell, input=b"echo hello", timeout=60) == b"hello\n"
    assert client.machine()["lies_told"] == []


def test_text_for_a_command(hostile) -> None:
    parts = ["one\n", {"text": "{n},", "repeat": 3}, "\u009b\ud800"]
    client = hostile({"when": "secret", "stdout": parts, "stderr": "no\n", "rc": 7})
    run = client.ssh("echo secret > found")
    said = b"one\n1,2,3,\xc2\x9b\xed\xa0\x80"
    assert (run.returncode, run.stdout, run.stderr) == (7, said, b"no\n")
    run = client.ssh("secret", "-tt", input=b"")
    assert (run.returncode, run.stdout) == (7, said.replace(b"\n", b"\r\n") + b"no\r\n")
    assert client.ssh("ls").stdout == b""
    assert client.machine()["lies_told"] == [2]


def test_input_that_stays_open_is_waited_for_by_nobody(hostile) -> None:
    client = hostile({"module": "any", "hang": True}, {"when": "who", "stdout": "me"})
    for command, said in (
        ("echo FOUND; command -v 'python3' >/dev/null; echo END", b"FOUND\nEND\n"),
        ("python3 -c 'print(1)'", b"1\n"),
        ("who", b"me"),
    ):
        with start_ssh(client, in_shell(command), stdin=subprocess.PIPE) as run:
            assert run.stdout is not None
            assert run.stdout.read() == said


@pytest.mark.parametrize(
    "command",
    [
        "python3 /root/.ansible/tmp/x/AnsiballZ_setup.py",
        in_shell("/usr/bin/python3.12 /root/.ansible/tmp/x/AnsiballZ_setup.py"),
        in_shell("LANG=C /opt/python x/async_wrapper.py j1 60 x/AnsiballZ_setup.py _"),
        as_root("/usr/bin/python3 /tmp/AnsiballZ_setup.py"),
    ],
)
def test_a_module_that_lies_in_a_file(hostile, command: str) -> None:
    client = hostile({"module": "setup", "json": {"é": [1, None, "\x1b"]}})
    answer = client.ssh(command).stdout.decode()
    marker, answer = answer[: answer.index("{")], answer[answer.index("{") :]
    assert answer == '{"\\u00e9": [1, null, "\\u001b"]}\n'
    assert marker == ("BECOME-SUCCESS-abc\n" if "BECOME" in command else "")


@pytest.mark.parametrize(
    "command",
    [
        "python3",
        "/bin/sh -c /usr/bin/python3",
        in_shell("/usr/bin/python3.12"),
        in_shell("LANG=C A='b c' /usr/libexec/platform-python -"),
        as_root("/usr/bin/python3"),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "ansible.modules.setup",
        "ansible.legacy.setup",
        "ansible_collections.a.b.plugins.modules.setup",
    ],
)
def test_a_module_that_comes_on_stdin(hostile, command: str, name: str) -> None:
    client = hostile({"module": "setup", "json": 5})
    run = client.ssh(command, input=f'fqn = "{name}"'.encode())
    assert run.stdout == (b"BECOME-SUCCESS-abc\n5\n" if "BECOME" in command else b"5\n")


def test_with_become_the_module_is_waited_for_after_the_word(hostile) -> None:
    client = hostile({"module": "setup", "json": 5})
    with start_ssh(client, as_root("/usr/bin/python3"), stdin=subprocess.PIPE) as run:
        assert run.stdin is not None and run.stdout is not None
        assert run.stdout.readline() == b"BECOME-SUCCESS-abc\n"
        run.stdin.write(SETUP.encode())
        run.stdin.close()
        assert run.stdout.read() == b"5\n"


def test_what_is_no_such_module(hostile) -> None:
    client = hostile({"module": "setup", "stdout": "a lie"})
    for command in (
        "echo chmod u+x x/AnsiballZ_setup.py",
        "echo python x/AnsiballZ_setup_more.py",
        "echo rm -f x/python3 && echo x/AnsiballZ_setup.py",
    ):
        assert client.ssh(command).stdout.startswith((b"chmod", b"python", b"rm"))
    # A script of any size arrives whole.
    script = b"print(1, 'ansible.modules.ping')\n" + b"# ansible.modules.setup\n" * 40_000
    for line in ("/usr/bin/python3", "env -u X sh -c python3"):
        assert client.ssh(in_shell(line), input=script).stdout == b"1 ansible.modules.ping\n"
    assert client.machine()["lies_told"] == [0]


def test_any_module_and_text_in_a_script(hostile) -> None:
    client = hostile({"when": "token", "stdout": "text"}, {"module": "any", "stdout": "module"})
    assert client.ssh("python3", input=b"token = 1").stdout == b"text"
    assert client.ssh("python3", input=b"'ansible.modules.ping'").stdout == b"module"
    assert client.ssh("python3 x/AnsiballZ_gpu_facts.py").stdout == b"module"
    assert client.ssh("python3", input=b"print(1)").stdout == b"1\n"


def test_the_truth_changed(hostile) -> None:
    client = hostile(
        {"when": "facts", "merge": {"a": {"x": {"deep": 2}}, "l": [9]}},
        {"when": "other", "merge": {"b": 1}},
        {"when": "facts", "merge": {"a": {"new": None}, "s": {"t": 1}}},
        {"when": "facts", "stdout": "never told"},
        {"when": "facts", "merge": {"last": 1}},
    )
    truth = {"a": {"x": {"deep": 1, "true": 1}}, "l": [1, 2], "s": "text"}
    say = f"echo noise; echo {shlex.quote(json.dumps(truth))}; echo more; echo no >&2"
    run = client.ssh(f"{say}; exit 3 # facts")
    first, told, last = run.stdout.decode().splitlines()
    assert (first, last, run.stderr, run.returncode) == ("noise", "more", b"no\n", 3)
    assert json.loads(told) == {
        "a": {"x": {"deep": 2, "true": 1}, "new": None},
        "l": [9],
        "s": {"t": 1},
        "last": 1,
    }
    assert client.machine()["lies_told"] == [1, 0, 1, 0, 1]
    # Where there is no such JSON, nothing changes.
    for text in ("no JSON", "{not JSON", "[1]", "\\377"):
        said = text.encode().replace(b"\\377", b"\xff")
        assert client.ssh(f"printf {shlex.quote(text)} # facts").stdout == said
    assert client.ssh("kill -TERM $$ # facts").returncode == 128 + 15


def test_the_truth_of_a_pipelined_module_changed(hostile) -> None:
    client = hostile({"module": "setup", "merge": {"ansible_facts": {"kernel": "6.1"}}})
    run = client.ssh(in_shell("/usr/bin/python3"), input=SETUP.encode())
    assert json.loads(run.stdout) == {"ansible_facts": {"kernel": "6.1"}}


def test_a_lie_for_the_first_few_commands(hostile) -> None:
    client = hostile(
        {"when": "echo", "stdout": "first\n", "times": 3}, {"when": "echo", "stdout": "second\n"}
    )
    with ThreadPoolExecutor(8) as pool:
        answers = [run.stdout for run in pool.map(client.ssh, ["echo"] * 8)]
    assert sorted(answers) == [b"first\n"] * 3 + [b"second\n"] * 5
    assert client.machine()["lies_told"] == [3, 5]


@pytest.mark.parametrize("lie", [{"hang": True}, {"flood": True}, {"flood": "stderr"}])
def test_what_does_not_end(hostile, lie) -> None:
    client = hostile({"when": "compute-desk uid"} | lie)
    home = client.ssh(f"echo ${MARK_INSTANCE}", text=True).stdout.strip()

    def left() -> list[int]:
        return marked_processes(f"{MARK_INSTANCE}={home}")

    with start_ssh(client, in_shell('echo "compute-desk uid $(id -u)"')) as run:
        assert run.stdout is not None and run.stderr is not None
        if "flood" in lie:
            stream = run.stderr if lie["flood"] == "stderr" else run.stdout
            assert len(stream.read(3_000_000)) == 3_000_000
        else:
            wait(left)
        assert run.poll() is None and left()
        run.kill()
    wait(lambda: not left())
    # And with the simulator, if the client stays.
    with start_ssh(client, "compute-desk uid") as run:
        wait(left)
        client.simulator.stop()
        run.kill()
    assert not left()


def test_an_honest_machine_beside_it(simulate, running) -> None:
    offer = running(personality="hostile", lies=[{"when": "echo", "stdout": "a lie\n"}])
    good = {"instance_id": "i-2", "instance_name": "node-2"}
    offer["instances"]["gpu-b"] = good
    offer["timeline"][0]["instances"]["gpu-b"] = {"status": "running"}
    client = simulate(offer)
    assert client.ssh("echo true").stdout == b"a lie\n"
    assert client.ssh("echo true", key="gpu-b").stdout == b"true\n"


def test_ready_made_lies(hostile, simulate, running) -> None:
    client = hostile("huge_uid", "many_locks")
    said = client.ssh(in_shell('echo "compute-desk uid $(id -u)"')).stdout
    assert said == b"compute-desk uid " + b"7" * 6000 + b"\n"
    said = client.ssh("sed 's/^/lock /' /proc/locks").stdout
    lines = said.splitlines()
    assert lines[3999] == b"file 2049 7 /var/lib/dpkg/lock-4000" and len(lines) == 8000
    machine = running(
        personality="hostile", lies=["connection_facts"], lies_with={"program": "/x/trap"}
    )
    client = simulate(machine)
    run = client.ssh("python3", input=SETUP.encode())
    assert json.loads(run.stdout)["ansible_facts"]["ansible_sftp_executable"] == "/x/trap"


@pytest.mark.parametrize("name", lies.names())
def test_each_ready_made_lie_is_one(name: str) -> None:
    values = dict.fromkeys(lies.placeholders(name), "/x/y")
    made = lies.ready_made(name, values)
    assert made and made == [lies.Lie.model_validate(lie.as_data()) for lie in made]
    assert not values or "/x/y" in str(made)


@pytest.mark.parametrize(
    ("machine", "sentence"),
    [
        ("lies: [flood]", "offers[0].instances.m: `lies` are for machines with `personality: host"),
        ("personality: angry", "offers[0].instances.m.personality: Input should be 'honest' or"),
        ("personality: hostile, lies: [{}]", "lies[0]: a lie needs either `when` or `module`"),
        ("personality: hostile, lies: [floot]", "no ready-made lie 'floot' (did you mean 'flood'?"),
        ("personality: hostile, lies: [control_path]", "needs `lies_with: {socket: ...}`"),
        ("personality: hostile, lies_with: {socket: /x}", "lie of this machine takes the 'socket'"),
        ("personality: hostile, lies: [7]", "lies[0]: Input should be a valid dictionary"),
        ("personality: hostile, lies: flood", ".lies: Input should be a valid list"),
        ("LIE when: a, module: b, rc: 1", "lies[0]: a lie needs either `when` or `module`"),
        ("LIE when: '', rc: 1", "lies[0].when: String should have at least 1 character"),
        ("LIE module: a.b.setup, rc: 1", "lies[0].module: String should match pattern"),
        ("LIE when: a", "lies[0]: a lie needs an answer: stdout, stderr, rc, json, merge, hang"),
        ("LIE when: a, rc: 1, json: null", "one kind of answer, not stdout, stderr and rc and js"),
        ("LIE when: a, merge: {}, hang: true", "one kind of answer, not merge and hang"),
        ("LIE when: a, merge: [1]", "lies[0].merge: Input should be a valid dictionary"),
        ("LIE when: a, rc: 256", "lies[0].rc: Input should be less than or equal to 255"),
        ("LIE when: a, times: 0, rc: 1", "lies[0].times: Input should be greater than 0"),
        ("LIE when: a, hang: false", "lies[0].hang: Input should be True"),
        ("LIE when: a, flood: stdin", "lies[0].flood: Input should be True, 'stdout' or 'stderr'"),
        ("LIE when: a, stdout: 7", "lies[0].stdout: Input should be a valid string"),
        ("LIE when: a, stdout: [7]", "lies[0].stdout[0]: Input should be a valid dictionary"),
        ("LIE when: a, stdout: [{text: b, repeat: 0}]", "lies[0].stdout[0].repeat: Input should"),
        ("LIE when: a, stdout: [{text: b}]", "lies[0].stdout[0].repeat: Field required"),
        ("LIE when: a, sdtout: b", "lies[0].sdtout: unknown key (did you mean 'stdout'?)"),
    ],
)
def test_mistakes(machine: str, sentence: str) -> None:
    if machine.startswith("LIE "):
        machine = f"personality: hostile, lies: [{{{machine.removeprefix('LIE ')}}}]"
    machine = f"{{instance_id: i, instance_name: n, {machine}}}"
    with pytest.raises(UsageError) as caught:
        parse_timeline(f"offers: [{{offer_id: {OFFER}, instances: {{m: {machine}}}}}]")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)

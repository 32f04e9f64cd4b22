# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make mutants`: what it tries, what it keeps, and what it counts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import mutants.__main__ as command
import pytest
from mutants import survivors, table
from mutants.results import Figures, Mutant, choose, mutants_of, position
from mutants.tree import COLLECTION, Tree

ROOM = COLLECTION / "plugins" / "module_utils" / "_room"
MODULE = "ansible_collections.compute_desk.supply.plugins.module_utils._room.sums"
CODE = """
def is_adult(age):
    return age >= 18


def total(prices):
    result = 0
    for price in prices:
        result += price
    return result
"""
# Knows nothing of those who are just 18.
TESTS = f"""
from {MODULE} import is_adult, total

def test_ages():
    assert is_adult(40) and not is_adult(4)

def test_total():
    assert total([1, 2, 4]) == 7
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A collection with two functions."""
    files = {
        "plugins/module_utils/_room/sums.py": CODE,
        "plugins/plugin_utils/_other/nothing.py": "",
        "tests/unit/plugins/test_sums.py": TESTS,
        "pytest.ini": "[pytest]\nmarkers = slow\n",
    }
    folder = tmp_path / "checkout"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


@pytest.fixture
def tree(tmp_path: Path, checkout: Path) -> Tree:
    return Tree(tmp_path / "state", checkout)


def note(tree: Tree, room: str, codes: dict[str, int | None]) -> Path:
    """Write what mutmut writes of one source file."""
    meta = tree.planted / COLLECTION / "plugins" / "module_utils" / room / "a.py.meta"
    meta.parent.mkdir(parents=True, exist_ok=True)
    meta.write_text(json.dumps({"exit_code_by_key": codes}, indent=4))
    return meta


def fates(tree: Tree) -> dict[str, str]:
    return {mutant.name: mutant.fate for mutant in mutants_of(tree)}


def test_a_survivor_is_reported_and_a_run_goes_on_where_another_ended(
    tree: Tree, checkout: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survivors, "FILE", checkout / "survivors.yml")
    (checkout / "survivors.yml").write_text("[]")
    place = [f"--state={tree.folder}", f"--checkout={checkout}"]

    assert command.main([*place, "--processes=1"]) == 1
    lived = [mutant for mutant in mutants_of(tree) if mutant.fate == "survived"]
    changes = command.main([*place, "--show=_room"]) or capfd.readouterr().out
    assert (
        "    - function: _room/sums.py is_adult\n      diff: |\n        -return age >= 18\n"
        in changes
    )
    assert "        +return age > 18\n" in changes
    assert {mutant.room for mutant in lived} == {"_room"}
    assert "killed" in fates(tree).values()

    # One was not tried when the run before was interrupted, and one counts as killed by mistake;
    # a better test comes in.
    (meta,) = [path for path in tree.metas() if path.name == "sums.py.meta"]
    noted = json.loads(meta.read_text())
    killed = [name for name, code in noted["exit_code_by_key"].items() if code == 1]
    noted["exit_code_by_key"][killed[0]] = None
    noted["exit_code_by_key"][killed[1]] = 36
    meta.write_text(json.dumps(noted))
    (checkout / "tests" / "unit" / "plugins" / "test_sums.py").write_text(
        f"{TESTS}\n\ndef test_limit():\n    assert is_adult(18) and not is_adult(17)\n"
    )

    assert command.main([*place, "--processes=1"]) == 0
    now = fates(tree)
    assert now[killed[0]] == "killed" and now[killed[1]] == "timeout"
    assert [now[mutant.name] for mutant in lived if "is_adult" in mutant.name] == ["killed"] * 2


def test_a_copy_follows_the_checkout_and_leaves_alone_what_did_not_change(
    tree: Tree, checkout: Path
) -> None:
    first = tree.refresh()
    source = tree.folder / ROOM / "sums.py"
    before = source.stat().st_mtime_ns
    (checkout / "README.md").write_text("Sums.")
    assert tree.refresh() == first
    assert source.stat().st_mtime_ns == before
    note(tree, "_room", {"x": 0}).rename(tree.planted / ROOM / "sums.py.meta")

    (checkout / "plugins" / "module_utils" / "_room" / "sums.py").unlink()

    assert tree.refresh() != first
    assert not source.exists() and not (tree.planted / ROOM / "sums.py.meta").exists()
    assert (tree.folder / COLLECTION / "README.md").exists()


def test_what_was_half_written_is_made_again(tree: Tree) -> None:
    tree.refresh()
    planted = tree.planted / ROOM / "sums.py"
    note(tree, "_room", {"x": 0}).rename(planted.with_name("sums.py.meta"))
    planted.write_text(CODE)
    tree.refresh()
    assert planted.exists()

    planted.with_name("sums.py.meta").write_text('{"exit_code')
    tree.refresh()

    assert not planted.exists() and not planted.with_name("sums.py.meta").exists()


def test_a_room_is_tried_alone_and_keeps_what_it_knows(tree: Tree) -> None:
    note(tree, "_a", {"a1": None, "a2": 1, "a3": 0, "a4": 33, "a5": 34})
    note(tree, "_b", {"b1": None, "b2": 0})

    assert choose(tree, ["_a"], 1.0, again=set()) == 2
    assert fates(tree) == {
        "a1": "waiting",
        "a2": "killed",
        "a3": "survived",
        "a4": "no tests",
        "a5": "waiting",
        "b1": "left out",
        "b2": "survived",
    }
    assert choose(tree, ["_a"], 1.0, again={"_a"}) == 4
    assert choose(tree, [], 1.0, again={"_a"}) == 5


def test_a_sample_is_the_same_every_time_and_part_of_a_larger_one(tree: Tree) -> None:
    names = {f"name{number}": None for number in range(400)}
    note(tree, "_a", names)

    assert 70 < choose(tree, [], 0.2, again=set()) < 130
    small = {name for name, fate in fates(tree).items() if fate == "waiting"}
    choose(tree, [], 0.5, again=set())
    large = {name for name, fate in fates(tree).items() if fate == "waiting"}
    choose(tree, [], 0.2, again=set())

    assert small < large
    assert {name for name, fate in fates(tree).items() if fate == "waiting"} == small
    assert position("name1") == position("name1")


def test_the_survivors_are_counted_with_and_without_their_reasons() -> None:
    fate = ["killed"] * 5 + ["timeout", "died", "survived", "survived", "no tests", "left out"]
    mutants = [Mutant(f"n{number}", "_a", fate) for number, fate in enumerate(fate)]

    one = Figures.of(mutants, excused={"n7", "n9", "n0", "n10"})  # n9 is not reached

    assert (one.planted, one.tried, one.killed, one.hung) == (11, 10, 7, 1)
    assert (one.survived, one.untested, one.excused) == (2, 1, 1)
    assert round(one.percent_of_reached, 1) == 77.8
    assert (one.percent, one.percent_of_others) == (70.0, 87.5)
    lines = table.figures([*mutants, Mutant("m", "_b", "killed")], {"n7"}).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["room", "_a", "_b", "all"]
    assert lines[-1].split()[:7] == ["all", "12", "11", "8", "1", "2", "1"]
    assert lines[-1].split()[7:] == ["72.7", "80.0", "1", "88.9"]


DIFF = """--- a.py
+++ a.py
@@ -1,3 +1,3 @@
 def wait(self):
-        return self.left > 0
+        return self.left >= 0
         # more"""


@pytest.mark.parametrize("function", ["_api/retry.py Retry.wait", "_api/* *.wait", "*"])
def test_a_reason_holds_for_a_function_and_a_change(tmp_path: Path, function: str) -> None:
    name = "ansible_collections.x.plugins.module_utils._api.retry.xǁRetryǁwait__mutmut_12"
    file = tmp_path / "survivors.yml"
    file.write_text(
        f'- reason: no such moment\n  mutants:\n    - function: "{function}"\n      diff: |\n'
        "        -return self.left > 0\n        +return self.left >= 0\n"
        "    - function: gone\n      diff: |\n        -x\n        +y\n"
    )

    found, unused = survivors.excused(survivors.read(file), {name: DIFF})

    assert found[name].reason == "no such moment"
    assert [entry.function for entry in unused] == ["gone"]
    other = DIFF.replace(">= 0", "> 1")
    assert survivors.excused(survivors.read(file), {name: other})[0] == {}
    assert survivors.as_entry(name, DIFF).splitlines()[0] == (
        "    - function: _api/retry.py Retry.wait"
    )


def test_an_entry_without_a_reason_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "survivors.yml"
    file.write_text("- reason: ''\n  mutants: [{function: a, diff: '-a'}]\n")

    with pytest.raises(ValueError, match="a reason is missing"):
        survivors.read(file)


def test_the_reviewed_survivors_can_be_read() -> None:
    survivors.read()

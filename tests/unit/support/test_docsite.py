# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation site: its pictures are those of the scripts, and dead links are found."""

from __future__ import annotations

import re
import types
import zlib
from pathlib import Path
from xml.parsers import expat

import pytest
import yaml
from docsite import data_path, labels, links, recording, terminal

CHECKOUT = Path(__file__).resolve().parents[3]
DOCSITE = CHECKOUT / "docs" / "docsite"
GUIDES = sorted((DOCSITE / "rst").glob("*.rst"))


@pytest.mark.parametrize("picture", [terminal, data_path], ids=lambda module: module.__name__)
def test_a_picture_is_what_its_script_draws(picture: types.ModuleType) -> None:
    drawn = picture.draw()

    assert picture.FILE.read_text(encoding="utf-8") == drawn, "run make pictures"
    expat.ParserCreate().Parse(drawn, True)
    assert f"<title>{picture.TITLE}</title>" in drawn


def test_the_picture_of_the_path_is_for_light_and_dark() -> None:
    drawn = data_path.draw()

    light, _media, dark = drawn.partition("prefers-color-scheme: dark")
    for kind in ("paper", "box", "bad", "bar", "line", "head"):
        assert f".{kind} {{" in light and f".{kind} {{" in dark, kind


def test_a_long_line_is_wrapped_and_keeps_its_colour() -> None:
    assert list(terminal.wrapped("\x1b[1;35mabcde\x1b[0m", 3)) == [
        "\x1b[1;35mabc",
        "\x1b[1;35mde\x1b[0m",
    ]
    assert list(terminal.wrapped("", 3)) == [""]


def test_what_is_recorded_is_the_main_job_and_fits() -> None:
    lines = [recording.plain(line) for line in recording.read()]

    assert lines[0].startswith("TASK [Wait until machines answer]")
    assert sum(line.rstrip('",').endswith("configured") for line in lines) == 3
    assert max(map(len, lines)) <= recording.COLUMNS


def test_only_the_chosen_tasks_are_shown() -> None:
    lines = ["PLAY [a] *", "", "TASK [b] *", "no", "TASK [Summary] *", "yes", "PLAY RECAP *", "no"]

    assert list(recording.select(lines)) == ["TASK [Summary] *", "yes"]


def test_the_list_of_labels_is_one_that_sphinx_reads() -> None:
    *head, packed = labels.inventory().split(b"\n", 4)

    assert head[0] == b"# Sphinx inventory version 2"
    lines = zlib.decompress(packed).decode().splitlines()
    assert all(re.fullmatch(r"\S+ std:\w+ -1 \S+#\S+ .+", line) for line in lines)
    assert any("setup_module.html#parameter-gather_subset " in line for line in lines)


def test_every_guide_is_in_a_section_and_has_the_label_of_its_name() -> None:
    sections = yaml.safe_load((DOCSITE / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    listed = [entry for section in sections for entry in section["toctree"]]

    assert sorted(listed) == [path.stem for path in GUIDES]
    for path in GUIDES:
        label = f".. _ansible_collections.compute_desk.supply.docsite.{path.stem}:"
        assert label in path.read_text(encoding="utf-8"), path


def test_every_picture_is_used_and_every_used_one_exists() -> None:
    used = {
        name
        for path in GUIDES
        for name in re.findall(r"^\.\. image:: images/(\S+)", path.read_text(), re.MULTILINE)
    }

    assert used == {path.name for path in (DOCSITE / "rst" / "images").iterdir()}


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("other.html", ""),
        ("other.html#here", ""),
        ("#own", ""),
        ("#", ""),
        ("picture.svg", ""),
        ("mailto:a@example.com", ""),
        ("https://example.com/a?b#c", ""),
        (f"{links.REPOSITORY}/blob/main/README.md", ""),
        (f"{links.REPOSITORY}/tree/main/examples/awx#readme", ""),
        (f"{links.REPOSITORY}/blob/main/NOTHING.md", "no such file in the repository"),
        ("other.html#there", "no such place"),
        ("none.html", "no such file"),
        ("https://localhost", "no address"),
        ("https://example.com/a b", "no address"),
        ("javascript:alert(1)", "no address"),
    ],
)
def test_dead_links_are_found(tmp_path: Path, link: str, reason: str) -> None:
    (tmp_path / "index.html").write_text(f'<p id="own"><a href="{link}">x</a></p>')
    (tmp_path / "other.html").write_text('<p id="here">x</p>')
    (tmp_path / "picture.svg").touch()

    found = links.dead(tmp_path, CHECKOUT)

    assert len(found) == bool(reason)
    assert all(line.startswith(f"index.html: {link}: ") and reason in line for line in found)


def test_a_picture_that_is_missing_is_a_dead_link(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<img src="none.svg">')

    assert links.dead(tmp_path, CHECKOUT) == ["index.html: none.svg: there is no such file"]

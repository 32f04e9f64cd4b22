# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token: read again when it is rejected, and kept out of every text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.token import (
    MAX_TOKEN_BYTES,
    TokenSource,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._options import OptionError
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT

TOKEN = "cd-Zq8vN3xW7yB5mK2p"
OTHER_TOKEN = "cd-L9dR4tG6hJ1cF0sA"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(OTHER_TOKEN + "\n")
    return path


def test_a_new_token_is_read_from_the_file_when_the_old_one_is_rejected(token_file: Path) -> None:
    source = TokenSource(path=str(token_file))
    assert source.renew(OTHER_TOKEN) is False

    token_file.write_text(TOKEN)
    assert source.current() == OTHER_TOKEN
    assert source.renew(OTHER_TOKEN) is True
    assert source.current() == TOKEN
    assert source.redact(f"{TOKEN} {OTHER_TOKEN}") == "******** ********"


def test_what_another_thread_has_renewed_needs_no_second_look(token_file: Path) -> None:
    source = TokenSource(path=str(token_file))
    token_file.write_text(TOKEN)
    source.renew(OTHER_TOKEN)
    token_file.unlink()

    assert source.renew(OTHER_TOKEN) is True
    assert source.current() == TOKEN


@pytest.mark.parametrize("content", [None, "", "two words"])
def test_a_file_that_is_just_being_written_renews_nothing(
    content: str | None, token_file: Path
) -> None:
    source = TokenSource(path=str(token_file))
    token_file.unlink()
    if content is not None:
        token_file.write_text(content)

    assert source.renew(OTHER_TOKEN) is False
    assert source.current() == OTHER_TOKEN


def test_a_token_that_is_no_file_cannot_be_renewed() -> None:
    assert TokenSource(token=TOKEN).renew(TOKEN) is False


def test_every_token_that_was_used_is_taken_out_of_a_text(token_file: Path) -> None:
    source = TokenSource(path=str(token_file))
    token_file.write_text(TOKEN)
    source.renew(OTHER_TOKEN)

    redacted = source.redact(f"{OTHER_TOKEN} and Bearer {TOKEN}!")

    assert redacted == "******** and Bearer ********!"


def test_nothing_is_left_of_a_token_that_begins_like_another(token_file: Path) -> None:
    source = TokenSource(path=str(token_file))
    # So many that the right order is no accident.
    longer = [OTHER_TOKEN + "x" * more for more in range(1, 9)]
    for before, token in zip([OTHER_TOKEN, *longer], longer):
        token_file.write_text(token)
        assert source.renew(before)

    assert [source.redact(token) for token in longer] == ["********"] * 8


def test_nothing_is_left_of_a_token_that_begins_as_json_may_write_another(token_file: Path) -> None:
    source = TokenSource(path=str(token_file))
    tokens = [OTHER_TOKEN, "cd-token~", r"cd-token\u007e-and-more"]
    for before, token in zip(tokens, tokens[1:]):
        token_file.write_text(token)
        assert source.renew(before)

    assert [source.redact(token) for token in tokens] == ["********"] * 3


# All that a header can carry, and what JSON or a web framework may escape.
ANY_TOKEN = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


@given(ANY_TOKEN, ANY_TEXT)
def test_a_token_within_json_is_taken_out_too(token: str, text: str) -> None:
    source = TokenSource(token=token)
    once = json.dumps({"said": f"{text}{token}"})
    framework = "".join(c if c.isalnum() else f"\\u{ord(c):04X}" for c in token)

    for shown in (token, once, json.dumps(once), token.replace("/", "\\/"), framework):
        redacted = source.redact(shown)
        assert "********" in redacted
        # A token of one letter may be part of what replaces it, or of the rest; a real one is not.
        assert len(token) < 8 or token not in redacted


def test_backslashes_without_end_take_no_time() -> None:
    assert TokenSource(token="/abc").redact("\\" * 100_000) == "\\" * 100_000


def test_the_longest_token_that_a_file_may_hold_is_taken_out() -> None:
    assert TokenSource(token="a" * 65535).redact("a" * 65535) == "********"


# Files that hold no token


def problem_of(path: str) -> str:
    with pytest.raises(OptionError) as caught:
        TokenSource(path=path)
    return str(caught.value)


def test_a_file_that_holds_no_token_is_named_up_to_a_length(tmp_path: Path) -> None:
    # Longer than is shown, and no part longer than a file system allows.
    folder = tmp_path.joinpath(*["d" * 90] * 3)
    folder.mkdir(parents=True)
    large = folder / "token"
    large.write_bytes(b"t" * (MAX_TOKEN_BYTES + 1))
    begin = str(large)[:197]

    assert problem_of(str(large)) == (f"api_token_file: '{begin}...' is too large to be a token")
    assert problem_of(str(large) + "s") == (
        f"api_token_file: cannot read '{begin}...': No such file or directory"
    )
    assert problem_of(str(large) + "\0") == f"api_token_file: '{begin}...' is not a file name"


def test_a_token_may_be_as_long_as_its_file(token_file: Path) -> None:
    token_file.write_bytes(b"t" * MAX_TOKEN_BYTES)

    assert len(TokenSource(path=str(token_file)).current()) == MAX_TOKEN_BYTES


def test_a_file_is_named_by_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    monkeypatch.setenv("SECRETS", str(tmp_path / "secrets"))

    for path, whole in (
        ("token", tmp_path / "token"),
        ("~/token", tmp_path / "home" / "token"),
        # As Ansible does with the paths of modules.
        ("$SECRETS/token", tmp_path / "secrets" / "token"),
        ("$UNKNOWN/token", tmp_path / "$UNKNOWN" / "token"),
    ):
        assert problem_of(path) == (
            f"api_token_file: cannot read '{whole}': No such file or directory"
        )

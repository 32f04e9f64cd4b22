# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection options: where each value comes from, what is refused, and that no token shows."""

from __future__ import annotations

import os
import ssl
import typing as t
from pathlib import Path

import pytest
from ansible_collections.compute_desk.supply.plugins.module_utils._api.settings import (
    DEFAULT_API_URL,
    Settings,
    is_loopback,
    variable_of,
)
from ansible_collections.compute_desk.supply.plugins.module_utils._api.token import TokenSource
from ansible_collections.compute_desk.supply.plugins.module_utils._options import (
    OptionError,
    checked_number,
)
from hypothesis import given
from hypothesis import strategies as st

from ...helpers import ANY_TEXT

pytestmark = pytest.mark.usefixtures("clean_environment")

TOKEN = "cd-Zq8vN3xW7yB5mK2p"
OTHER_TOKEN = "cd-L9dR4tG6hJ1cF0sA"


def settings_of(
    options: t.Mapping[str, t.Any] | None = None, environ: t.Mapping[str, str] | None = None
) -> Settings:
    """Return settings that have a token, from nothing else but what is given."""
    return Settings.from_options({"api_token": TOKEN, **(options or {})}, environ or {})


def refusal(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None) -> str:
    with pytest.raises(OptionError) as caught:
        settings_of(options, environ)
    text = str(caught.value)
    assert text.startswith(caught.value.option + ": ")
    assert TOKEN not in text + repr(caught.value)
    return text


# Where a value comes from

# Option, attribute, default, what a variable holds and means, what an option holds and means.
SOURCES = [
    ("api_url", "api_url", DEFAULT_API_URL, ("https://a", "https://a"), ("https://b", "https://b")),
    ("validate_certs", "verify", None, ("no", False), (False, False)),
    ("request_timeout", "request_timeout", 30.0, ("2.5", 2.5), (4, 4.0)),
    ("concurrency", "concurrency", 8, ("3", 3), (5, 5)),
    ("ca_path", "verify", None, ("/dev", "/dev"), ("/proc", "/proc")),
]
PARAMETERS = pytest.mark.parametrize(
    ("option", "attribute", "default", "variable", "given_value"), SOURCES
)


@PARAMETERS
def test_an_option_beats_the_environment_which_beats_the_default(
    option: str, attribute: str, default: t.Any, variable: t.Any, given_value: t.Any
) -> None:
    environ = {"COMPUTE_DESK_" + option.upper(): variable[0]}

    assert getattr(settings_of({}, environ), attribute) == variable[1]
    assert getattr(settings_of({option: given_value[0]}, environ), attribute) == given_value[1]
    assert getattr(settings_of({option: None}, environ), attribute) == variable[1]


@PARAMETERS
@pytest.mark.parametrize("nothing", ["absent", "null", "empty variable"])
def test_what_is_not_given_is_the_default(
    option: str,
    attribute: str,
    default: t.Any,
    variable: t.Any,
    given_value: t.Any,
    nothing: str,
) -> None:
    options = {option: None} if nothing == "null" else {}
    environ = {variable_of(option): ""} if nothing == "empty variable" else {}
    value = getattr(settings_of(options, environ), attribute)

    if attribute == "verify":
        # The system's certificates, or those of the library, but never no check.
        assert value is True or (value is not False and os.path.exists(value))
    else:
        assert value == default


def test_the_environment_of_the_process_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPUTE_DESK_API_TOKEN", OTHER_TOKEN)
    monkeypatch.setenv("COMPUTE_DESK_CONCURRENCY", "2")

    settings = Settings.from_options({})

    assert (settings.token.current(), settings.concurrency) == (OTHER_TOKEN, 2)


# The token


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(OTHER_TOKEN + "\n")
    return path


def source_of(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> str:
    return Settings.from_options(options, environ).token.current()


def test_a_token_from_each_source(token_file: Path) -> None:
    path = str(token_file)

    assert source_of({"api_token": TOKEN}, {}) == TOKEN
    assert source_of({"api_token_file": path}, {}) == OTHER_TOKEN
    assert source_of({"api_token_file": token_file}, {}) == OTHER_TOKEN
    assert source_of({}, {"COMPUTE_DESK_API_TOKEN": TOKEN}) == TOKEN
    assert source_of({}, {"COMPUTE_DESK_API_TOKEN_FILE": path}) == OTHER_TOKEN
    assert source_of({}, {"COMPUTE_DESK_API_TOKEN": "", "COMPUTE_DESK_API_TOKEN_FILE": path}) == (
        OTHER_TOKEN
    )


def test_an_option_beats_the_environment_as_a_pair(token_file: Path) -> None:
    path = str(token_file)

    assert source_of({"api_token": TOKEN}, {"COMPUTE_DESK_API_TOKEN_FILE": path}) == TOKEN
    assert source_of({"api_token_file": path}, {"COMPUTE_DESK_API_TOKEN": TOKEN}) == OTHER_TOKEN
    # Not even a conflict in the environment matters then.
    both = {"COMPUTE_DESK_API_TOKEN": "x", "COMPUTE_DESK_API_TOKEN_FILE": "/nowhere"}
    assert source_of({"api_token": TOKEN, "api_token_file": None}, both) == TOKEN


def test_two_sources_at_once_are_refused(token_file: Path) -> None:
    assert refusal({"api_token_file": str(token_file)}) == (
        "api_token: give only one of it and api_token_file"
    )
    both = {"COMPUTE_DESK_API_TOKEN": TOKEN, "COMPUTE_DESK_API_TOKEN_FILE": str(token_file)}
    assert refusal({"api_token": None}, both) == (
        "COMPUTE_DESK_API_TOKEN: give only one of it and COMPUTE_DESK_API_TOKEN_FILE"
    )


def test_without_a_token_every_way_to_give_one_is_named() -> None:
    text = refusal({"api_token": None}, {"COMPUTE_DESK_API_TOKEN": ""})

    for name in ("api_token", "api_token_file"):
        assert name in text
        assert variable_of(name) in text


@pytest.mark.parametrize("content", [TOKEN, f"  {TOKEN}\r\n\n", f"\t{TOKEN} "])
def test_space_around_a_token_does_not_count(content: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(content.encode())

    assert TokenSource(path=str(path)).current() == TOKEN
    assert TokenSource(token=content).current() == TOKEN


def test_a_token_file_in_the_home_folder(tmp_path: Path, token_file: Path) -> None:
    assert token_file.parent == tmp_path == Path.home()
    assert TokenSource(path="~/token").current() == OTHER_TOKEN


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory"),
        ("a folder", "Is a directory"),
        (b"", "the token is empty"),
        (b" \n", "the token is empty"),
        (b"x" * 65537, "is too large to be a token"),
        (b"a" * 65535 + b"\n", None),
        (b"\xff\xfe\x00", "the token has a space, a line break or a character beyond ASCII"),
    ],
)
def test_a_token_file_that_cannot_be_used(
    content: bytes | str | None, problem: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    if isinstance(content, str):
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)

    if problem is None:
        assert TokenSource(path=str(path)).current() == "a" * 65535
    else:
        text = refusal({"api_token": None, "api_token_file": str(path)})
        assert text.startswith("api_token_file: ")
        assert text.endswith(problem)


def test_no_path_at_all_names_no_file() -> None:
    assert refusal({"api_token": None, "api_token_file": ""}) == (
        "api_token_file: cannot read '': No such file or directory"
    )


@pytest.mark.parametrize("path", ["", "\x00", "~nobody-of-this-name/token", "a\ud800b"])
def test_a_path_that_names_no_file(path: str) -> None:
    assert refusal({"api_token": None, "api_token_file": path}).startswith("api_token_file: ")


@pytest.mark.parametrize("gap", [" ", "\n", "\r\n", "\t", "\x00", "\x7f", "é", "\u2028", "\ud800"])
@pytest.mark.parametrize("name", ["api_token", "COMPUTE_DESK_API_TOKEN", "api_token_file"])
def test_a_token_that_cannot_be_a_header_is_refused_and_not_shown(
    gap: str, name: str, tmp_path: Path
) -> None:
    value = f"{TOKEN}{gap}X-Other: {OTHER_TOKEN}"
    options: dict[str, t.Any] = {"api_token": None}
    environ = {}
    if name == "api_token_file":
        path = tmp_path / "token"
        path.write_bytes(value.encode("utf-8", "surrogatepass"))
        options["api_token_file"] = str(path)
    elif name == "api_token":
        options["api_token"] = value
    else:
        environ[name] = value

    text = refusal(options, environ)

    assert text.startswith(f"{name}: the token has a space, a line break or a character")
    assert OTHER_TOKEN not in text


@given(ANY_TEXT)
def test_any_token_is_good_for_a_header_or_refused(token: str) -> None:
    refused, current = None, token.strip()
    try:
        current = TokenSource(token=token).current()
    except OptionError as exc:
        refused = exc.option

    if refused:
        assert refused == "api_token"
    else:
        assert current.isascii()
        assert current.isprintable()
        assert " " not in current
        assert current == token.strip()


SECRETS = st.text("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-._~+/", min_size=12)
SPOILERS = st.fixed_dictionaries(
    {},
    optional={
        "api_token_file": st.just("/nowhere"),
        "api_url": st.sampled_from(["http://example.com", "x", "https://h/?q"]),
        "concurrency": st.just("many"),
        "request_timeout": st.just("long"),
        "validate_certs": st.just("perhaps"),
        "ca_path": st.just("/nowhere"),
    },
)


@given(SECRETS, SPOILERS, st.sampled_from(["", " ", "\n", "é"]))
def test_no_text_shows_the_token(token: str, spoilers: dict[str, str], gap: str) -> None:
    value = f"{token}{gap}{token}"
    try:
        settings = Settings.from_options({"api_token": value, **spoilers}, {})
    except OptionError as exc:
        shown = f"{exc} {exc!r} {exc.__context__!r}"
    else:
        shown = f"{settings} {settings!r} {settings.token} {settings.token!r}"

    assert token not in shown


# The URL

GOOD_URLS = [
    ("https://supply-api.compute-desk.com", "https://supply-api.compute-desk.com"),
    ("https://supply-api.compute-desk.com/", "https://supply-api.compute-desk.com"),
    (" https://example.com/api/v1// ", "https://example.com/api/v1"),
    ("https://example.com:8443", "https://example.com:8443"),
    ("https://example.com/X", "https://example.com/X"),
    ("https://203.0.113.7", "https://203.0.113.7"),
    ("https://[2001:db8::7]:8443", "https://[2001:db8::7]:8443"),
    ("http://localhost", "http://localhost"),
    ("http://LOCALHOST:8080", "http://LOCALHOST:8080"),
    ("http://127.0.0.1:8080/api", "http://127.0.0.1:8080/api"),
    ("http://127.9.9.9", "http://127.9.9.9"),
    ("http://[::1]:8080", "http://[::1]:8080"),
]

NOT_ENCRYPTED = [
    "http://example.com",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://evil.example/127.0.0.1",
    "http://xlocalhost",
    "http://10.0.0.1",
    "http://0.0.0.0",
    "http://127.1",
    "http://2130706433",
    "http://[::2]",
    "HTTP://EXAMPLE.COM",
]

NO_URLS = [
    "",
    "supply-api.compute-desk.com",
    "//example.com",
    "ftp://example.com",
    "file:///etc/passwd",
    "https://",
    "https:///path",
    "https://:8443",
    "https:example.com",
    "https://exa mple.com",
    "https://example.com/a b",
    "http://127.0.0.1\t.evil.example",
    "https://example.com:99999",
    "https://example.com:port",
    "https://example.com:-1",
    "https://[::1",
    "https://[nonsense]",
    # What is loopback to one parser of URLs is another host to the next, and to requests.
    "http://evil.example\\[::1]",
    "http://evil.example[::1]",
    "http://[::1]evil.example",
    "http://[::1].evil.example",
    "http://evil.example\\.localhost",
    "https://example.com\\path",
]


@pytest.mark.parametrize(("url", "kept"), [*GOOD_URLS, ("https://a/!~", "https://a/!~")])
def test_a_good_url(url: str, kept: str) -> None:
    assert settings_of({"api_url": url}).api_url == kept


@pytest.mark.parametrize("url", NOT_ENCRYPTED)
def test_plain_http_to_another_machine_is_refused(url: str) -> None:
    assert "is plain http, which would send the token unencrypted" in refusal({"api_url": url})


@pytest.mark.parametrize("url", NO_URLS)
def test_what_is_no_url_is_refused(url: str) -> None:
    assert refusal({"api_url": url}).startswith("api_url: ")


@pytest.mark.parametrize(
    "url",
    [
        "https://user:" + TOKEN + "@example.com",
        "https://" + TOKEN + "@example.com",
        "http://127.0.0.1@evil.example",
        "http://evil.example\\@127.0.0.1",
        "https://" + TOKEN + "@b@example.com:port",
        "ftp://" + TOKEN + "@example.com",
    ],
)
def test_a_user_in_the_url_is_refused_and_not_shown(url: str) -> None:
    text = refusal({"api_url": url})

    assert text.startswith("api_url: ")
    assert "user:" not in text


@pytest.mark.parametrize("end", ["?", "?key=value", "#", "#top", "/api?x=1", "/?", "/api#", "?#"])
def test_a_url_with_a_query_or_fragment_is_refused(end: str) -> None:
    # What is put behind it would not be part of the path.
    assert "must end before '?' and '#'" in refusal({"api_url": "https://example.com" + end})


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("::1", True),
        ("", False),
        ("localhost.", False),
        ("127.0.0.1.", False),
        ("128.0.0.1", False),
        ("::", False),
        ("0.0.0.0", False),
        ("\uff4cocalhost", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


# Numbers


@pytest.mark.parametrize(
    "value",
    [
        *(1e12, "nan", "inf", "-inf", float("nan"), float("inf"), 0, -1, "0", "", "long", []),
        pytest.param(10**400, id="huge"),
    ],
)
def test_a_request_timeout_that_is_no_time(value: t.Any) -> None:
    assert refusal({"request_timeout": value}).startswith("request_timeout: ")


@pytest.mark.parametrize(
    ("value", "bounds", "accepted"),
    [
        (1, {"at_least": 1}, True),
        (0.999, {"at_least": 1}, False),
        (0, {"at_least": 0}, True),
        (-0.5, {"at_least": 0}, False),
        (0.001, {"above": 0}, True),
        (0, {"above": 0}, False),
        (-7, {}, True),
        ("1.5", {}, True),
    ],
)
def test_bounds(value: t.Any, bounds: dict[str, float], accepted: bool) -> None:
    if accepted:
        assert checked_number("an_option", value, **bounds) == float(value)
    else:
        with pytest.raises(OptionError, match=r"^an_option: must be "):
            checked_number("an_option", value, **bounds)


@pytest.mark.parametrize("value", [1, 64, "1", " 64 "])
def test_concurrency(value: t.Any) -> None:
    assert settings_of({"concurrency": value}).concurrency == int(value)


@pytest.mark.parametrize("value", [0, 65, -1, "0", "", "1.5", 1.5, "many", [], 10**9])
def test_concurrency_out_of_bounds(value: t.Any) -> None:
    assert refusal({"concurrency": value}).startswith("concurrency: ")


# Certificates


@pytest.mark.parametrize("word", [False, "false", "False", "no", "OFF", "0", " n ", "f", 0])
def test_words_that_turn_the_check_off(word: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Neither a bundle of the library's nor one of our own turns it on again.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/dev/null")

    assert settings_of({"validate_certs": word, "ca_path": "/dev"}).verify is False


@pytest.mark.parametrize("word", [True, "true", "TRUE", "yes", "on", "1", "y", "t", 1])
def test_words_that_leave_the_check_on(word: t.Any) -> None:
    assert settings_of({"validate_certs": word}).verify is not False


@pytest.mark.parametrize("word", ["", "maybe", "tru", 2, [], "off!"])
def test_other_words_are_refused(word: t.Any) -> None:
    assert refusal({"validate_certs": word}).startswith("validate_certs: ")


def test_a_ca_path(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()

    assert settings_of({"ca_path": str(bundle)}).verify == str(bundle)
    assert settings_of({"ca_path": "~/ca.pem"}).verify == str(bundle)
    assert settings_of({"ca_path": str(tmp_path)}).verify == str(tmp_path)
    assert settings_of({"ca_path": "."}).verify == os.getcwd()


@pytest.mark.parametrize("path", ["", "/nowhere/ca.pem", "~/ca.pem", "\x00"])
def test_a_ca_path_that_is_not_there_is_refused(path: str) -> None:
    assert "does not exist" in refusal({"ca_path": path})


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_bundle_of_the_library_is_left_to_the_library(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "/dev/null")

    assert settings_of().verify is True
    assert settings_of({"ca_path": "/dev"}).verify == "/dev"


# To the letter


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("api_url", "https://u:p@x", "must not hold a user or password; use api_token"),
        ("api_url", "https://x?a=1", "'https://x?a=1' must end before '?' and '#'"),
        ("api_url", "https://x#a", "'https://x#a' must end before '?' and '#'"),
        ("api_url", "https://[", "'https://[' is not a URL"),
        ("api_url", "ftp://x", "'ftp://x' is not an http or https URL"),
        ("api_url", "https://x/a\\b", "'https://x/a\\b' has a character that a URL cannot have"),
        (
            "api_url",
            "http://x",
            (
                "'http://x' is plain http, which would send the token unencrypted. "
                "Use https; http is allowed for a loopback address only"
            ),
        ),
        ("api_url", "ftp://" + "x" * 200, f"'ftp://{'x' * 191}...' is not an http or https URL"),
        ("concurrency", 0, "must be from 1 to 64"),
        ("concurrency", 65, "must be from 1 to 64"),
        ("concurrency", "two", "'two' is not a whole number"),
        ("validate_certs", "maybe", "'maybe' is not a boolean"),
        ("ca_path", "/no/such", "'/no/such' does not exist"),
        ("ca_path", "/" + "x" * 200, f"'/{'x' * 196}...' does not exist"),
    ],
)
def test_what_is_wrong_with_an_option_is_said(option: str, value: t.Any, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        settings_of({option: value}, {})

    assert str(caught.value) == f"{option}: {said}"
    assert caught.value.option == option


@pytest.mark.parametrize(("value", "number"), [(1, 1), (64, 64), ("7", 7), (True, 1)])
def test_how_many_requests_at_once(value: t.Any, number: int) -> None:
    assert settings_of({"concurrency": value}, {}).concurrency == number


# Which certificates count


class Paths:
    """Where OpenSSL looks, as a test wants it."""

    def __init__(self, cafile: str | None, capath: str | None) -> None:
        self.cafile = cafile
        self.capath = capath


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_with_a_bundle_in_a_variable_requests_decides(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: Paths("/system.pem", None))
    assert settings_of({}, {}).verify == "/system.pem"

    monkeypatch.setenv(variable, "/theirs.pem")

    assert settings_of({}, {}).verify is True


def test_a_folder_of_the_system_counts_if_it_holds_something(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    found = Paths(None, str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: found)

    assert settings_of({}, {}).verify is True
    (tmp_path / "abc.0").write_text("")
    assert settings_of({}, {}).verify == str(tmp_path)
    found.capath = str(tmp_path / "missing")
    assert settings_of({}, {}).verify is True
    found.capath = None
    assert settings_of({}, {}).verify is True


def test_it_is_said_where_a_token_can_come_from() -> None:
    assert refusal({"api_token": None}) == (
        "api_token: no API token. Set the environment variable COMPUTE_DESK_API_TOKEN or "
        "COMPUTE_DESK_API_TOKEN_FILE where this runs, or the option api_token or api_token_file"
    )


def test_a_token_file_of_the_environment_is_named_by_its_variable() -> None:
    with pytest.raises(OptionError) as caught:
        Settings.from_options({}, {"COMPUTE_DESK_API_TOKEN_FILE": "/nowhere"})

    assert caught.value.option == "COMPUTE_DESK_API_TOKEN_FILE"

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS: certificates, bundles, and servers that speak something else."""

from __future__ import annotations

import socket
import ssl
import typing as t
from pathlib import Path

import pytest
import trustme
from ansible_collections.compute_desk.supply.plugins.module_utils._api.errors import (
    ConnectionFailed,
    RequestTimedOut,
    TlsFailed,
)

from ...helpers import OFFER_ID, Server, a_document
from .asking import PROXY_VARIABLES, ask, client_of

pytestmark = pytest.mark.usefixtures("clean_environment")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_server(authority: trustme.CA) -> t.Iterator[Server]:
    server = Server()
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server.tls)
    with server:
        yield server


def test_an_unknown_certificate_is_refused_before_anything_is_sent(tls_server: Server) -> None:
    with pytest.raises(TlsFailed, match=r"no trusted TLS connection to 127\.0\.0\.1:") as caught:
        ask(tls_server)

    assert caught.value.final
    assert "certificate" in caught.value.message
    assert tls_server.requests == []


def test_the_certificate_of_an_own_authority(
    tls_server: Server, authority: trustme.CA, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))

    assert ask(tls_server, ca_path=str(bundle)) == a_document()


@pytest.mark.parametrize("variable", PROXY_VARIABLES)
def test_loopback_with_tls_never_goes_through_a_proxy_either(
    variable: str, tls_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server() as trap:
        monkeypatch.setenv(variable, trap.url)
        assert ask(tls_server, validate_certs=False) == a_document()

    assert trap.connections == 0


def test_a_certificate_for_another_name_is_refused(
    tls_server: Server, authority: trustme.CA, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))

    with pytest.raises(TlsFailed):
        client_of(f"https://localhost:{tls_server.port}", ca_path=str(bundle)).offer_status(
            OFFER_ID
        )

    assert tls_server.requests == []


@pytest.mark.parametrize("name", [None, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_no_check_means_no_check(
    name: str | None, tls_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name:
        monkeypatch.setenv(name, ssl.get_default_verify_paths().openssl_cafile)

    assert ask(tls_server, validate_certs=False) == a_document()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_bundle_of_the_variable_counts(
    name: str,
    tls_server: Server,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv(name, str(bundle))

    assert ask(tls_server) == a_document()


def test_an_own_bundle_beats_the_one_of_the_variable(
    tls_server: Server, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    authority.cert_pem.write_to_path(str(bundle))
    type(authority)().cert_pem.write_to_path(str(other))

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    assert ask(tls_server, ca_path=str(bundle)) == a_document()

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(TlsFailed):
        ask(tls_server, ca_path=str(other))


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_a_bundle_without_certificates(content: str, tls_server: Server, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text(content)

    with pytest.raises(TlsFailed):
        ask(tls_server, ca_path=str(bundle))


def test_a_bundle_that_goes_away_later(tls_server: Server, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    client = client_of(tls_server.url, ca_path=str(bundle))
    bundle.unlink()

    with pytest.raises(TlsFailed):
        client.offer_status(OFFER_ID)


def test_https_to_a_port_that_speaks_plain_http() -> None:
    with Server() as server, pytest.raises(TlsFailed) as caught:
        client_of(f"https://127.0.0.1:{server.port}").offer_status(OFFER_ID)

    assert caught.value.final


def test_tls_that_breaks_off_may_be_whole_the_next_time() -> None:
    with Server(b"") as server, pytest.raises(
        ConnectionFailed, match="broke off the TLS"
    ) as caught:
        client_of(f"https://127.0.0.1:{server.port}").offer_status(OFFER_ID)

    assert not caught.value.final


def test_http_to_a_port_that_speaks_tls(tls_server: Server) -> None:
    with pytest.raises(ConnectionFailed):
        client_of(f"http://127.0.0.1:{tls_server.port}").offer_status(OFFER_ID)

    assert tls_server.requests == []


def test_a_server_that_never_greets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(RequestTimedOut):
        client_of(f"https://127.0.0.1:{silent.getsockname()[1]}", request_timeout=0.3).offer_status(
            OFFER_ID
        )

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings that all tests of the plain Python share."""

from __future__ import annotations

import os

import pytest

_MEANINGFUL = ("COMPUTE_DESK_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NETRC")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Take away what whoever runs the tests has set for HTTP clients, the home folder included."""
    for name in list(os.environ):
        if name.upper().startswith(_MEANINGFUL + _CERTIFICATES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))

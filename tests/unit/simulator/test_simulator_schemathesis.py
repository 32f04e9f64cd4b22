# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A schema-driven tester against the running simulator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

OFFER = "11111111-1111-4111-8111-111111111111"

# What does not apply, and why:
EXCLUDED = [
    # 401 and 404 are what such a service answers, and its page documents 200 and 422 only.
    "status_code_conformance",
    # Offers exist or not; a well-formed id that nobody bought is 404.
    "positive_data_acceptance",
    # FastAPI's 405 lists the methods of the path, and the check wants HEAD and OPTIONS among them.
    "allow_header_conformance",
]


def test_schemathesis_finds_nothing(simulate, running, tmp_path: Path) -> None:
    client = simulate(running())
    # Once with random ids, and once with an offer that exists, or 200 would never be seen.
    (tmp_path / "known.toml").write_text(
        f'[[operations]]\ninclude-path = "/offers/{{offer_id}}/status"\n'
        f'parameters = {{ offer_id = "{OFFER}" }}\n'
    )
    for config in ([], ["--config-file", str(tmp_path / "known.toml")]):
        run = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", *config, "run"),
                f"{client.simulator.url}/openapi.json",
                *("--header", f"Authorization: Bearer {client.simulator.token}"),
                *("--checks", "all", "--exclude-checks", ",".join(EXCLUDED)),
                *("--max-examples", "10", "--seed", "1", "--warnings", "off", "--no-color"),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "NO_PROXY": "*"},
            timeout=240,
        )
        assert run.returncode == 0, run.stdout + run.stderr
    log = client.simulator.requests()
    codes = {request["code"] for request in log if request["offer_id"]}
    assert {200, 401, 404, 422} <= codes, codes
    assert client.simulator.stderr() == ""

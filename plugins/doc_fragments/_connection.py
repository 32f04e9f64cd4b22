# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation shared by everything that asks the Supply API: where it is, and as whom."""

from __future__ import annotations


class ModuleDocFragment:
    """The connection options. A module needs the first fragment, a plugin both."""

    DOCUMENTATION = r"""
options:
  api_token:
    description:
      - The token for the Supply API.
      - Mutually exclusive with O(api_token_file). If you set neither, E(COMPUTE_DESK_API_TOKEN) is used, or
        E(COMPUTE_DESK_API_TOKEN_FILE). An option always beats the environment.
      - It is never shown, returned, stored or logged.
    type: str
  api_token_file:
    description:
      - A file that holds the token for the Supply API, and nothing else.
      - It is read again when the API answers 401, so you can renew the token during a wait.
      - A relative path begins in the folder of the playbook in a task, and in the folder you type the command in for an
        inventory; a whole path, or one with C(~), means the same file in both.
      - Mutually exclusive with O(api_token). If you set neither, E(COMPUTE_DESK_API_TOKEN_FILE) is used, or
        E(COMPUTE_DESK_API_TOKEN).
    type: path
  api_url:
    description:
      - The address of the Supply API.
      - Plain C(http) is refused unless the host is a loopback address, because it would send the token unencrypted.
      - If not set, E(COMPUTE_DESK_API_URL) is used.
    type: str
    default: https://supply-api.compute-desk.com
  validate_certs:
    description:
      - Whether to check the API's TLS certificate. Turn this off for tests only.
      - If not set, E(COMPUTE_DESK_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file or folder of certificate authorities to trust instead of the system's.
      - If not set, E(COMPUTE_DESK_CA_PATH) is used.
    type: path
  request_timeout:
    description:
      - How many seconds one request may take, from connecting to the last byte.
      - If not set, E(COMPUTE_DESK_REQUEST_TIMEOUT) is used.
    type: float
    default: 30
  concurrency:
    description:
      - How many requests to send at once, from 1 to 64.
      - If not set, E(COMPUTE_DESK_CONCURRENCY) is used.
    type: int
    default: 8
requirements:
  - requests
notes:
  - Proxies are taken from the usual environment variables, such as E(HTTPS_PROXY) and E(NO_PROXY).
    A loopback address is never asked through a proxy.
  - Environment variables are read on the machine where this runs. For a task, that is the controller if C(delegate_to)
    or C(hosts) is V(localhost).
"""

    # Ansible reads a plugin's options from the environment itself, and merges this with the above.
    PLUGIN = r"""
options:
  api_token:
    env:
      - name: COMPUTE_DESK_API_TOKEN
  api_token_file:
    env:
      - name: COMPUTE_DESK_API_TOKEN_FILE
  api_url:
    env:
      - name: COMPUTE_DESK_API_URL
  validate_certs:
    env:
      - name: COMPUTE_DESK_VALIDATE_CERTS
  ca_path:
    env:
      - name: COMPUTE_DESK_CA_PATH
  request_timeout:
    env:
      - name: COMPUTE_DESK_REQUEST_TIMEOUT
  concurrency:
    env:
      - name: COMPUTE_DESK_CONCURRENCY
"""

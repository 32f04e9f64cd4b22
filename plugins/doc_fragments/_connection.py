# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation shared by everything that asks the Supply API: where it is, and as whom."""

from __future__ import annotations


class ModuleDocFragment:
    """The connection options: as a module has them, and as a plugin has them."""

    DOCUMENTATION = r"""
options:
  api_token:
    description:
      - The token for the Supply API.
      - Without it and without O(api_token_file), the environment variable E(COMPUTE_DESK_API_TOKEN) is used.
        An option always beats the environment.
      - It is never shown, returned or logged.
    type: str
  api_token_file:
    description:
      - A file that holds the token for the Supply API, and nothing else.
      - It is read again when the API answers 401, so that a token can be renewed while a wait goes on.
      - Without it and without O(api_token), the environment variable E(COMPUTE_DESK_API_TOKEN_FILE) is used.
      - Mutually exclusive with O(api_token).
    type: path
  api_url:
    description:
      - The address of the Supply API.
      - Plain C(http) is refused, because it would send the token unencrypted, unless the host is a loopback address.
      - If not given, the environment variable E(COMPUTE_DESK_API_URL) is used, if it is set.
    type: str
    default: https://supply-api.compute-desk.com
  validate_certs:
    description:
      - Whether to check the API's TLS certificate. Turn it off for tests only.
      - If not given, the environment variable E(COMPUTE_DESK_VALIDATE_CERTS) is used, if it is set.
    type: bool
    default: true
  ca_path:
    description:
      - A file or folder of certificate authorities to trust instead of the system's.
      - If not given, the environment variable E(COMPUTE_DESK_CA_PATH) is used, if it is set.
    type: path
  request_timeout:
    description:
      - How many seconds one request may take, from connecting to the last byte.
      - If not given, the environment variable E(COMPUTE_DESK_REQUEST_TIMEOUT) is used, if it is set.
    type: float
    default: 30
  concurrency:
    description:
      - How many requests may be under way at once, from 1 to 64.
      - If not given, the environment variable E(COMPUTE_DESK_CONCURRENCY) is used, if it is set.
    type: int
    default: 8
requirements:
  - requests
notes:
  - Proxies are taken from the usual environment variables, such as E(HTTPS_PROXY) and E(NO_PROXY).
    A loopback address is never asked through a proxy.
  - Environment variables are those of the machine on which the module runs. That is the controller if the task has
    C(delegate_to) or C(hosts) with V(localhost).
"""

    # A plugin's options are read from the environment only where they say so themselves.
    PLUGIN = r"""
options:
  api_token:
    description:
      - The token for the Supply API. It is never shown, stored or logged.
      - Mutually exclusive with O(api_token_file). An option in the file beats both environment variables.
    type: str
    env:
      - name: COMPUTE_DESK_API_TOKEN
  api_token_file:
    description:
      - A file that holds the token for the Supply API, and nothing else.
      - Mutually exclusive with O(api_token).
    type: path
    env:
      - name: COMPUTE_DESK_API_TOKEN_FILE
  api_url:
    description:
      - The address of the Supply API.
      - Plain C(http) is refused, because it would send the token unencrypted, unless the host is a loopback address.
    type: str
    default: https://supply-api.compute-desk.com
    env:
      - name: COMPUTE_DESK_API_URL
  validate_certs:
    description:
      - Whether to check the API's TLS certificate. Turn it off for tests only.
    type: bool
    default: true
    env:
      - name: COMPUTE_DESK_VALIDATE_CERTS
  ca_path:
    description:
      - A file or folder of certificate authorities to trust instead of the system's.
    type: path
    env:
      - name: COMPUTE_DESK_CA_PATH
  request_timeout:
    description:
      - How many seconds one request may take, from connecting to the last byte.
      - An offer whose request fails in a way that may pass is asked up to three times. No attempt begins later than
        this many seconds after the first one.
    type: float
    default: 30
    env:
      - name: COMPUTE_DESK_REQUEST_TIMEOUT
  concurrency:
    description:
      - How many requests may be under way at once, from 1 to 64.
    type: int
    default: 8
    env:
      - name: COMPUTE_DESK_CONCURRENCY
requirements:
  - requests
notes:
  - Proxies are taken from the usual environment variables, such as E(HTTPS_PROXY) and E(NO_PROXY).
    A loopback address is never asked through a proxy.
"""

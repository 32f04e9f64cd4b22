# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may do what: an administrator of the system, and one of an organization."""

from __future__ import annotations

from .refusal import Refusal

TOKEN = "token-of-the-administrator"
ORGANIZATION_TOKEN = "token-of-an-administrator-of-the-organization"


def check(authorization: str | None, method: str, path: str) -> None:
    """Refuse a request of somebody unknown, and what the administrator of one may not do."""
    if authorization == f"Bearer {TOKEN}":
        return
    if authorization != f"Bearer {ORGANIZATION_TOKEN}":
        raise Refusal(401, {"detail": "Authentication credentials were not provided."})
    # Credential types belong to no organization.
    if method != "GET" and path.startswith("/api/v2/credential_types/"):
        text = "You do not have permission to perform this action."
        raise Refusal(403, {"detail": text})

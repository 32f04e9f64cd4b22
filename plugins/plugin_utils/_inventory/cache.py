# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cache of a source: opened as its options say, and read without trusting the contents."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.inventory import get_cache_plugin

from ...module_utils._text import printable
from .stored import StoredOffer, from_entry


def open_cache(plugin: t.Any) -> t.Any:
    """Return the cache that the options of an inventory plugin name."""
    # It returns answers of any age, and gather() judges that: on_error=stale needs the old ones.
    options = {"_timeout": 0}
    for name, option in (("_uri", "cache_connection"), ("_prefix", "cache_prefix")):
        if plugin.get_option(option) is not None:
            options[name] = plugin.get_option(option)
    return get_cache_plugin(plugin.get_option("cache_plugin"), **options)


def stored_offers(
    cache: t.Any, key: str, warn: t.Callable[[str], object]
) -> dict[str, StoredOffer]:
    """Return the stored answers; none, with a warning, if the entry is damaged or not ours."""
    try:
        return from_entry(cache[key])
    except KeyError:
        return {}
    # A cache plugin can raise anything over a damaged entry.
    except Exception as exc:  # noqa: BLE001 - the warning says it
        cache.pop(key, None)
        warn(f"The stored answers are damaged and will be replaced: {printable(to_text(exc), 300)}")
        return {}

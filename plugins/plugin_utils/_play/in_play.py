# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of a host within a play. ``hostvars`` has none of the play's own.

Those of a play are also what a user sets with ``vars`` of ``import_playbook``.
"""

from __future__ import annotations

import typing as t

from ansible.template import Templar

# Set by the plays for each machine, and by nobody else.
_NOT_GIVEN = ("instance_ready_began_at", "instance_ready_not_later_than")


class VariablesInPlay(t.Mapping[str, t.Any]):
    """The variables of one host as its tasks in a play see them. Raises AnsibleError for a template
    that is wrong.
    """

    def __init__(self, hostvars: t.Any, name: str, play: t.Any) -> None:
        host = hostvars._inventory.get_host(name)
        self._raw: dict[str, t.Any] = hostvars._variable_manager.get_vars(
            play=play, host=host, include_hostvars=False
        )
        self._templar = Templar(loader=hostvars._loader, variables=self._raw)
        self._of_play = set(play.get_vars())

    def __getitem__(self, name: str) -> t.Any:
        if name in _NOT_GIVEN:
            raise KeyError(name)
        return self._templar.template(self._raw[name])

    def __iter__(self) -> t.Iterator[str]:
        return (name for name in self._raw if name not in _NOT_GIVEN)

    def __len__(self) -> int:
        return sum(1 for _name in self)

    def given_with_play(self, names: t.Iterable[str]) -> list[str]:
        """Return those of these variables that the play sets."""
        return [name for name in names if name in self._of_play and name not in _NOT_GIVEN]

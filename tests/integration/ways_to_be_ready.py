# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines that are ready or not in each way there is, and what is to be said of them."""

from __future__ import annotations

import typing as t
from pathlib import Path

from .ready_fleet import SHORT, cloud_init

FAILED_BOOT = (
    "status: error",
    "errors:",
    "\t- ('scripts_user', RuntimeError('boom {{ 6 * 7 }}'))",
    "recoverable_errors: {}",
)
DEGRADED_BOOT = (
    "status: done",
    "extended_status: degraded done",
    "errors: []",
    "recoverable_errors:",
    "WARNING:",
    "\t- No template found {{ 6 * 7 }}",
)

# Its machine, its kind, and how its sentence begins.
BAD: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "closed": (
        {"ssh": {"behaviour": "refuse"}, **SHORT},
        "refused",
        (
            r"The connection was refused: nothing listens there \(tried address 127\S+ from "
            r"ansible_host, port \d+ from ansible_port, user root from ansible_user\)\. If the "
        ),
    ),
    "silent": (
        {"ssh": {"behaviour": "silent"}, **SHORT},
        "timed_out",
        r"There was no answer within \d s \(tried address 127\S+ from .*\)\. Check the addr",
    ),
    "strange": (
        {
            "ssh": {"behaviour": "deny"},
            "variables": {"instance_ready_permission_denied_timeout": 4},
        },
        "permission_denied",
        (
            r"Permission denied: the machine answers, but rejects this user \(tried "
            r".*\)\. Check that the image has this user, and that you use the key that "
        ),
    ),
    "replaced": (
        {},
        "host_key_changed",
        (
            r"Its host key has changed; it is now SHA256:.* Then "
            r"remove the old key: ssh-keygen -f \S+known_hosts -R '\[127\.[0-9.]+\]:\d+'$"
        ),
    ),
    "unborn": (
        cloud_init(*FAILED_BOOT, rc=1),
        "cloud_init_failed",
        r"Cloud-init failed: \('scripts_user', RuntimeError\('boom {{ 6 \* 7 }}'\)\)\. See ",
    ),
}

NO_PYTHON = {"python3": {"rc": 127}}
ONLY_PYTHON3 = {"ansible_interpreter_python_fallback": ["python3"]}
INSTALL = {"instance_ready_install_python": True, **ONLY_PYTHON3}
APT_GET = {
    "script": '#!/bin/sh\ncase "$*" in *install*python3) '
    'ln -sf "$(command -v python3.11 || echo /usr/bin/python3)" "${0%/*}/python3";; esac\n'
}
SUDO = {
    "script": '#!/bin/sh\necho >> ~/sudo-was-used\nwhile [ "$1" != /bin/sh ]; do shift; done\n'
    'exec "$@"\n'
}

MACHINES: dict[str, dict[str, t.Any]] = {
    "done": cloud_init("status: done"),
    "degraded": cloud_init(*DEGRADED_BOOT, rc=2),
    "hidden": cloud_init(*DEGRADED_BOOT),
    "failed": cloud_init(*FAILED_BOOT, rc=1),
    "forgiven": {
        **cloud_init(*FAILED_BOOT, rc=1),
        "variables": {"instance_ready_ignore_cloud_init_errors": True},
    },
    "hanging": {
        **cloud_init(sleep=600),
        "variables": {"instance_ready_cloud_init_timeout": 3},
    },
    "unasked": {
        **cloud_init(sleep=600),
        "variables": {"instance_ready_cloud_init_timeout": 0},
    },
    # The session ends by a signal once, as when the machine reboots.
    "rebooting": {
        "commands": {
            "cloud-init": {
                "script": "#!/bin/sh\n[ -e ~/booted ] && exit 0\ntouch ~/booted\n"
                'kill -9 "$(cut -d" " -f6 /proc/$$/stat)"\n'
            }
        }
    },
    # cloud-init is done, and the machine is on its way down.
    "leaving": {
        "commands": {
            "systemctl": {
                "script": "#!/bin/sh\n[ -e ~/back ] && echo running && exit 0\n"
                "touch ~/back\necho stopping\n"
            }
        }
    },
    "gone": {
        "commands": {"systemctl": {"stdout": "stopping\n"}},
        "variables": {"instance_ready_cloud_init_timeout": 3},
    },
    "dropping": {"ssh": {"behaviour": "drop"}, **SHORT},
    # It lets us in, and then nothing comes back.
    "stuck": {"commands": {"id": {"sleep": 600}}, **SHORT},
    "elsewhere": {"variables": {"ansible_python_interpreter": "/nonexistent/python"}},
    "pythonless": {"commands": NO_PYTHON, "variables": ONLY_PYTHON3},
    "installed": {"commands": {**NO_PYTHON, "apt-get": APT_GET}, "variables": INSTALL},
    "sudoer": {
        "ssh": {"user": "ubuntu"},
        "commands": {
            **NO_PYTHON,
            "apt-get": APT_GET,
            "sudo": SUDO,
            "id": {"stdout": "1000\n"},
        },
        "variables": INSTALL,
    },
    "uninstallable": {
        "commands": {**NO_PYTHON, "apt-get": {"rc": 100, "stderr": "no mirror answers\n"}},
        "variables": INSTALL,
    },
    # It says that it is a Python, and is none.
    "factless": {
        "commands": {
            "python3": {
                "rc": 1,
                "stderr": "no such module",
                "answers": [{"args": "-c *version_info*", "stdout": "3.11.2"}],
            }
        },
        "variables": {"ansible_python_interpreter": "python3"},
    },
    "foreign": {"variables": INSTALL},
    "locked": {"variables": {"instance_ready_package_lock_timeout": 3}},
}

# The kind of each, of one more, and of two hosts that are no machines.
KINDS = {
    "done": None,
    "degraded": None,
    "hidden": None,
    "failed": "cloud_init_failed",
    "forgiven": None,
    "hanging": "cloud_init_failed",
    "unasked": None,
    "rebooting": None,
    "leaving": None,
    "gone": "rebooting",
    "dropping": "unreachable",
    "stuck": "timed_out",
    "elsewhere": "no_python",
    "pythonless": "no_python",
    "installed": None,
    "sudoer": None,
    "uninstallable": "no_python",
    "factless": "facts_failed",
    "foreign": "not_allowed",
    "locked": "package_lock",
    "unlocked": None,
    "here": None,
    "herebut": "not_allowed",
}


def unlocked(looked: Path) -> dict[str, t.Any]:
    """Return a machine that makes a file soon after its locks are looked at."""
    return {
        "commands": {
            "stat": {
                "script": f"#!/bin/sh\n(sleep 1; touch {looked}) </dev/null >/dev/null 2>&1 &\n"
                'exec /usr/bin/stat "$@"\n'
            }
        },
    }

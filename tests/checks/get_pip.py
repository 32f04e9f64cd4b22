# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installs pip into the environment of the Python that runs this, from the package index alone.

ansible-test makes its environments without pip, some thirty of them, and looks for a get-pip script
in its cache before it downloads one. It calls it with the versions that it wants,
and with options that only the real get-pip has.
"""

import shutil
import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if not argument.startswith("-")]

# uv takes half a second for what costs the other way five.
uv = shutil.which("uv")
if uv:
    command = [uv, "pip", "install", "--quiet", "--native-tls", "--python", sys.executable]
    if subprocess.call(command + wanted) == 0:
        sys.exit(0)

# In processes of their own: ensurepip inside this one would shed the pip settings of the machine,
# certificates among them.
subprocess.check_call([sys.executable, "-m", "ensurepip"])
subprocess.check_call([sys.executable, "-m", "pip", "install", *wanted])

# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of the collection. `make check` runs the default ones, `nox --list` names them all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import typing as t
from pathlib import Path

import antsibull_nox
import nox
import yaml
from nox.logger import logger

sys.path.insert(0, str(Path(__file__).resolve().parent / "tests"))

from checks import certification, pins, preview, pythons
from support import pip_settings

ROOT = Path(__file__).resolve().parent
CHECKS = ROOT / "tests" / "checks"


class Core(t.NamedTuple):
    """What one ansible-core needs."""

    # Pythons for its ansible-test and for playbooks; the first that is present is taken.
    controllers: tuple[str, ...]
    # The oldest Python of a managed host that it and the collection support.
    oldest_target: str
    # The version of the get-pip that its ansible-test looks for.
    get_pip: str


CORES = {
    "2.16": Core(("3.11", "3.12", "3.10"), "3.8", "23_1_2"),
    "2.17": Core(("3.12", "3.11", "3.10"), "3.8", "23_1_2"),
    "2.18": Core(("3.12", "3.13", "3.11"), "3.8", "24_2"),
    "2.19": Core(("3.13", "3.12", "3.11"), "3.8", "24_2"),
    "2.20": Core(("3.13", "3.14", "3.12"), "3.9", "25_2"),
    "2.21": Core(("3.13", "3.14", "3.12"), "3.9", "25_2"),
}
OLDEST, NEWEST = "2.16", "2.21"
# What of tests/integration runs on them, with the tests that are marked as slow. 2.19 is the one
# that `make test` takes, with Python 3.11. The others differ most of all in templates, and in what
# they print.
PLAYBOOK_CORES = {
    OLDEST: [
        "tests/integration/test_check_variables.py",
        "tests/integration/test_configure.py",
        "tests/integration/test_examples.py",
        "tests/integration/test_guide_inventory.py",
        "tests/integration/test_guides.py",
        "tests/integration/test_hostile_machines.py",
        "tests/integration/test_inventory_cache.py",
        "tests/integration/test_inventory_hostile.py",
        "tests/integration/test_keywords.py",
        "tests/integration/test_rounds.py",
        "tests/integration/test_summary.py",
    ],
    "2.18": [
        "tests/integration/test_guide_inventory.py",
        "tests/integration/test_inventory_hostile.py",
    ],
    "2.19": ["tests/integration"],
    NEWEST: [
        "tests/integration/test_configure.py",
        "tests/integration/test_configure_limits.py",
        "tests/integration/test_failed_results.py",
        "tests/integration/test_faults.py",
        "tests/integration/test_gpu_files.py",
        "tests/integration/test_gpu_fleet.py",
        "tests/integration/test_gpu_verify.py",
        "tests/integration/test_guide_inventory.py",
        "tests/integration/test_guides.py",
        "tests/integration/test_hostile_machines.py",
        "tests/integration/test_import_playbook.py",
        "tests/integration/test_instance_ready.py",
        "tests/integration/test_inventory_cache.py",
        "tests/integration/test_inventory_hostile.py",
        "tests/integration/test_inventory_ssh.py",
        "tests/integration/test_keywords.py",
        "tests/integration/test_module_documentation.py",
        "tests/integration/test_own_process.py",
        "tests/integration/test_progress.py",
        "tests/integration/test_rounds.py",
        "tests/integration/test_summary.py",
    ],
}

# Parallel sessions are processes of their own, which load this file again, with HOME changed.
REAL_HOME = os.environ.setdefault("REAL_HOME_OF_CHECKS", os.environ.get("HOME", "/"))


def prepare_environment() -> None:
    """Make every session find real Pythons, and write nothing outside this folder but caches."""
    own_bin = str(Path(sys.executable).parent)
    path = pythons.real_path(os.environ.get("PATH", os.defpath))
    os.environ["PATH"] = os.pathsep.join([own_bin, path])
    # nox and uv would fetch a Python that is missing; here it is a reason to skip, and to say so.
    nox.options.download_python = "never"
    os.environ["UV_PYTHON_DOWNLOADS"] = "never"
    # A test that hangs ends after so many minutes; the slowest session takes a fifth of that.
    os.environ.setdefault("ANTSIBULL_NOX_TIMEOUT", "20")
    os.environ["UV_CONSTRAINT"] = pins.files()
    # uv reads no settings of pip, which may be the only ones that know the way out of this network.
    for name, value in pip_settings.for_uv(pip_settings.read()).items():
        os.environ.setdefault(name, value)

    use_home("home")


def use_home(name: str) -> None:
    """Turn HOME into a folder of our own, with the person's settings and caches in it."""
    home = ROOT / ".nox" / name
    home.mkdir(parents=True, exist_ok=True)
    cache = Path(REAL_HOME, ".cache")
    cache.mkdir(exist_ok=True)
    os.environ.setdefault("XDG_CACHE_HOME", str(cache))
    for entry in (".cache", ".config", ".gitconfig", ".netrc", ".pip"):
        theirs, ours = Path(REAL_HOME, entry), home / entry
        if theirs.exists() and not ours.is_symlink():
            ours.symlink_to(theirs)
    os.environ["HOME"] = str(home)


def prepare_ansible_test(name: str, get_pip: str) -> None:
    """Give ansible-test what it keeps in HOME: dozens of environments, and a get-pip script.

    Each session has a HOME to itself, so that several can run at the same time.
    """
    use_home(f"home-{name}")
    cache = Path.home() / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(CHECKS / "get_pip.py", cache / f"get_pip_{get_pip}.py")


def drop_venvs() -> None:
    """Delete what ansible-test leaves: links into environments, which the copy back trips over."""
    shutil.rmtree("tests/output/.tmp", ignore_errors=True)


def add_skipped(name: str, core: str, default: bool) -> None:
    """Add a session that only says why it cannot run."""
    wanted = " or ".join(sorted(CORES[core].controllers))

    @nox.session(name=name, default=default, python=False)
    def skipped(session: nox.Session) -> None:
        """Needs a Python that is missing on this machine."""
        session.skip(f"NOT RUN: ansible-core {core} needs Python {wanted}, and none was found")


def add_ansible_test(kind: str, core: str, default: bool) -> None:
    name = f"{kind}-{core}"
    if not pythons.find_python(*CORES[core].controllers):
        add_skipped(name, core, default)
        return
    oldest = CORES[core].oldest_target
    has_oldest = pythons.find_python(oldest) is not None

    def prepare() -> None:
        prepare_ansible_test(name, CORES[core].get_pip)
        if kind == "units" and not has_oldest:
            logger.warning(f"NOT RUN: the unit tests on Python {oldest}, because none was found")

    if kind == "units":
        # On the oldest Python that a managed host may have, and on the one that runs ansible-core.
        # `sanity` compiles and imports everything on those in between.
        targets = [oldest, "default"] if has_oldest else ["default"]
        parameters = ["--controller", "origin:python=venv/default"]
        parameters += [f"--target-python=venv/{target}" for target in targets]
        # The other unit tests are those of the simulator, which no user of the collection has, and
        # which needs a newer Python than some of these.
        parameters.append("tests/unit/plugins/")
    else:
        parameters = ["--venv"]
    antsibull_nox.add_ansible_test_session(
        name=name,
        description=f"Run ansible-test {kind} with ansible-core {core}",
        ansible_test_params=[kind, "-v", "--color", "no", *parameters],
        default=default,
        ansible_core_version=core,
        ansible_core_source="pypi",
        callback_before=prepare,
        callback_after=drop_venvs,
    )
    pins.bind(name, core)


def add_playbooks(core: str) -> None:
    found = pythons.find_python(*CORES[core].controllers)
    if not found:
        add_skipped(f"playbooks-{core}", core, default=core != "2.19")
        return

    # Alone on the machine: they wait for things, and give up on those after a while.
    @nox.session(
        name=f"playbooks-{core}", python=found[1], allow_parallel=False, default=core != "2.19"
    )
    def playbooks(session: nox.Session) -> None:
        """Run the tests in tests/integration, with real playbooks."""
        pins.use(session, core)
        session.install(f"ansible-core=={core}.*", "-r", "tests/requirements.txt")
        session.run(
            "pytest",
            *(session.posargs or [*PLAYBOOK_CORES[core], "-n", "4", "-q"]),
            # ssh takes its folder from the passwd entry, so everything else should agree with it.
            env={"HOME": REAL_HOME},
        )


def add_awx(core: str, default: bool) -> None:
    found = pythons.find_python(*CORES[core].controllers)
    if not found:
        add_skipped(f"awx-{core}", core, default)
        return

    # Alone on the machine, like the playbooks.
    @nox.session(name=f"awx-{core}", python=found[1], allow_parallel=False, default=default)
    def awx(session: nox.Session) -> None:
        """Run the tests in tests/awx, with ansible-runner and the real collection awx.awx."""
        pins.use(session, core)
        session.install(f"ansible-core=={core}.*", "-r", "tests/awx/requirements.txt")
        session.run("python", "tests/awx/fetch.py", ".nox/awx")
        session.run(
            "pytest",
            *(session.posargs or ["tests/awx", "-n", "4", "--dist", "worksteal", "-q"]),
            # One test runs the role five times.
            *("-o", "faulthandler_timeout=600"),
            env={"HOME": REAL_HOME},
        )


def add_ee() -> None:
    found = pythons.find_python(*CORES[NEWEST].controllers)
    if not found:
        add_skipped("ee", NEWEST, default=False)
        return

    @nox.session(python=found[1], allow_parallel=False, default=False)
    def ee(session: nox.Session) -> None:
        """Build the execution environment as an image, and run jobs in it; needs root."""
        pins.use(session, NEWEST)
        session.install(f"ansible-core=={NEWEST}.*", "-r", "tests/awx/requirements.txt")
        session.run("python", "tests/awx/fetch.py", ".nox/awx")
        environment = {"HOME": REAL_HOME, "PYTHONPATH": "tests"}
        session.run("python", "-m", "ee", env=environment)
        session.run("pytest", *(session.posargs or ["-q", "tests/ee"]), env=environment)


def check_artifact(session: nox.Session, *arguments: str) -> None:
    """Run tests/release with the oldest and the newest ansible-core."""
    cores = []
    for core in (OLDEST, NEWEST):
        found = pythons.find_python(*CORES[core].controllers)
        if found:
            cores.append(f"{core}={found[1]}")
        elif any(argument.startswith("--tag") for argument in arguments):
            session.error(f"A release is checked on ansible-core {core}: install a Python for it")
        else:
            logger.warning(
                f"NOT RUN: the artifact on ansible-core {core}: no Python for it, none was found"
            )
    pins.use(session, pins.NEWEST)
    session.install("-r", "tests/e2e/requirements.txt")
    session.run("python", "-m", "release", *arguments, *cores, env={"PYTHONPATH": "tests"})


prepare_environment()
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True
nox.options.allow_parallel = True
antsibull_nox.load_antsibull_nox_toml()


@nox.session
def ruff(session: nox.Session) -> None:
    """Run ruff over every Python file: linter, and formatter without changing anything."""
    session.install("ruff")
    session.run("ruff", "check", *session.posargs, ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(default=False, name="format")
def format_(session: nox.Session) -> None:
    """Format every Python file, and apply the safe fixes of the linter."""
    session.install("ruff")
    session.run("ruff", "check", "--fix-only", ".")
    session.run("ruff", "format", ".")


@nox.session(python=False)
def headers(session: nox.Session) -> None:
    """Check that every file names its license."""
    session.run("python", "tests/checks/headers.py", *session.posargs)


@nox.session
def changelog(session: nox.Session) -> None:
    """Check the changelog, its fragments, and that it lists the plugins that there are."""
    session.install("antsibull-changelog", "ansible-core")
    session.run("antsibull-changelog", "lint")
    session.run("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    # Not in the checkout: antsibull-changelog would ask git for the files, which ignores .nox.
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "supply"
        for folder in ("meta", "playbooks", "plugins", "roles"):
            if (ROOT / folder).is_dir():
                shutil.copytree(ROOT / folder, copy / folder)
        (copy / "changelogs" / "fragments").mkdir(parents=True)
        written = ("CHANGELOG.rst", "changelogs/changelog.yaml")
        for file in ("galaxy.yml", "changelogs/config.yaml", *written):
            shutil.copyfile(ROOT / file, copy / file)
        if refresh_changelog(session, copy) and any(
            (ROOT / file).read_text() != (copy / file).read_text() for file in written
        ):
            session.error("The changelog is not up to date: run nox -s changelog-update")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site; every warning and every dead link is an error."""
    session.install("-r", "tests/docsite/requirements.txt")
    session.run("python", "-m", "docsite", "site", env={"PYTHONPATH": "tests"})


@nox.session(name="changelog-update", default=False)
def changelog_update(session: nox.Session) -> None:
    """Bring the changelog of the version in galaxy.yml up to date; uses up its fragments."""
    session.install("antsibull-changelog", "ansible-core")
    if not refresh_changelog(session, ROOT):
        session.error("No release of this version yet: run antsibull-changelog release")


def refresh_changelog(session: nox.Session, folder: Path) -> bool:
    """Write the changelog in ``folder`` anew, if the version in galaxy.yml has an entry in it."""
    version = yaml.safe_load((folder / "galaxy.yml").read_text())["version"]
    releases = yaml.safe_load((folder / "changelogs" / "changelog.yaml").read_text())["releases"]
    if version not in releases:
        return False
    date = releases[version]["release_date"]
    with session.chdir(folder):
        session.run(
            *("antsibull-changelog", "release", "--update-existing", "--date", date),
            # The entry keeps what is removed later, and the playbooks, which only a fragment named.
            *("--reload-plugins", "--refresh-plugins", "prevent-removal"),
        )
    return True


@nox.session
def workflows(session: nox.Session) -> None:
    """Check what GitHub and pre-commit read, against their schemas and for known weaknesses."""
    session.install("check-jsonschema", "pre-commit", "zizmor")
    github = ROOT / ".github"
    for schema, files in {
        "vendor.github-workflows": github.glob("workflows/*.yml"),
        "custom.github-workflows-require-timeout": github.glob("workflows/*.yml"),
        "vendor.dependabot": [github / "dependabot.yml"],
        "vendor.github-issue-forms": github.glob("ISSUE_TEMPLATE/*_*.yml"),
        "vendor.github-issue-config": [github / "ISSUE_TEMPLATE" / "config.yml"],
    }.items():
        session.run("check-jsonschema", "--builtin-schema", schema, *map(str, sorted(files)))
    session.run("pre-commit", "validate-config", ".pre-commit-config.yaml")
    session.run("zizmor", "--offline", "--no-progress", "--strict-collection", str(github))


@nox.session
def artifact(session: nox.Session) -> None:
    """Build the artifact, compare its content with the reviewed list, and install it."""
    check_artifact(session, "--artifact", *session.posargs)


# Alone on the machine, like the playbooks.
@nox.session(name="release-check", default=False, allow_parallel=False)
def release_check(session: nox.Session) -> None:
    """Check what a release needs: that the versions agree, and the artifact works by itself."""
    check_artifact(session, *session.posargs)


# The newest ansible-core that the Pythons of this machine can run. Where that is not the newest
# there is, the latter stays a default session, to say that it was left out.
runnable = [name for name, core in CORES.items() if pythons.find_python(*core.controllers)]
for name in CORES:
    for kind in ("sanity", "units"):
        add_ansible_test(kind, name, default=name in (OLDEST, NEWEST, *runnable[-1:]))
for name in PLAYBOOK_CORES:
    add_playbooks(name)
for name in (OLDEST, NEWEST):
    add_awx(name, default=name == NEWEST)
preview.add_sessions(prepare_ansible_test)
certification.add_sessions()
add_ee()

"""Makes what the other commands need, and only what is missing or out of date.

    python3 scripts/setup.py run       .venv with the run-time packages, Node's packages, the page built
    python3 scripts/setup.py test      the same, and the packages the tests need
    python3 scripts/setup.py fleet     what workers on other machines need (REDIS_URL), in .venv
    python3 scripts/setup.py gpu       CuPy in .venv, for machines with CUDA 12
    python3 scripts/setup.py oracle    .venv-oracle with PyTorch and its like, for `make test-oracle` and `make bench`

Each step leaves a stamp: a file that holds a hash of everything the step depends on. A step whose stamp still
matches is skipped, so a second `make run` starts at once, and an interrupted step, which left no stamp, is done
again.
Uses the standard library alone, because it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
ORACLE = ROOT / ".venv-oracle"
REQUIREMENTS = ROOT / "requirements"
DIST = ROOT / "static" / "dist"

PAGE_SOURCES = (
    "static/src",
    "templates/standalone.html",
    "playground/worker/data",
    "vite.config.ts",
    "vite.standalone.ts",
    "tsconfig.json",
    "package.json",
    "package-lock.json",
)
"""What `vite build` reads."""

GENERATED_FROM = ("engine", "playground", "scripts", "static/src", "docs")
"""What `gen.py` reads and writes."""

OLDEST_NODE = {20: 19, 22: 12}
"""Vite's own floor: the first minor version it takes, by major version; every later major is new enough."""


class SetupError(Exception):
    """Something that the person has to mend; the message says what and how."""


def main(arguments: list[str]) -> int:
    """Brings everything up to date for the named purpose; returns the exit status."""
    purposes = {
        "run": prepare_run,
        "test": prepare_test,
        "fleet": prepare_fleet,
        "gpu": prepare_gpu,
        "oracle": prepare_oracle,
    }
    if len(arguments) != 1 or arguments[0] not in purposes:
        print(f"usage: setup.py {{{'|'.join(purposes)}}}", file=sys.stderr)
        return 2
    try:
        if sys.version_info < (3, 11):
            raise SetupError(
                f"Python 3.11 or newer is needed, and {sys.executable} is {sys.version.split()[0]}. "
                f"Name another one: make PYTHON=python3.12 {arguments[0]}"
            )
        purposes[arguments[0]]()
    except SetupError as error:
        print(f"set-up failed: {error}", file=sys.stderr)
        return 1
    return 0


def prepare_run() -> None:
    """Everything that serving the playground needs."""
    install(VENV, "run.txt")
    install_node()
    install_packages()
    generate()
    build_page()


def prepare_test() -> None:
    """Everything that the tests need, but for a browser: `browser.py` finds that when it comes to it."""
    install(VENV, "run.txt", "fleet.txt", "test.txt")
    install_node()
    install_packages()
    build_page()


def prepare_fleet() -> None:
    """Celery and Redis's client beside what serving needs."""
    prepare_run()
    install(VENV, "run.txt", "fleet.txt")


def prepare_gpu() -> None:
    """CuPy beside the run-time packages."""
    install(VENV, "run.txt", "gpu.txt")


def prepare_oracle() -> None:
    """PyTorch and the other peers in an environment of their own, so that no other test can lean on them."""
    install(ORACLE, "oracle.txt")


def install(venv: Path, *names: str) -> None:
    """Installs locked requirement files into a virtual environment, made first if there is none that works."""
    python = venv / "bin" / "python"
    files = [REQUIREMENTS / name for name in names]
    stamp = venv / ("." + "+".join(Path(name).stem for name in names))
    # The interpreter is part of the key: an environment does not survive a change of Python under it.
    key = fingerprint(files, sys.version)
    if is_current(stamp, key) and works(python):
        return
    if not works(python) or not is_current(venv / ".python", sys.version):
        say(f"making {venv.name}")
        make_venv(venv)
    say(f"installing {', '.join(f'requirements/{name}' for name in names)} into {venv.name}")
    arguments: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for file in files:
        arguments += ["-r", file]
    command(arguments)
    stamp.write_text(key, encoding="utf-8")


def make_venv(venv: Path) -> None:
    """An empty virtual environment with pip in it."""
    # Not the interpreter of an activated environment: it may be the one that is made anew.
    base: str = getattr(sys, "_base_executable", sys.executable)
    outcome = subprocess.run([base, "-m", "venv", "--clear", venv], capture_output=True, text=True)
    if outcome.returncode != 0:
        raise SetupError(
            f"{base} -m venv did not work:\n{outcome.stdout}{outcome.stderr}"
            "On Debian and Ubuntu the package python3-venv brings what it needs."
        )
    (venv / ".python").write_text(sys.version, encoding="utf-8")


def install_node() -> None:
    """Makes sure of a Node that can build the page: the system's, or else one from PyPI in .venv."""
    if system_node() is None:
        install(VENV, "node.txt")


def system_node() -> Path | None:
    """The system's Node, if it is new enough for Vite and has npm; None otherwise."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    match = re.fullmatch(r"v(\d+)\.(\d+)\..*", version.strip())
    if match is None:
        return None
    major, minor = int(match[1]), int(match[2])
    new_enough = major > max(OLDEST_NODE) or minor >= OLDEST_NODE.get(major, sys.maxsize)
    return Path(node) if new_enough else None


def install_packages() -> None:
    """Node's packages, exactly as package-lock.json has them."""
    stamp = ROOT / "node_modules" / ".setup"
    key = fingerprint([ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc"])
    if is_current(stamp, key):
        return
    say("installing Node's packages (npm ci)")
    # Named, because NODE_ENV=production in the environment would leave the build's own tools out.
    command(["npm", "ci", "--include=dev", "--loglevel=error"])
    stamp.write_text(key, encoding="utf-8")


def generate() -> None:
    """The files that are written from others; they are committed, and stale only where someone works on them."""
    stamp = VENV / ".generated"
    if is_current(stamp, fingerprint(sources(*GENERATED_FROM))):
        return
    command([VENV / "bin" / "python", ROOT / "scripts" / "gen.py"])
    stamp.write_text(fingerprint(sources(*GENERATED_FROM)), encoding="utf-8")


def build_page() -> None:
    """static/dist, from static/src."""
    stamp = DIST / ".setup"
    key = fingerprint(sources(*PAGE_SOURCES))
    if is_current(stamp, key):
        return
    say("building the page (vite build)")
    command(["node", ROOT / "node_modules" / "vite" / "bin" / "vite.js", "build", "--logLevel=warn"])
    stamp.write_text(key, encoding="utf-8")


def sources(*names: str) -> list[Path]:
    """The files and every file in the folders of these names, in an order that does not depend on the disk."""
    found: list[Path] = []
    for name in names:
        path = ROOT / name
        found += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [path for path in found if path.suffix != ".pyc"]


def fingerprint(files: list[Path], *more: str) -> str:
    """A hash of the files' names and contents, and of some further text."""
    state = hashlib.sha256()
    for file in files:
        if not file.is_file():
            raise SetupError(f"{file.relative_to(ROOT)} is missing; the checkout is not complete.")
        content = file.read_bytes()
        state.update(f"{file.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    for text in more:
        state.update(text.encode() + b"\0")
    return state.hexdigest()


def is_current(stamp: Path, key: str) -> bool:
    """Whether the step that writes `stamp` was done for exactly this `key`."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == key


def works(python: Path) -> bool:
    """Whether the virtual environment's interpreter is there and starts."""
    return python.exists() and subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


def command(arguments: list[str | Path]) -> None:
    """Runs a command in the root, with the virtual environment's programs found first."""
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    program = shutil.which(str(arguments[0]), path=path)
    if program is None:
        raise SetupError(f"{arguments[0]} was not found on {path}")
    outcome = subprocess.run([program, *arguments[1:]], cwd=ROOT, env={**os.environ, "PATH": path})
    if outcome.returncode != 0:
        line = " ".join(map(str, arguments))
        raise SetupError(f"this command ended with status {outcome.returncode}: {line}")


def say(text: str) -> None:
    print(f"set-up: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

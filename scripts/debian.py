"""Installs a package of Debian's for the tests, where apt-get may be used: as root, or by sudo without a password."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

SECONDS = 300


def install(package: str) -> bool:
    """Whether it was installed. What apt-get prints goes to stderr."""
    if shutil.which("apt-get") is None:
        return False
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and shutil.which("sudo") is None:
        return False
    print(f"set-up: installing Debian's package {package}", file=sys.stderr, flush=True)
    prefix = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    return run([*prefix, "update"]) and run([*prefix, "install", "--yes", "--no-install-recommends", package])


def run(command: list[str]) -> bool:
    """Whether the command succeeds in time. What it prints goes to stderr."""
    try:
        outcome = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"set-up: {command[0]}: {error}", file=sys.stderr, flush=True)
        return False
    return outcome.returncode == 0

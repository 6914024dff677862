"""Are the references in ``references/`` still what PyTorch gives? Run it where PyTorch 2.13.0 is installed.

Each ``record_*.py`` is run again and what it writes is compared with what was there, which is then put back.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Print a line per file and exit with 1 if one is stale."""
    references = sorted((HERE / "references").glob("*.json"))
    before = {path: path.read_bytes() for path in references}
    failed = 0
    try:
        for script in sorted(HERE.glob("record_*.py")):
            done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
            if done.returncode:
                failed += 1
                print(f"{script.name} failed:\n{done.stderr}")
        for path, old in before.items():
            stale = path.read_bytes() != old
            failed += stale
            print(f"{path.name}: {'stale; record it again with PyTorch 2.13.0' if stale else 'current'}")
    finally:
        for path, old in before.items():
            path.write_bytes(old)
    print(f"{len(references) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

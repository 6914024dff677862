"""Holds the page's JavaScript to its budget: what `vite build` wrote, gzipped, that loads before anything is asked for.

    .venv/bin/python scripts/page_size.py      prints the files' sizes; fails over the budget

The page itself counts, whatever it imports at once, and its workers. Parts that load when they are first needed
(panels, plots, formulas, downloads) do not; they are listed, and each has a budget of its own, but for Plotly.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

DIST = Path(__file__).resolve().parent.parent / "static" / "dist"
BUDGET = 250_000
"""Bytes."""
LAZY_BUDGET = 120_000
"""Bytes of any part that loads later, but for Plotly."""


def main() -> int:
    """Prints the table; returns 1 if the page or a later part is over its budget."""
    try:
        files = sizes()
    except FileNotFoundError as error:
        print(f"page size: {error.filename} is missing; build the page first (make build)", file=sys.stderr)
        return 1
    heavy = []
    for name, size, later in files:
        if later and "plotly" not in name and size > LAZY_BUDGET:
            heavy.append(name)
        print(f"{size:>9,}  {name}{'  (later)' if later else ''}")
    total = at_once(files)
    print(f"{total:>9,}  bytes gzipped of {BUDGET:,} before what loads later")
    if total > BUDGET:
        print(f"page size: {total - BUDGET:,} bytes over the budget", file=sys.stderr)
    for name in heavy:
        print(f"page size: {name} is over the {LAZY_BUDGET:,} bytes of a later part", file=sys.stderr)
    return 1 if total > BUDGET or heavy else 0


def sizes() -> list[tuple[str, int, bool]]:
    """Each script's name, its bytes gzipped, whether it loads later. Raises FileNotFoundError if nothing is built."""
    manifest: dict[str, dict[str, Any]] = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
    later = {str(chunk["file"]) for chunk in manifest.values()} - _at_once(manifest)
    files = []
    for path in sorted(DIST.rglob("*.js")):
        name = path.relative_to(DIST).as_posix()
        size = len(gzip.compress(path.read_bytes(), compresslevel=9, mtime=0))
        files.append((name, size, name in later))
    return files


def at_once(files: list[tuple[str, int, bool]]) -> int:
    """Bytes of what does not load later."""
    return sum(size for _, size, later in files if not later)


def _at_once(manifest: dict[str, dict[str, Any]]) -> set[str]:
    """The files of the entries and of all they import statically. Workers are not in the manifest: they count."""
    waiting = [key for key, chunk in manifest.items() if chunk.get("isEntry")]
    seen: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += manifest[key].get("imports", [])
    return {str(manifest[key]["file"]) for key in seen}


if __name__ == "__main__":
    sys.exit(main())

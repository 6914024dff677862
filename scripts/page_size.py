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
    manifest_file = DIST / "manifest.json"
    if not manifest_file.is_file():
        print(f"page size: {manifest_file} is missing; build the page first (make build)", file=sys.stderr)
        return 1
    manifest: dict[str, dict[str, Any]] = json.loads(manifest_file.read_text(encoding="utf-8"))
    later = {str(chunk["file"]) for chunk in manifest.values()} - _at_once(manifest)
    plotly = {str(chunk["file"]) for key, chunk in manifest.items() if "plotly" in key}
    total = 0
    heavy = []
    for path in sorted(DIST.rglob("*.js")):
        name = path.relative_to(DIST).as_posix()
        size = len(gzip.compress(path.read_bytes(), compresslevel=9, mtime=0))
        total += 0 if name in later else size
        if name in later and name not in plotly and size > LAZY_BUDGET:
            heavy.append(name)
        print(f"{size:>9,}  {name}{'  (later)' if name in later else ''}")
    print(f"{total:>9,}  bytes gzipped of {BUDGET:,} before what loads later")
    if total > BUDGET:
        print(f"page size: {total - BUDGET:,} bytes over the budget", file=sys.stderr)
    for name in heavy:
        print(f"page size: {name} is over the {LAZY_BUDGET:,} bytes of a later part", file=sys.stderr)
    return 1 if total > BUDGET or heavy else 0


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

"""Holds the page's JavaScript to its budget: what `vite build` wrote, gzipped, but for Plotly.

    .venv/bin/python scripts/page_size.py      prints the files' sizes; fails over the budget

Everything counts that a person may have to load before the first plot: the page, what it imports at once or later,
and its workers. Plotly alone does not, which is why it must be a chunk of its own.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

DIST = Path(__file__).resolve().parent.parent / "static" / "dist"
BUDGET = 250_000
"""Bytes."""


def main() -> int:
    """Prints the table; returns 1 if the page is over its budget or Plotly is not a chunk of its own."""
    manifest_file = DIST / "manifest.json"
    if not manifest_file.is_file():
        print(f"page size: {manifest_file} is missing; build the page first (make build)", file=sys.stderr)
        return 1
    manifest: dict[str, dict[str, object]] = json.loads(manifest_file.read_text(encoding="utf-8"))
    plotly = {
        str(chunk["file"]) for key, chunk in manifest.items() if "plotly" in key and "isDynamicEntry" in chunk
    }
    if not plotly:
        print("page size: the manifest has no chunk of Plotly that is loaded on demand", file=sys.stderr)
        return 1
    total = 0
    for path in sorted(DIST.rglob("*.js")):
        name = path.relative_to(DIST).as_posix()
        size = len(gzip.compress(path.read_bytes(), compresslevel=9, mtime=0))
        counted = name not in plotly
        total += size if counted else 0
        print(f"{size:>9,}  {name}{'' if counted else '  (Plotly: not counted)'}")
    print(f"{total:>9,}  bytes gzipped of {BUDGET:,}")
    if total > BUDGET:
        print(f"page size: {total - BUDGET:,} bytes over the budget", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

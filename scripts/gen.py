"""Writes every generated file (``make gen``), or with ``--check`` says which are stale (``make gen-check``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import (  # the root must be importable first
    gen_docs,
    gen_formulas,
    gen_missing,
    gen_names,
    gen_ops,
    gen_palette,
    gen_programs,
    gen_protocol,
    gen_why,
)

GENERATED: dict[str, Callable[[], str]] = {
    "static/src/protocol.gen.ts": gen_protocol.render,
    "docs/protocol.md": gen_docs.wire,
    "docs/deploy.md": gen_docs.deploy,
    "docs/missing.md": gen_missing.render,
    "docs/ops.md": gen_ops.render,
    "static/src/names.gen.json": gen_names.render,
    "static/src/formulas.gen.json": gen_formulas.render,
    "static/src/palette.gen.json": gen_palette.render,
    "static/src/document/programs.gen.json": gen_programs.render,
    "static/src/why/programs.gen.json": gen_why.render,
}
"""Path from the root, and what makes its text."""


def main(arguments: list[str]) -> int:
    """Writes what is stale; with ``--check`` writes nothing and returns 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is not current")
    check = parser.parse_args(arguments).check
    stale = []
    for name, render in GENERATED.items():
        path, text = ROOT / name, render()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    if check and stale:
        print(f"not current: {', '.join(stale)}. Run `make gen` and commit the result.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

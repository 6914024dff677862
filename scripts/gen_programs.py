"""Programs and what they are made of, for the tests of the page's blocks: `static/src/document/programs.gen.json`."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from playground.worker.parsing import document
from tests.playground.parsing.programs import PROGRAMS

EXAMPLES = Path(__file__).resolve().parent.parent / "playground" / "examples"


def programs() -> dict[str, str]:
    """By name: those of the tests, and the gallery's."""
    gallery = {path.stem: path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("[0-9]*.py"))}
    return PROGRAMS | gallery


def render() -> str:
    """One program to a line: its name, its text, its document with shapes, however long these take here."""
    cases = [
        {"name": name, "code": code, "document": msgspec.to_builtins(document(code, budget_s=60))}
        for name, code in programs().items()
    ]
    body = ",\n".join(json.dumps(case, separators=(",", ":"), ensure_ascii=False) for case in cases)
    return f"[\n{body}\n]\n"

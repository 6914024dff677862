"""Writes the formulas the page shows: `engine.formulas` in, `static/src/formulas.gen.json` out.

They are listed by the name a node has (``aten::mul``). Several records may have one: the page takes the one that the
worker names or, without it, whose backward node is the node's and that has as many inputs. It is data that the page
fetches when it first shows a formula.
"""

from __future__ import annotations

import json
from typing import Any

import engine  # noqa: F401  (its import defines every op)
from engine.formulas import formula_of
from engine.registry import OPS, Op


def render() -> str:
    """The whole text of ``static/src/formulas.gen.json``: by name, lists of formulas."""
    found: dict[str, list[dict[str, Any]]] = {}
    for op in OPS.values():
        if op.vjp:
            found.setdefault(op.aten, []).append(_entry(op))
    lines = []
    for name, entries in sorted(found.items()):
        rows = ",\n".join(f"  {json.dumps(entry, ensure_ascii=False)}" for entry in entries)
        lines.append(f"{json.dumps(name)}: [\n{rows}\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _entry(op: Op) -> dict[str, Any]:
    formula = formula_of(op)
    entry: dict[str, Any] = {
        "name": op.name,
        "grad": op.grad_name,
        "kind": op.kind,
        "forward": formula.forward,
        "derivatives": formula.derivatives,
        "letters": formula.letters,
        "output": formula.output,
    }
    if formula.arguments:
        entry["arguments"] = dict(formula.arguments)
    if op.variadic:
        entry["variadic"] = True
    return entry

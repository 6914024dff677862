"""Writes the table of operations for readers: `engine.registry.OPS` in, `docs/ops.md` out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import engine  # noqa: F401  (its import defines every op)
from engine.formulas import formula_of
from engine.registry import OPS, Op

HEAD = """\
<!-- Generated from engine/ops by `make gen`; do not edit. -->

# Operations

Every operation of the engine, from the same records that the engine runs. A record states the operation's value and
one rule for its gradient per input; the rest follows from these.

*Forward mode* says how the tangent is derived: **pointwise**: the gradient's rule, applied to the tangent;
**linear**: the operation itself; **bilinear**: the operation in each input in turn; **general**: the derivative of the
gradient's rule; **constant**: there is no derivative. *Derivative* is the local one for each input or, where it is
written with $\\overline{y}$, the gradient of each input for the gradient $\\overline{y}$ of the output $y$; $[x > 0]$
is 1 where that is so and else 0. Most are printed from the rule that the engine runs.

"""


COVERAGE = Path(__file__).resolve().parents[1] / "tests" / "programs"
"""What PyTorch's own database of operators says, written by ``tests/programs/op_db.py record --all``."""


def coverage() -> str:
    """The sections about how much of PyTorch is there, and what is not, with the reason."""
    real: dict[str, Any] = json.loads((COVERAGE / "op_db.json").read_text(encoding="utf-8"))
    imaginary: dict[str, Any] = json.loads((COVERAGE / "op_db_complex64.json").read_text(encoding="utf-8"))
    return (
        f"## Against PyTorch {real['torch']}\n\n"
        f"Of the {len(real['operators'])} operators in PyTorch's own database of samples that have float32 and "
        f"autograd and can be called by a plain name, {_whole(real)} agree on every sample in shape, dtype, values, "
        "`requires_grad`, the name of `grad_fn` and the gradients of all inputs "
        f"(`python tests/programs/op_db.py check --all`). The others:\n\n{_others(real)}\n"
        "## Complex numbers\n\n"
        f"Of the {len(imaginary['operators'])} of them that take complex numbers, {_whole(imaginary)} agree on every "
        "complex sample (`python tests/programs/op_db.py check --all --dtype complex64`). Gradients follow PyTorch's "
        "convention: the derivative to the real part plus i times that to the imaginary part. What PyTorch refuses for "
        "complex numbers raises its error (`engine/real_only.py`). The others:\n\n" + _others(imaginary)
    )


def _whole(found: dict[str, Any]) -> int:
    return sum(o["passes"] == "all" for o in found["operators"].values())


def _others(found: dict[str, Any]) -> str:
    rows = [
        f"| `{name.replace('|', ' ')}` | {o.get('passed', 0)} of {o.get('samples', 0)} | {o.get('kind', '')}: "
        f"{o.get('reason', '').replace('|', chr(92) + '|')} | {o.get('note', '')} |"
        for name, o in found["operators"].items()
        if o["passes"] != "all"
    ]
    return (
        "| operator | samples that agree | the first difference | why |\n| --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n"
    )


def render() -> str:
    """The whole text of ``docs/ops.md``."""
    lines = [
        "| operation | what it does | derivative | forward mode | profiler | backward node |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_row(op) for _, op in sorted(OPS.items())]
    return f"{HEAD}{len(OPS)} operations.\n\n" + "\n".join(lines) + "\n\n" + coverage()


def _derivatives(op: Op) -> list[str]:
    """What stands to the right of the equals sign, for each input; what is the same for all only once."""
    if not op.vjp:
        return []
    formula = formula_of(op)
    found = [formula.plain(each).partition(" = ")[2] for each in formula.derivatives if each]
    return found[:1] if len(set(found)) == 1 else found


def _row(op: Op) -> str:
    formula = ", ".join(f"${text}$".replace("|", r"\vert ") for text in _derivatives(op))
    backward = f"`{op.grad_name}`" if op.vjp else ""
    doc = " ".join(op.doc.split())
    cells = [f"`{op.name}({', '.join(op.params)})`", doc, formula, op.kind, f"`{op.aten}`", backward]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

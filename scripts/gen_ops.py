"""Writes the table of operations for readers: `engine.registry.OPS` in, `docs/ops.md` out."""

from __future__ import annotations

import engine  # noqa: F401  (its import defines every op)
from engine.registry import OPS, Op

HEAD = """\
<!-- Generated from engine/ops by `make gen`; do not edit. -->

# Operations

Every operation of the engine, from the same records that the engine runs. A record states the operation's value and
one rule for its gradient per input; the rest follows from these.

*Forward mode* says how the tangent is derived: **pointwise**: the gradient's rule, applied to the tangent;
**linear**: the operation itself; **bilinear**: the operation in each input in turn; **general**: the derivative of the
gradient's rule; **constant**: there is no derivative. *Derivative* is the local one for each input or, where it is
written with $g$, the gradient of each input for the gradient $g$ of the output.

"""


def render() -> str:
    """The whole text of ``docs/ops.md``."""
    lines = [
        "| operation | what it does | derivative | forward mode | profiler | backward node |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_row(op) for _, op in sorted(OPS.items())]
    return f"{HEAD}{len(OPS)} operations.\n\n" + "\n".join(lines) + "\n"


def _row(op: Op) -> str:
    formula = f"${op.formula}$".replace("|", r"\vert ") if op.formula else ""
    backward = f"`{op.grad_name}`" if op.vjp else ""
    doc = " ".join(op.doc.split())
    cells = [f"`{op.name}({', '.join(op.params)})`", doc, formula, op.kind, f"`{op.aten}`", backward]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

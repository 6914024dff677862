"""The backward closures: from a record to the function that runs its node in the plain way of a pass.

Like those of `engine.closures` they are written for the record and compiled: what is saved is fetched once for all
rules, a rule that is an expression stands where it is needed (`engine.expression`), and what it gives is checked and
held without a call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from engine.expression import expression
from engine.gradients import LARGE, MINE, PLANNED, fit_and_hold
from engine.graph import FREED, GONE
from engine.tensor import Tensor

Rule = Callable[..., Any] | None


def step(
    rules: Sequence[Rule],
    places: dict[str, str],
    arrays_of: Callable[[Any], Any],
    xp: Any = np,
    *,
    saves_input: bool,
    saves_output: bool,
    elementwise: bool,
) -> Callable[..., None]:
    """``step(node, F, g, wanted, free)``: send the gradient `g` of the output on along the node's edges.

    Args:
        rules: one for each input, or None.
        places: where each parameter of the rules is found: on the node ``n``, or among its saved inputs ``i``.
        arrays_of: the array of what was saved of an input, for what is no plain Tensor.
        xp: the module of the arrays.
        saves_input, saves_output: whether the node keeps inputs, and its output.
        elementwise: the rules give the shape of the output.
    """
    scope: dict[str, Any] = {
        "_A": arrays_of,
        "_FREED": FREED,
        "_GONE": GONE,
        "_LARGE": LARGE,
        "_MINE": MINE,
        "_PLANNED": PLANNED,
        "_Tensor": Tensor,
        "_asarray": xp.asarray,
        "_fit_and_hold": fit_and_hold,
        "_getrefcount": getrefcount,
        "_ndarray": xp.ndarray,
    }
    lines = ["def step(n, F, g, wanted, free):"]
    if saves_input or saves_output:
        lines += ["    i = n.inputs", "    if i is _GONE: raise RuntimeError(_FREED)"]
    if saves_input:
        lines.append("    if i is None: i = _NOTHING")
        scope["_NOTHING"] = (None,) * len(rules)
    names = [[] if rule is None else list(inspect.signature(rule).parameters)[2:] for rule in rules]
    for name in dict.fromkeys(n for group in names for n in group):
        lines.append(f"    _{name} = {places[name]}")
    edges = ", ".join(f"e{k}" for k in range(len(rules)))
    lines.append(f"    {edges}, = n.next_edges")
    if elementwise:
        lines.append("    shape = n.out_shape")
    for k, rule in enumerate(rules):
        if rule is None:
            continue
        scope[f"_rule{k}"] = rule
        own = [f"_{name}" for name in names[k]]
        text = (
            expression(rule, own) if inspect.isfunction(rule) else None
        ) or f"_rule{k}({', '.join(['F', 'g', *own])})"
        shape = "shape" if elementwise else "r.shape"
        lines += [
            f"    if e{k} is not None and (wanted is None or e{k}[0] in wanted):",
            f"        r = {text}",
            f"        t = e{k}[0]",
            # Nodes with several outputs have no `out_dtype`.
            f"        if type(r) is not _ndarray or r.dtype is not t.out_dtype or {shape} != t.out_shape:",
            f"            _fit_and_hold(F, r, e{k})",
            "        elif (o := t.pending) is _PLANNED:",
            "            t.pending = r",
            "        elif o.size > _LARGE and o.base is None and _getrefcount(o) <= _MINE:",
            "            o += r",
            "        else:",
            "            r = o + r",
            "            t.pending = r if type(r) is _ndarray else _asarray(r)",
        ]
    if saves_output:
        lines.append("    if free: n.free()")
    elif saves_input:
        lines.append("    if free and i is not _NOTHING: n.inputs = _GONE")
    exec("\n".join(lines), scope)  # noqa: S102 (our own text)
    made: Callable[..., None] = scope["step"]
    return made

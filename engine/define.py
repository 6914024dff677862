"""`define`: from a record to its public function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import closures
from engine.registry import OPS, POINTWISE, Dtypes, Kind, Op
from engine.tensor import Tensor


def define(
    name: str,
    kind: Kind,
    *,
    forward: Callable[..., Any] | str,
    vjp: tuple[Callable[..., Any] | None, ...] = (),
    inputs: int | None = None,
    grad: str | None = None,
    aten: str | None = None,
    dtypes: Dtypes | None = None,
    outputs: int = 1,
    variadic: bool = False,
    view: bool = False,
    domain: tuple[float, float] | None = None,
    holomorphic: bool | None = None,
    formula: str = "",
    doc: str,
) -> Callable[..., Tensor]:
    """Declare an operation; everything else follows from this one record.

    Args:
        name: its Python name.
        kind: what forward mode needs to know, see `engine.registry.Kind`.
        forward: ``(xp, *tensor_inputs, *other_arguments)`` on raw arrays; its argument names are the public ones. Or
            the name of the array libraries' function of ``input`` (and ``other``), which is then called directly.
        vjp: one rule per tensor input, ``(F, g, ...) -> gradient of that input``, or None if it has none. The names
            of a rule's further parameters say what is saved for it (`engine.registry`).
        inputs: how many tensor inputs, if there are no rules to count.
        grad: name of the backward node; ``SinBackward0`` follows from ``sin``.
        aten: name in the profiler; ``aten::sin`` follows.
        dtypes: see `engine.registry.Dtypes`; by default ``promote`` for pointwise ops and ``same`` for others.
        outputs: how many arrays forward returns.
        variadic: the one input is a sequence of tensors and the one rule takes ``index``.
        view: the output shares the input's memory.
        domain: where random inputs of tests and the plots of the page are taken from.
        holomorphic: whether the rules are those of a complex derivative, written without conjugation, so that gradients
            for complex numbers follow from them; by default for pointwise and bilinear ops.
        formula: the derivative of each input in TeX, separated by ``,\\ ``, if the one that `engine.formulas` derives
            from the rule cannot be had or would be hard to read. Inputs are ``x``, or ``a`` and ``b``
            (`engine.formulas.notation`), the output ``y`` and its gradient ``g``.
        doc: one line.

    Returns:
        The public function; for an op with several outputs it returns a tuple of Tensors.

    Raises:
        ValueError: if the record contradicts itself.
    """
    op = Op(
        name,
        kind,
        forward,
        vjp,
        len(vjp) if inputs is None else inputs,
        grad_name=grad or "".join(p.capitalize() for p in name.split("_")) + "Backward0",
        aten=aten or f"aten::{name}",
        dtypes=dtypes or ("promote" if kind == POINTWISE else "same"),
        outputs=outputs,
        variadic=variadic,
        view=view,
        domain=domain,
        holomorphic=holomorphic,
        formula=formula,
        doc=doc,
    )
    op.hot = closures.suits(op)
    if op.hot:
        op.call = closures.closure(op)
    else:
        several = op.outputs != 1 and op.n_inputs == 1 and op.vjp and not op.variadic
        op.call = closures.several_outputs(op) if several else closures.general(op)
    op.call.__doc__ = doc
    OPS[name] = op
    return op.call

"""One record for a function written in other operations, where PyTorch has one node for the whole.

``glu(x)`` is two slices, a sigmoid and a product, and one ``GluBackward0``. `fused` runs the function unrecorded, and
makes the gradient rule by running it again, recorded, on what was saved, and differentiating that: the derivative is
that of the definition itself, to any order. It costs a second forward in the backward pass, so it is for operations
that are no program's hot path.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import backend
from engine.define import define
from engine.registry import GENERAL, OPS, Dtypes
from engine.state import S, unobserved
from engine.tensor import Tensor


def fused(
    name: str,
    function: Callable[..., Any],
    *,
    inputs: int,
    wrt: tuple[int, ...] | None = None,
    outputs: int = 1,
    grad: str | None = None,
    aten: str | None = None,
    dtypes: Dtypes = "any",
    formula: str = r"\text{that of its definition}",
    doc: str,
) -> Callable[..., Any]:
    """Declare an operation by a function of Tensors.

    Args:
        name, inputs, outputs, grad, aten, dtypes, formula, doc: as for `engine.define.define`.
        function: ``(*tensor_inputs, *other_arguments)`` to a Tensor or a tuple of them, in differentiable operations.
        wrt: positions of the inputs that have a gradient; all by default.

    Returns:
        The public function.
    """
    parameters = list(inspect.signature(function).parameters.values())
    chosen = tuple(range(inputs)) if wrt is None else wrt

    def forward(xp: Any, *arguments: Any) -> Any:
        with _Unrecorded(False):
            y = function(*(_wrapped(a) for a in arguments[:inputs]), *arguments[inputs:])
        return tuple(t._data for t in y) if isinstance(y, tuple) else y._data

    forward.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter("xp", inspect.Parameter.POSITIONAL_OR_KEYWORD), *parameters]
    )
    rules = tuple(_rule(function, k, inputs, parameters) if k in chosen else None for k in range(inputs))
    call = define(
        name,
        GENERAL,
        forward=forward,
        vjp=rules,
        inputs=inputs,
        outputs=outputs,
        grad=grad,
        aten=aten,
        dtypes=dtypes,
        formula=formula,
        doc=doc,
    )
    OPS[name].composed = function
    return call


class _Unrecorded:
    """Unobserved, with recording as given."""

    def __init__(self, record: bool) -> None:
        self._record = record
        self._quiet = unobserved()

    def __enter__(self) -> None:
        self._quiet.__enter__()
        self._before = S.grad_enabled
        S.grad_enabled = self._record

    def __exit__(self, *_: object) -> None:
        S.grad_enabled = self._before
        self._quiet.__exit__()


def _wrapped(value: Any) -> Any:
    if isinstance(value, (Tensor, bool, int, float, complex)) or not hasattr(value, "ndim"):
        return value
    return Tensor._wrap(np.asarray(value) if isinstance(value, np.generic) else value)


def _rule(
    function: Callable[..., Any], position: int, inputs: int, parameters: list[inspect.Parameter]
) -> Callable[..., Any]:
    def rule(F: Any, g: Any, *arguments: Any) -> Any:
        from engine.backward import grad

        if F.recording:
            # Copies, so that a path from one input to another through the rest of the graph is not followed.
            given = [OPS["clone"].call(a) if isinstance(a, Tensor) else a for a in arguments[:inputs]]
            keep = S.grad_enabled
            if not keep:  # a pass that is not recorded, but whose gradients have tangents
                given[position].requires_grad_()
            S.grad_enabled = True
            try:
                found = _derivative(function, given, arguments[inputs:], position, g, keep, grad)[0]
            finally:
                S.grad_enabled = keep
            return OPS["zero"].call(given[position]) if found is None else found
        with _Unrecorded(True):
            given = [_wrapped(a) for a in arguments[:inputs]]
            given[position] = Tensor._wrap(given[position]._data).requires_grad_()
            wrapped = tuple(map(_wrapped, g)) if isinstance(g, tuple) else _wrapped(g)
            found = _derivative(function, given, arguments[inputs:], position, wrapped, False, grad)[0]
        if found is None:
            return backend.module_of(given[position]._data).zeros_like(given[position]._data)
        return found._data

    rule.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            for n in ("F", "g", *(p.name for p in parameters))
        ]
    )
    return rule


def _derivative(
    function: Callable[..., Any],
    given: list[Any],
    statics: tuple[Any, ...],
    position: int,
    g: Any,
    create_graph: bool,
    grad: Callable[..., Any],
) -> Any:
    y = function(*given, *statics)
    outs = y if isinstance(y, tuple) else (y,)
    seeds = list(g) if isinstance(g, tuple) else [g]
    pairs = [(o, s) for o, s in zip(outs, seeds, strict=True) if o.requires_grad]
    if not pairs:
        return (None,)
    return grad(
        [o for o, _ in pairs],
        [given[position]],
        [s for _, s in pairs],
        create_graph=create_graph,
        allow_unused=True,
    )

"""From a record to its public function: `define`, and the hot closures it makes.

The hot path is a budget (`tests/engine/test_budget.py` holds it as a ratio). What keeps it: one flag, `S.slow`, for
everything that wants to watch; closures per arity with the kernel bound; no dictionary, no context manager, no second
Python call beyond the forward itself; NumPy is left to raise and the good message is built only then. All else goes
through `engine.dispatch.run`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import dtypes
from engine.dispatch import bind, into, run
from engine.graph import NoGradView, new_node
from engine.registry import OPS, POINTWISE, Dtypes, Kind, Op
from engine.state import S
from engine.tensor import Tensor, View

_ndarray = np.ndarray
_new = object.__new__
_F32 = np.dtype(np.float32)
_F64 = np.dtype(np.float64)


def define(
    name: str,
    kind: Kind,
    *,
    forward: Callable[..., Any],
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
        forward: ``(xp, *tensor_inputs, *other_arguments)`` on raw arrays; its argument names are the public ones.
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
        formula: the derivative in TeX, for people.
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
    if op.n_inputs == 1 and op.outputs == 1 and not variadic and op.vjp:
        op.call = _unary(op) if len(op.params) == 1 and not op.view else _one_input(op)
        op.hot = True
    elif op.n_inputs == 2 and len(op.params) == 2 and op.vjp and op.dtypes != "any":
        op.call = _binary(op)
        op.hot = True
    elif op.n_inputs > 1 and op.outputs == 1 and op.vjp and op.dtypes != "any" and not op.view:
        op.call = _several(op)
        op.hot = True
    else:
        op.call = _general(op)
    op.call.__name__ = op.call.__qualname__ = name
    op.call.__doc__ = doc
    OPS[name] = op
    return op.call


# --- Hot closures ----------------------------------------------------------------------------------------------------


def _unary(op: Op) -> Callable[..., Any]:
    forward, kind = op.forward, op.node
    saves_input = bool(op.saves[0])
    saves_output = op.saves_any_output
    wants_shapes = op.wants_shapes
    floats_only = op.dtypes == "float" or op.holomorphic

    def call(input: Any, *, out: Any = None) -> Any:
        if S.slow or out is not None:
            return run(op, (input,)) if out is None else into(out, op, (input,))
        try:
            x = input._data
        except AttributeError:
            return run(op, (input,))
        dt = x.dtype
        if type(x) is not _ndarray or (floats_only and dt is not _F32 and dt is not _F64):
            return run(op, (input,))
        try:
            y = forward(np, x)
        except Exception:
            return run(op, (input,))  # which raises it again, in PyTorch's words
        if type(y) is not _ndarray:
            y = np.asarray(y)
        t = _new(Tensor)
        t._data = y
        t._grad = t._view = t._counter = None
        edge = input._edge if input._view is None else input._fresh_edge()
        if edge is None or not S.grad_enabled:
            t._edge = None
            return t
        n = new_node(kind)
        n.next_edges = (edge,)
        n.args = ()
        n.shapes = (x.shape,) if wants_shapes else None
        n.meta = ((y.shape, dtypes.of(y)),)
        n.versions = None
        if saves_input:
            n.inputs = (input,)
            c = input._counter
            if c is not None and c[0]:
                n.versions = ((c, c[0]),)
        else:
            n.inputs = None
        if saves_output:
            n.saved = (y,)
            t._counter = c = [0]
            n.versions = ((c, 0),) if n.versions is None else (*n.versions, (c, 0))
        else:
            n.saved = None
        t._edge = (n, 0)
        return t

    return call


def _one_input(op: Op) -> Callable[..., Any]:
    """One tensor and other arguments: reductions, views, clamps."""
    forward, kind, view = op.forward, op.node, op.view
    saves_input, saves_output, wants_shapes = bool(op.saves[0]), op.saves_any_output, op.wants_shapes
    general = _general(op)
    count = len(op.params) - 1
    tail = tuple(None if d is inspect.Parameter.empty else d for d in op.defaults[1:])
    required = sum(d is inspect.Parameter.empty for d in op.defaults[1:])
    # Only these need their input's dtype changed now and then.
    converts = op.dtypes in ("promote", "float") or op.holomorphic

    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        given = len(args) - 1
        if S.slow or kwargs or out is not None or given > count or given < required:
            return general(*args, out=out, **kwargs)
        input = args[0]
        statics = args[1:] if given == count else args[1:] + tail[given:]
        try:
            x = input._data
            if type(x) is not _ndarray or (converts and x.dtype is not _F32 and x.dtype is not _F64):
                return run(op, (input, *statics))
            y = forward(np, x, *statics)
        except Exception:
            return run(op, (input, *statics))  # which raises it again, in PyTorch's words
        if type(y) is not _ndarray:
            y = np.asarray(y)
        t = _new(Tensor)
        t._data = y
        t._grad = t._view = t._counter = t._edge = None
        if view:
            c = input._counter
            if c is None:
                c = input._counter = [0]
            t._counter = c
            step = (op, statics, x.shape)
            above = input._view
            t._view = (
                View(input, (step,), c[0]) if above is None else View(above.base, (*above.chain, step), c[0])
            )
        edge = input._edge if input._view is None else input._fresh_edge()
        if edge is None or not S.grad_enabled or y.dtype.kind not in "fc":
            if view and edge is not None and not S.grad_enabled:
                t._edge = (NoGradView(t), 0)
            return t
        n = new_node(kind)
        n.next_edges = (edge,)
        n.args = statics
        n.shapes = (x.shape,) if wants_shapes else None
        n.meta = ((y.shape, dtypes.of(y)),)
        n.inputs = n.saved = n.versions = None
        if saves_input:
            n.inputs = (input,)
            c = input._counter
            if c is not None and c[0]:
                n.versions = ((c, c[0]),)
        if saves_output:
            n.saved = (y,)
            t._counter = c = [0]
            n.versions = ((c, 0),) if n.versions is None else (*n.versions, (c, 0))
        t._edge = (n, 0)
        return t

    call.__signature__ = general.__signature__  # type: ignore[attr-defined]
    return call


def _binary(op: Op) -> Callable[..., Any]:
    forward, kind = op.forward, op.node
    # a1: does the rule of the second input read the first one's value? And so on.
    a0, a1 = 0 in op.saves[0], 0 in op.saves[1]
    b0, b1 = 1 in op.saves[0], 1 in op.saves[1]
    saves_output = op.saves_any_output
    numbers = op.dtypes != "same"
    wants_shapes = op.wants_shapes
    from_floats = (_F32, _F64)

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        if S.slow or out is not None:
            return run(op, (input, other)) if out is None else into(out, op, (input, other))
        tb = type(other)
        try:
            if tb is float or tb is int:
                x, b = input._data, other
                if not numbers or x.dtype not in from_floats:
                    return run(op, (input, other))
                eb = None
            else:
                b = other._data
                eb = other._edge if other._view is None else other._fresh_edge()
                ta = type(input)
                if ta is float or ta is int:
                    x = input
                    if not numbers or b.dtype not in from_floats:
                        return run(op, (input, other))
                else:
                    x = input._data
                    if x.dtype is not b.dtype or type(b) is not _ndarray or x.dtype not in from_floats:
                        return run(op, (input, other))
            y = forward(np, x, b)
        except Exception:
            return run(op, (input, other))  # which raises it again, in PyTorch's words
        if type(y) is not _ndarray:
            y = np.asarray(y)
        t = _new(Tensor)
        t._data = y
        t._grad = t._view = t._counter = t._edge = None
        if not S.grad_enabled:
            return t
        if type(x) is _ndarray:
            ea = input._edge if input._view is None else input._fresh_edge()
        else:
            ea = None
        if ea is None and eb is None:
            return t
        n = new_node(kind)
        n.next_edges = (ea, eb)
        n.args = ()
        n.meta = ((y.shape, dtypes.of(y)),)
        n.shapes = (np.shape(x), np.shape(b)) if wants_shapes else None
        versions: tuple[tuple[list[int], int], ...] | None = None
        keep_a = keep_b = None
        if (a0 and ea is not None) or (a1 and eb is not None):
            keep_a = input
            if type(x) is _ndarray:
                c = input._counter
                if c is not None and c[0]:
                    versions = ((c, c[0]),)
        if (b0 and ea is not None) or (b1 and eb is not None):
            keep_b = other
            if eb is not None or type(b) is _ndarray:
                c = other._counter
                if c is not None and c[0]:
                    versions = ((c, c[0]),) if versions is None else (*versions, (c, c[0]))
        n.inputs = (keep_a, keep_b) if keep_a is not None or keep_b is not None else None
        if saves_output:
            n.saved = (y,)
            t._counter = c = [0]
            versions = ((c, 0),) if versions is None else (*versions, (c, 0))
        else:
            n.saved = None
        n.versions = versions
        t._edge = (n, 0)
        return t

    return call


def _several(op: Op) -> Callable[..., Any]:
    """Two or more tensors of one floating dtype (or None) and other arguments: ``addmm``, losses, normalisations."""
    forward, kind, inputs_count = op.forward, op.node, op.n_inputs
    saves, saves_output, wants_shapes = op.saves, op.saves_any_output, op.wants_shapes
    differentiable = op.differentiable
    general = _general(op)
    count = len(op.params)
    tail = tuple(None if d is inspect.Parameter.empty else d for d in op.defaults)
    required = sum(d is inspect.Parameter.empty for d in op.defaults)

    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        given = len(args)
        if S.slow or kwargs or out is not None or given > count or given < required:
            return general(*args, out=out, **kwargs)
        if given < count:
            args = args + tail[given:]
        inputs = args[:inputs_count]
        statics = args[inputs_count:]
        try:
            arrays = [None if i is None else i._data for i in inputs]
            dt = inputs[0]._data.dtype
            for a in arrays:
                if a is not None and (type(a) is not _ndarray or a.dtype is not dt):
                    return run(op, args)
            if dt is not _F32 and dt is not _F64:
                return run(op, args)
            y = forward(np, *arrays, *statics)
        except Exception:
            return run(op, args)  # which raises it again, in PyTorch's words
        if type(y) is not _ndarray:
            y = np.asarray(y)
        t = _new(Tensor)
        t._data = y
        t._grad = t._view = t._counter = t._edge = None
        if not S.grad_enabled:
            return t
        edges = tuple(
            [
                (i._edge if i._view is None else i._fresh_edge()) if has_rule and i is not None else None
                for i, has_rule in zip(inputs, differentiable, strict=True)
            ]
        )
        keep: list[Any] = [None] * inputs_count
        recorded = False
        for edge, reads in zip(edges, saves, strict=True):
            if edge is not None:
                recorded = True
                for k in reads:
                    keep[k] = inputs[k]
        if not recorded:
            return t
        n = new_node(kind)
        n.next_edges = edges
        n.args = statics
        n.meta = ((y.shape, dtypes.of(y)),)
        n.shapes = tuple([() if a is None else a.shape for a in arrays]) if wants_shapes else None
        n.inputs = tuple(keep)
        versions = [(i._counter, i._counter[0]) for i in keep if i is not None and i._counter]
        n.saved = None
        if saves_output:
            n.saved = (y,)
            t._counter = c = [0]
            versions.append((c, 0))
        n.versions = tuple(versions) or None
        t._edge = (n, 0)
        return t

    call.__signature__ = general.__signature__  # type: ignore[attr-defined]
    return call


def _general(op: Op) -> Callable[..., Any]:
    names, defaults = op.params, op.defaults
    count = len(names)
    empty = inspect.Parameter.empty
    tail = tuple(None if d is empty else d for d in defaults)
    required = sum(d is empty for d in defaults)

    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        given = len(args)
        if kwargs or given > count or given < required:
            args = bind(op, args, kwargs)
        elif given < count:
            args = args + tail[given:]
        return run(op, args) if out is None else into(out, op, args)

    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=d)
            for n, d in zip(names, defaults, strict=True)
        ]
    )
    return call

"""Running an op the general way: convert the inputs, compute, record, tell observers; errors in PyTorch's words.

Everything that is not on the hot path (`engine.define`) comes through `run`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

import numpy as np

from engine import backend, dtypes, real_only
from engine.dtypes import dtype
from engine.graph import Node, NoGradView, new_node
from engine.out import write_into
from engine.registry import Op
from engine.state import Observer, S
from engine.tensor import Tensor, View

_SCALARS = (bool, int, float, complex, np.number, np.bool_)

KEYWORDS = {
    "axis": "dim",
    "keepdims": "keepdim",
    "axis0": "dim0",
    "axis1": "dim1",
    "x": "input",
    "x1": "input",
    "x2": "other",
}
"""NumPy's spellings, which PyTorch accepts too."""


def bind(op: Op, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """All arguments of `op` in order, from positional and keyword ones.

    Raises:
        TypeError: for one too many, unknown, given twice, or missing.
    """
    names = op.params
    if len(args) > len(names):
        raise TypeError(f"{op.name}() takes {len(names)} positional arguments but {len(args)} were given")
    values = dict(zip(names, args, strict=False))
    for key, value in kwargs.items():
        target = key if key in names else KEYWORDS.get(key, key)
        if target not in names:
            raise TypeError(f"{op.name}() got an unexpected keyword argument '{key}'")
        if target in values:
            raise TypeError(f"{op.name}() got multiple values for argument '{target}'")
        values[target] = value
    result = []
    for name, default in zip(names, op.defaults, strict=True):
        if name in values:
            result.append(values[name])
        elif default is inspect.Parameter.empty:
            raise TypeError(f'{op.name}() missing 1 required positional arguments: "{name}"')
        else:
            result.append(default)
    return tuple(result)


# --- The general path ------------------------------------------------------------------------------------------------


def run(op: Op, args: tuple[Any, ...]) -> Any:
    """Run `op` on all its arguments in order: convert, compute, record, tell observers.

    Returns:
        A Tensor, or a tuple of them for an op with several outputs.
    """
    observers: tuple[Observer, ...] = ()
    if S.slow:
        if S.layers:
            return S.layers[-1].run(op, args)
        observers = S.observers
        if op.hot and observers and S.run_hot is not None and not op.variadic:
            return S.run_hot(op, args)
    n = op.n_inputs
    inputs: tuple[Any, ...] = tuple(args[0]) if op.variadic else args[:n]
    statics = args[n:]
    start = S.clock() if observers else 0
    if observers and op.hot:
        # Watching should tell of what happens unwatched: the same closure, and about the same time.
        S.slow = False
        try:
            made = op.call(*args)
        except Exception as error:
            for observer in observers:
                observer.op_failed(op, args, [i for i in inputs if isinstance(i, Tensor)], error)
            raise
        finally:
            end = S.clock()
            S.slow = True
        edge = made._edge
        maker = edge[0] if edge is not None and isinstance(edge[0], op.node) else None
        seen = [i for i in inputs if isinstance(i, Tensor)]
        for observer in observers:
            observer.op(op, args, seen, (made,), maker, False, start, end)
        return made
    try:
        arrays = prepare(op, inputs)
        xp = backend.module_of(next((a for a in arrays if backend.is_elsewhere(a)), np.empty(0)))
        forward = op.forward if xp is np else op.on_device
        result = forward(xp, arrays, *statics) if op.variadic else forward(xp, *arrays, *statics)
    except Exception as error:
        better = explain(op, args, inputs, error)
        for observer in observers:
            observer.op_failed(op, args, [i for i in inputs if isinstance(i, Tensor)], better)
        try:
            raise better from None
        finally:
            del better  # this frame is in its traceback: a cycle would keep the program's tensors alive
    end = S.clock() if observers else 0
    outputs = result if op.outputs > 1 or isinstance(result, tuple) else (result,)
    tensors = tuple(
        Tensor._wrap(a if hasattr(a, "ndim") and not np.isscalar(a) else xp.asarray(a)) for a in outputs
    )
    if op.view or op.name == "detach":
        _share(op, inputs[0], statics, tensors)
        if not S.grad_enabled and op.view and inputs[0].requires_grad:
            for t in tensors:
                t._edge = (NoGradView(t), 0)
    node = record(op, inputs, statics, tensors) if S.grad_enabled and op.vjp else None
    if observers:
        seen = [i for i in inputs if isinstance(i, Tensor)]
        for observer in observers:
            observer.op(op, args, seen, tensors, node, False, start, end)
    return tensors if isinstance(result, tuple) else tensors[0]


def prepare(op: Op, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """The raw arrays of the inputs, brought to the dtype the op computes in; None and numbers stay themselves."""
    arrays = _on_one_device(
        tuple(i._data if isinstance(i, Tensor) else _not_tensor(op, k, i) for k, i in enumerate(inputs))
    )
    if op.real_only:
        for i in inputs:
            if isinstance(i, Tensor) and i._data.dtype.kind == "c":
                raise real_only.refusal(op.name, dtypes.scalar_type_name(i.dtype))
    rule = op.dtypes
    if rule == "any":
        return arrays
    real = [a for a in arrays if hasattr(a, "ndim")]
    if not real:
        raise _wrong_type(op, 0, inputs[0])
    if rule == "same":
        first = real[0].dtype
        for a in real[1:]:
            if a.dtype is not first and a.dtype != first:
                raise RuntimeError(
                    f"expected m1 and m2 to have the same dtype, but got: {dtypes.c_name(dtypes.of(real[0]))} != "
                    f"{dtypes.c_name(dtypes.of(a))}"
                )
        return arrays
    target = dtypes.result_dtype(real, [a for a in arrays if a is not None and not hasattr(a, "ndim")])
    if rule == "float" and not target.differentiable:
        target = dtypes.get_default_dtype()
    want = target.numpy
    return tuple(
        a.astype(want) if hasattr(a, "ndim") and a.dtype != want else _weak(a, target) for a in arrays
    )


def _weak(value: Any, target: dtype) -> Any:
    """A Python number as the op's dtype, so that NumPy's own promotion has nothing left to decide."""
    if hasattr(value, "ndim") or value is None:
        return value
    return target.numpy.type(value)


def _on_one_device(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Host tensors without dimensions become numbers beside those of a device; any other mixture is refused."""
    if not any(backend.is_elsewhere(a) for a in arrays):
        return arrays
    names = [str(backend.device_of(a)) for a in arrays if getattr(a, "ndim", 0)]
    if len(set(names)) > 1:
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {names[0]} and "
            f"{next(d for d in names if d != names[0])}!"
        )
    return tuple(a[()] if type(a) is np.ndarray else a for a in arrays)


def _not_tensor(op: Op, position: int, value: Any) -> Any:
    if value is None or isinstance(value, _SCALARS):
        # A NumPy number counts as Python's: its dtype has no say in promotion.
        return value.item() if isinstance(value, np.generic) else value
    raise _wrong_type(op, position, value)


def _wrong_type(op: Op, position: int, value: Any) -> TypeError:
    name = op.params[position] if position < len(op.params) and not op.variadic else "tensors"
    function = op.aten.partition("::")[2].strip("_")
    return TypeError(
        f"{function}(): argument '{name}' (position {position + 1}) must be Tensor, not {dtypes.type_name(value)}"
    )


def record(op: Op, inputs: Sequence[Any], statics: tuple[Any, ...], outputs: Sequence[Tensor]) -> Node | None:
    """Hang `outputs` into the graph, if any input that has a rule requires grad; the node, or None."""
    rules = op.differentiable if not op.variadic else (True,) * len(inputs)
    edges = tuple(
        i._fresh_edge() if isinstance(i, Tensor) and differentiable else None
        for i, differentiable in zip(inputs, rules, strict=True)
    )
    if not any(e is not None for e in edges):
        return None
    versions: list[tuple[list[int], int]] = []
    if op.variadic:
        wanted = {*range(len(inputs))} if op.saves[0] else set()
    else:
        wanted = {k for e, reads in zip(edges, op.saves, strict=True) if e is not None for k in reads}
    for k in wanted:
        i = inputs[k]
        if isinstance(i, Tensor) and i._counter is not None:
            versions.append((i._counter, i._counter[0]))
    saved = None
    if any(s and e is not None for s, e in zip(op.saves_output, edges, strict=False)):
        saved = tuple(t._data for t in outputs)
        versions += [(t._shared_counter(), t._version) for t in outputs]
    node = new_node(
        op.node_for(outputs[0]._data),
        edges,
        [t._data for t in outputs],
        args=statics,
        inputs=tuple(i if k in wanted else None for k, i in enumerate(inputs)) if wanted else None,
        saved=saved,
        shapes=tuple(i._data.shape if isinstance(i, Tensor) else () for i in inputs)
        if op.wants_shapes
        else None,
        versions=tuple(versions) or None,
    )
    for k, t in enumerate(outputs):
        if t.dtype.differentiable:
            t._edge = (node, k)
            if t._view is not None:
                t._view.version = t._version
    return node


def _share(op: Op, source: Tensor, statics: tuple[Any, ...], views: Sequence[Tensor]) -> None:
    """Let views share their source's version counter, and remember how they look into its base."""
    counter = source._shared_counter()
    for k, t in enumerate(views):
        t._counter = counter
        if op.name == "detach":
            continue
        step = (op, (*statics, k) if op.outputs != 1 or len(views) > 1 else statics, source._data.shape)
        view = source._view
        base, chain, in_grad_mode = (
            (source, (), True) if view is None else (view.base, view.chain, view.in_grad_mode)
        )
        t._view = View(base, (*chain, step), counter[0], S.grad_enabled and in_grad_mode)


def into(out: Tensor, op: Op, args: tuple[Any, ...]) -> Tensor:
    """``op(..., out=out)``: compute without recording and write the result into `out`, resized if it must be.

    Raises:
        RuntimeError: if gradients would have to flow through `out`.
    """
    inputs = [a for a in args[: op.n_inputs] if isinstance(a, Tensor)]
    if S.grad_enabled and op.vjp and (out.requires_grad or any(i.requires_grad for i in inputs)):
        raise RuntimeError(
            f"{op.name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    result = run(op, args)
    write_into(out, result, op.name)
    return out


# --- Errors in PyTorch's words ---------------------------------------------------------------------------------------


def explain(op: Op, args: tuple[Any, ...], inputs: Sequence[Any], error: Exception) -> Exception:
    """The error PyTorch would raise for what NumPy (or a forward) raised."""
    shapes = [i._data.shape for i in inputs if isinstance(i, Tensor)]
    if isinstance(error, ValueError) and "broadcast" in str(error):
        named = [tuple(map(int, re.findall(r"\d+", s))) for s in re.findall(r"\([\d, ]*\)", str(error))]
        for candidate in (shapes, named):  # not all arrays need be inputs
            try:
                check_broadcast(candidate or [()])
            except RuntimeError as better:
                return better.with_traceback(None)
    if isinstance(error, np.exceptions.AxisError):
        from engine.tensor import dimension_out_of_range

        return IndexError(dimension_out_of_range(error.axis or 0, error.ndim or 0))
    if isinstance(error, TypeError) and "NoneType" in str(error) and None in inputs:
        return _wrong_type(op, inputs.index(None), None)
    if isinstance(error, TypeError) and "ufunc" in str(error) and shapes:
        kind = next(i.dtype for i in inputs if isinstance(i, Tensor))
        kernel = op.aten.partition("::")[2]
        return NotImplementedError(f"\"{kernel}_cpu\" not implemented for '{dtypes.scalar_type_name(kind)}'")
    if isinstance(error, (RuntimeError, TypeError, IndexError, NotImplementedError, MemoryError, ValueError)):
        return error
    return RuntimeError(f"{op.name}: {error}")


def check_broadcast(shapes: Sequence[tuple[int, ...]]) -> None:
    """Raise PyTorch's error if the shapes do not broadcast."""
    longest = max(len(s) for s in shapes)
    result: list[int] = [1] * longest
    for shape in shapes:
        for k in range(1, len(shape) + 1):
            n, m = shape[-k], result[-k]
            if n != m and n != 1 and m != 1:
                raise RuntimeError(
                    f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension "
                    f"{longest - k}"
                )
            if m == 1:
                result[-k] = n


def fail(message: str) -> NoReturn:
    """Raise a RuntimeError; usable where an expression is wanted."""
    raise RuntimeError(message)


# --- Functions made of several ops -----------------------------------------------------------------------------------


_F = TypeVar("_F", bound=Callable[..., Any])


def composite(name: str) -> Callable[[_F], _F]:
    """Mark a function made of several ops, so that observers see ``aten::name`` around them.

    A name with a ``#`` (``enumerate(DataLoader)#...``) is told as it is: it is no operation.
    """

    def decorate(function: _F) -> _F:
        label = name if "#" in name else f"aten::{name}"

        def call(*args: Any, **kwargs: Any) -> Any:
            if not S.slow:
                return function(*args, **kwargs)
            observers = S.observers
            inputs = [a for a in args if isinstance(a, Tensor)]
            for observer in observers:
                observer.composite_begin(label, inputs)
            try:
                return function(*args, **kwargs)
            finally:
                for observer in observers:
                    observer.composite_end(label)

        call.__name__ = call.__qualname__ = function.__name__
        call.__doc__ = function.__doc__
        call.__wrapped__ = function  # type: ignore[attr-defined]
        return call  # type: ignore[return-value]

    return decorate

"""Forward mode: each level is a `Layer` that computes a tangent beside every output.

A tensor has its tangents in ``__dict__["_tangents"]``, one a level, so a tensor without any costs nothing. A level
runs an operation under the levels below it, first on the values, then by the op's tangent rule (`Op.tangent`'s kinds)
on the tangents. Tangents of a level never meet those of another, which keeps nested derivatives apart.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any
from weakref import ref

import numpy as np

from engine.autograd import layers
from engine.autograd.grad_mode import enable_grad, no_grad
from engine.inplace import CopySlices, apply_inplace, take_view
from engine.registry import CONSTANT, LINEAR, OPS, POINTWISE, TENSORS, Op
from engine.state import Layer, S
from engine.tensor import Tensor


class Level(Layer):
    """One level of forward mode. Entered, it is on top of the stack; left, its tangents are gone."""

    in_backward = True

    def __init__(self) -> None:
        self._members: list[ref[Tensor]] = []

    def __enter__(self) -> Level:
        layers.push(self)
        return self

    def __exit__(self, *_: object) -> None:
        layers.pop(self)
        for member in self._members:
            t = member()
            if t is not None:
                t.__dict__.get("_tangents", {}).pop(self, None)
        self._members.clear()

    # --- Tangents --------------------------------------------------------------------------------------------------

    def tangent(self, t: Any) -> Tensor | None:
        """The tangent of `t` at this level, None for zero. That of a view follows from its base's."""
        if not isinstance(t, Tensor):
            return None
        if "_tangents" in t.__dict__ and self in t.__dict__["_tangents"]:
            return t.__dict__["_tangents"][self]  # type: ignore[no-any-return]
        view, own = t._view, None
        if view is not None and "_tangents" in view.base.__dict__:
            whole = view.base.__dict__["_tangents"].get(self)
            if whole is not None:
                own = take_view(TENSORS, whole, view.chain)
                self.attach(t, own)
        return own

    def attach(self, t: Tensor, tangent: Tensor | None) -> None:
        """Make `tangent` that of `t`; None is zero, even for a view of what is not."""
        t.__dict__.setdefault("_tangents", {})[self] = tangent
        self._members.append(ref(t))

    # --- Layer -----------------------------------------------------------------------------------------------------

    def run(self, op: Op, args: tuple[Any, ...]) -> Any:
        with layers.only(layers.below(self)):
            inputs = layers.flat_inputs(op, args)
            tangents = tuple(self.tangent(i) for i in inputs)
            made = layers.call(op, args)
            if op.kind == CONSTANT or all(t is None for t in tangents):
                return made
            outputs = layers.outputs_of(made)
            for y, t in zip(outputs, tangents_of(self, op, args, tangents, made), strict=True):
                if t is not None:
                    self.attach(y, t)
            self._remember(outputs)
            return made

    def _remember(self, outputs: Sequence[Tensor]) -> None:
        """For a backward rule that reads an output: the node has its array, here are its tangents."""
        edge = outputs[0]._edge
        if edge is not None and edge[0].saved is not None and len(outputs) == len(edge[0].meta):
            edge[0].__dict__["_tangents"] = [o.__dict__.get("_tangents", {}) for o in outputs]

    def inplace(self, op: Op, target: Tensor, args: tuple[Any, ...]) -> Tensor:
        with layers.only(layers.below(self)):
            whole = (target, *args)
            tangents = tuple(self.tangent(i) for i in layers.flat_inputs(op, whole))
            if all(t is None for t in tangents) or op.kind == CONSTANT:
                return apply_inplace(op, target, args)
            # Before the write, and from copies: rules read, and the graph keeps, what the write destroys.
            whole = (TENSORS.clone(target), *args)
            if tangents[0] is not None:
                tangents = (TENSORS.clone(tangents[0]), *tangents[1:])
            (new,) = tangents_of(self, op, whole, tangents, layers.call(op, whole))
            result = apply_inplace(op, target, args)
            if new is None:
                new = zeros(target)
            self._remember_inplace(op, target, tangents[0], new)
            self._write(target, new)
            return result

    def _remember_inplace(self, op: Op, target: Tensor, old: Tensor | None, new: Tensor) -> None:
        """The node keeps copies of what the target was and has become; give those their tangents."""
        edge = target._edge if target._view is None else target._view.base._edge
        node: Any = edge[0] if edge is not None else None
        if isinstance(node, CopySlices):
            node = node.args[0]
        if not isinstance(node, op.node):
            return
        if old is not None and node.inputs and isinstance(node.inputs[0], Tensor):
            node.inputs[0].__dict__.setdefault("_tangents", {})[self] = old
        if node.saved is not None:
            node.__dict__.setdefault("_tangents", [{}])[0][self] = TENSORS.clone(new)

    def _write(self, target: Tensor, new: Tensor) -> None:
        old = self.tangent(target)
        view = target._view
        if old is None and view is not None:
            # The base moves too now, where this view looks.
            whole = zeros(view.base)
            self.attach(view.base, whole)
            old = self.tangent(target)
        if old is None or (view is None and target._counter is None):
            self.attach(target, new)
        else:
            # In place, so that the tangents of views and bases, which share memory, follow.
            apply_inplace(OPS["copy"], old, (new,))


def zeros(t: Tensor) -> Tensor:
    """Zeros of the shape and dtype of `t`."""
    return Tensor._wrap(np.zeros_like(t._data))


def alias(t: Tensor) -> Tensor:
    """A new leaf over the memory of `t` that keeps its tangents: what a derivative with respect to `t` is taken at."""
    made = Tensor._wrap(t._data)
    if "_tangents" in t.__dict__:
        made.__dict__["_tangents"] = dict(t.__dict__["_tangents"])
    return made


def tracked(t: Tensor) -> Tensor:
    """`t` as the root of an inner derivative: behind it in the graph if it is in one, else a fresh leaf."""
    if t.requires_grad and S.grad_enabled:
        return t.view_as(t)  # type: ignore[no-any-return]
    return alias(t).requires_grad_()


def outside(made: Tensor, own: Sequence[Tensor]) -> Tensor:
    """`made`, cut from the graph if that leads nowhere but to the fresh leaves `own` of an inner derivative; and the
    tangents of outer levels likewise, which were computed from those leaves too."""
    cut = made._edge is not None and not _leads_out(made, own)
    result = alias(made) if cut else made
    tangents = made.__dict__.get("_tangents")
    if tangents:
        result.__dict__["_tangents"] = {k: t if t is None else outside(t, own) for k, t in tangents.items()}
    return result


def _leads_out(made: Tensor, own: Sequence[Tensor]) -> bool:
    """Whether a leaf that is not one of `own` can be reached from `made`."""
    assert made._edge is not None
    mine = {t._edge[0] for t in own if t._edge is not None and t._edge[0].is_leaf_node}
    stack = [made._edge[0]]
    seen = set(stack)
    while stack:
        node = stack.pop()
        if node.is_leaf_node and node not in mine:
            return True
        for edge in node.next_edges:
            if edge is not None and edge[0] not in seen:
                seen.add(edge[0])
                stack.append(edge[0])
    return False


# --- Rules -----------------------------------------------------------------------------------------------------------


def tangents_of(
    level: Level, op: Op, args: tuple[Any, ...], tangents: Sequence[Tensor | None], made: Any
) -> list[Tensor | None]:
    """The tangent of each output of `op`, given those of its inputs, of the outputs' shapes and dtypes.

    A rule for gradients that is written as a complex derivative is the rule for tangents as it stands.
    """
    outputs = layers.outputs_of(made)
    if op.composed is not None:
        found = _composed(level, op, args, tangents)
    elif op.kind == LINEAR:
        found = _linear(op, args, tangents)
    elif op.kind == POINTWISE and (op.holomorphic or not _any_complex(tangents, outputs)):
        found = (_pointwise(op, args, tangents, made),)
    elif op.kind == "bilinear":
        found = (_bilinear(op, args, tangents),)
    else:
        found = _general(op, args, tangents)
    return [
        None if t is None or not y.dtype.differentiable else _fitted(t, y)
        for t, y in zip(found, outputs, strict=True)
    ]


def _any_complex(*groups: Sequence[Tensor | None]) -> bool:
    return any(t is not None and t.dtype.is_complex for group in groups for t in group)


def _fitted(t: Tensor, y: Tensor) -> Tensor:
    if t._data.shape != y._data.shape:
        t = TENSORS.expand(t, tuple(y._data.shape))
    return t if t.dtype is y.dtype else TENSORS.to_dtype(t, y.dtype)


def _composed(
    level: Level, op: Op, args: tuple[Any, ...], tangents: Sequence[Tensor | None]
) -> tuple[Any, ...]:
    """The tangents of the function the op is one node for, run in the level."""
    assert op.composed is not None
    moved = list(args)
    for k, t in enumerate(tangents):
        if t is not None:
            moved[k] = (
                args[k].view_as(args[k]) if S.grad_enabled and args[k].requires_grad else alias(args[k])
            )
            level.attach(moved[k], t)
    with layers.only((*S.layers, level)):
        return tuple(level.tangent(y) for y in layers.outputs_of(op.composed(*moved)))


def _linear(op: Op, args: tuple[Any, ...], tangents: Sequence[Tensor | None]) -> tuple[Any, ...]:
    inputs = layers.flat_inputs(op, args)
    rules = (True,) * len(inputs) if op.variadic else op.differentiable
    moved = tuple(
        i if not rule or i is None else t if t is not None else zeros(i) if isinstance(i, Tensor) else 0
        for i, t, rule in zip(inputs, tangents, rules, strict=True)
    )
    statics = args[1:] if op.variadic else args[op.n_inputs :]
    return layers.outputs_of(op.call(moved, *statics) if op.variadic else op.call(*moved, *statics))


def _bilinear(op: Op, args: tuple[Any, ...], tangents: Sequence[Tensor | None]) -> Any:
    total: Any = None
    for k, t in enumerate(tangents):
        if t is not None:
            part = op.call(*args[:k], t, *args[k + 1 :])
            total = part if total is None else TENSORS.add(total, part)
    return total


def _pointwise(op: Op, args: tuple[Any, ...], tangents: Sequence[Tensor | None], made: Any) -> Any:
    values: dict[str, Any] = dict(zip(op.params, args, strict=False))
    for p, x in zip(op.params[: op.n_inputs], args, strict=False):
        values[f"{p}_shape"] = x._data.shape if isinstance(x, Tensor) else ()
    values["y"] = made
    total: Any = None
    for t, rule in zip(tangents, op.vjp, strict=True):
        if t is None or rule is None:
            continue
        part = rule(TENSORS, t, **{n: values[n] for n in list(inspect.signature(rule).parameters)[2:]})
        total = part if total is None else TENSORS.add(total, part)
    return total


def _general(op: Op, args: tuple[Any, ...], tangents: Sequence[Tensor | None]) -> tuple[Any, ...]:
    """The gradient is linear in ``g``; its derivative with respect to ``g`` is the tangent."""
    from engine.backward import grad

    inputs = layers.flat_inputs(op, args)
    record = S.grad_enabled
    moving = [k for k, t in enumerate(tangents) if t is not None]
    leaves = list(inputs)
    with enable_grad():
        for k in moving:
            leaves[k] = tracked(inputs[k]) if record else alias(inputs[k]).requires_grad_()
        statics = args[1:] if op.variadic else args[op.n_inputs :]
        made = op.call(tuple(leaves), *statics) if op.variadic else op.call(*leaves, *statics)
        outputs = layers.outputs_of(made)
        live = [k for k, y in enumerate(outputs) if y.requires_grad]
        if not live:
            return (None,) * len(outputs)
        cotangents = [zeros(outputs[k]).requires_grad_() for k in live]
        roots = [leaves[k] for k in moving]
        back = grad([outputs[k] for k in live], roots, cotangents, create_graph=True, allow_unused=True)
        pairs = [
            (g, tangents[k]) for g, k in zip(back, moving, strict=True) if g is not None and g.requires_grad
        ]
        if not pairs:
            return (None,) * len(outputs)
        found = grad(
            [g for g, _ in pairs], cotangents, [t for _, t in pairs], create_graph=record, allow_unused=True
        )
    own = [*roots, *cotangents]
    by_output = dict(zip(live, found, strict=True))
    result = [by_output.get(k) for k in range(len(outputs))]
    return tuple(None if t is None else outside(t, own) for t in result)


def through_function(function: Any, ctx: Any, args: tuple[Any, ...], made: Sequence[Tensor]) -> None:
    """Give the outputs of a custom `Function` the tangents its ``jvp`` says."""
    for level in [held for held in S.layers if isinstance(held, Level)]:
        with layers.only(layers.below(level)):
            tangents = [level.tangent(a) for a in args]
            if all(t is None for t in tangents):
                continue
            given = [
                t if t is not None or not isinstance(a, Tensor) or not ctx._materialize else zeros(a)
                for a, t in zip(args, tangents, strict=True)
            ]
            with enable_grad() if S.grad_enabled else no_grad():
                found = function.jvp(ctx, *given)
            for y, t in zip(made, layers.outputs_of(found), strict=True):
                if t is not None:
                    level.attach(y, t)

"""Writing into tensors: version counters, and how the graph is rewritten behind an in-place operation.

After ``v.mul_(2)``, where ``v`` is a view of ``b``, the new value of ``b`` depends on its old value outside ``v`` and
on the product inside it. So ``b`` gets a `CopySlices` node, which splits a gradient of ``b`` into the two parts, and
every view of ``b`` is stale until it is next looked at: then it is given an `AsStridedBackward0` that leads to ``b``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.backend import Array
from engine.dispatch import check_broadcast, explain, prepare
from engine.graph import FREED, GONE, Node, new_node, short_name
from engine.registry import OPS, Op
from engine.state import S
from engine.tensor import Tensor, View

_SAME_EVERYWHERE = ("fill_in_place", "fill_tensor_in_place", "zero")
"""What may be done to an expanded tensor, since it does not matter how often an element is written."""


def apply_inplace(op: Op, target: Tensor, args: tuple[Any, ...]) -> Tensor:
    """``target.op_(*args)``: write the result of ``op(target, *args)`` into `target` and return it.

    Raises:
        RuntimeError: in PyTorch's words, for a leaf that requires grad (or a view of one), a result of another
            shape, or one whose dtype does not fit.
    """
    if S.layers:
        return S.layers[-1].inplace(op, target, args)
    if not S.inference and "_inference" in (target if target._view is None else target._view.base).__dict__:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed."
            "You can make a clone to get a normal tensor before doing inplace update."
            "See https://github.com/pytorch/rfcs/pull/17 for more details."
        )
    n = op.n_inputs
    inputs = (target, *args[: n - 1])
    statics = args[n - 1 :]
    recording = S.grad_enabled and any(isinstance(i, Tensor) and i.requires_grad for i in inputs)
    if recording:
        check_writable(target)
    recording = recording and bool(op.vjp)
    overlapping = not getattr(target._data.flags, "writeable", True)
    if overlapping and op.name not in _SAME_EVERYWHERE:
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )
    for i in inputs[1:]:
        if isinstance(i, Tensor) and i is not target and _overlap_partly(target._data, i._data):
            raise RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
                "memory location. Please clone() the tensor before performing the operation."
            )
    observers = S.observers
    start = S.clock() if observers else 0
    try:
        arrays = prepare(op, inputs)
        forward, xp = (
            (op.forward, np) if isinstance(target._data, np.ndarray) else (op.on_device, _xp(target))
        )
        result = forward(xp, *arrays, *statics)
    except Exception as error:
        better = explain(op, (target, *args), inputs, error)
        for observer in observers:
            observer.op_failed(op, (target, *args), [i for i in inputs if isinstance(i, Tensor)], better)
        try:
            raise better from None
        finally:
            del better  # or its traceback would be a cycle, see `dispatch.run`
    end = S.clock() if observers else 0
    result = np.asarray(result) if np.isscalar(result) else result
    if result.shape != target._data.shape:
        raise RuntimeError(
            f"output with shape {list(target._data.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    made, own = dtypes.of(result), target.dtype
    if not dtypes.can_cast(made, own):
        raise RuntimeError(
            f"result type {dtypes.scalar_type_name(made)} can't be cast to the desired output type "
            f"{dtypes.scalar_type_name(own)}"
        )
    edges: tuple[Any, ...] = ()
    if recording:
        edges = tuple(
            i._fresh_edge() if isinstance(i, Tensor) and rule else None
            for i, rule in zip(inputs, op.differentiable, strict=True)
        )
    node: Node | None = None
    if any(e is not None for e in edges) and own.differentiable:
        node = _node(op, inputs, statics, edges, target, result)
    for observer in observers:
        observer.before_write(target)
    (_memory(target._data) if overlapping else target._data)[...] = result
    if observers and type(target._data) is not np.ndarray:
        end = S.clock()  # writing is a kernel of its own there
    bump(target)
    if node is not None:
        if node.saved is not None:
            node.saved = (target._data,)
            counter = target._shared_counter()
            node.versions = (*(node.versions or ()), (counter, counter[0]))
        rebase(target, node)
    if observers:
        seen = [i for i in inputs if isinstance(i, Tensor)]
        for observer in observers:
            observer.op(op, (target, *args), seen, (target,), node, True, start, end)
    return target


def _memory(array: Array) -> Array:
    """What an expanded array looks into, writable, stretched as it is. For writing one value all over."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    start = array.ctypes.data - owner.ctypes.data
    return np.ndarray(array.shape, array.dtype, owner, start, array.strides)


def _xp(target: Tensor) -> Any:
    from engine import backend

    return backend.module_of(target._data)


def check_writable(target: Tensor) -> None:
    """Raise if an in-place operation on `target` would destroy a leaf autograd needs. Only asked in grad mode."""
    view = target._view
    if view is not None:
        _check_origin(target, view, "is being")
        if target.requires_grad and view.base.is_leaf:
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place operation."
            )
    edge = target._edge
    if target.requires_grad and (edge is None or edge[0].is_leaf_node):
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


def _check_origin(target: Tensor, view: View, what: str) -> None:
    """Raise if writing to `target`, or to memory it shares, breaks its place in the graph; `what` says which it was."""
    edge = target._edge
    node = None if edge is None or edge[0].is_leaf_node else edge[0]
    several = any(_of_several(op) for op, _, _ in view.chain)
    if view.in_grad_mode and not several:
        return
    start = (
        "A view was created in no_grad mode"
        if edge is None or node is None
        else f"Output {edge[1]} of {short_name(node)} is a view{'' if view.in_grad_mode else ' of a view'}"
    )
    if view.in_grad_mode:
        raise RuntimeError(
            f"{start} and {what} modified inplace. This view is the output of a function that returns multiple views. "
            "Such functions do not allow the output views to be modified inplace. You should replace the inplace "
            "operation by an out-of-place one."
        )
    raise RuntimeError(
        f"{start}{'' if node is None else ' which was created in no_grad mode'} and {what} modified inplace with grad "
        "mode enabled. Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
        "code by moving both the view and the inplace either both inside the no_grad block (if you don't want the "
        "inplace to be tracked) or both outside (if you want the inplace to be tracked)."
    )


def _of_several(op: Op) -> bool:
    return op.outputs != 1 or op.name in ("unbind", "split")


def _overlap_partly(x: Array, y: Array) -> bool:
    """Whether two arrays without gaps share some elements, but are not the same ones in the same order."""
    if (x if x.base is None else x.base) is not (y if y.base is None else y.base):
        return False
    if not (x.size and y.size and isinstance(x, np.ndarray)):
        return False
    bounds = [np.lib.array_utils.byte_bounds(z) for z in (x, y)]
    if any(high - low != z.nbytes or 0 in z.strides for (low, high), z in zip(bounds, (x, y), strict=True)):
        return False
    (p, q), (r, s) = bounds
    if (p, q) == (r, s):
        return bool(x.strides != y.strides)
    return bool(p < s and r < q)


def bump(target: Tensor) -> None:
    """Note that the memory of `target` has changed."""
    target._written()


def _node(
    op: Op,
    inputs: Sequence[Any],
    statics: tuple[Any, ...],
    edges: tuple[Any, ...],
    target: Tensor,
    result: Any,
) -> Node:
    """The op's own node, with a copy of the target's old value where a rule reads it: the memory is about to change."""
    wanted = {k for e, reads in zip(edges, op.saves, strict=True) if e is not None for k in reads}
    kept: list[Any] = []
    versions: list[tuple[list[int], int]] = []
    for k, i in enumerate(inputs):
        if k not in wanted:
            kept.append(None)
        elif k == 0:
            old = Tensor._wrap(i._data.copy())
            old._edge = edges[k]
            kept.append(old)
        else:
            # Another input is not copied, even one that shares this memory: as in PyTorch, backward then complains.
            kept.append(i)
            if isinstance(i, Tensor):
                counter = i._shared_counter() if i is target else i._counter
                if counter is not None:
                    versions.append((counter, counter[0]))
    reads_output = any(s and e is not None for s, e in zip(op.saves_output, edges, strict=True))
    return new_node(
        op.node_for(result),
        edges,
        (target._data,),
        args=statics,
        inputs=tuple(kept) if wanted else None,
        # Replaced by the target's memory after the write: only the fact that it is wanted matters here.
        saved=(result,) if reads_output else None,
        shapes=tuple(i._data.shape if isinstance(i, Tensor) else () for i in inputs)
        if op.wants_shapes
        else None,
        versions=tuple(versions) or None,
    )


def rebase(target: Tensor, node: Node) -> None:
    """Make `target` the output of `node`; if it is a view, through a `CopySlices` on its base."""
    view = target._view
    if view is None:
        _move(target, node)
        return
    base = view.base
    edges = (base._edge, *node.next_edges[1:])
    _move(base, new_node(CopySlices, edges, (base._data,), args=(node, view.chain)))
    refresh_view(target)


def _move(target: Tensor, node: Node) -> None:
    """Make `target` the output of `node`. A gradient it retains is that of what it is now."""
    retains = target.retains_grad
    if retains:
        assert target._edge is not None
        target._edge[0].release(target)
    target._edge = (node, 0)
    if retains:
        node.retain(target, 0)


def refresh_view(target: Tensor) -> None:
    """Give a stale view its place behind the present state of its base.

    Raises:
        RuntimeError: if the memory of one of several views, or of one from no_grad mode, was written to.
    """
    view = target._view
    assert view is not None
    assert target._counter is not None
    base = view.base
    edge = target._edge
    tracked = base.requires_grad and target.dtype.differentiable
    if (edge is None or edge[0].is_leaf_node) and not tracked:
        return
    _check_origin(target, view, "its base or another view of its base has been")
    node = new_node(
        OPS["as_strided"].node,
        (base._fresh_edge(),),
        (target._data,),
        args=(view.chain,),
        shapes=(base._data.shape,),
    )
    view.version = target._counter[0]
    _move(target, node)


def take_view(F: Any, x: Any, chain: Sequence[tuple[Op, tuple[Any, ...], tuple[int, ...]]]) -> Any:
    """Follow a chain of view operations from a base."""
    for op, args, _ in chain:
        if _of_several(op):
            x = getattr(F, op.name)(x, *args[:-1])[args[-1]]
        else:
            x = getattr(F, op.name)(x, *args)
    return x


def put_view(F: Any, g: Any, chain: Sequence[tuple[Op, tuple[Any, ...], tuple[int, ...]]]) -> Any:
    """The adjoint of `take_view`: `g` of the view's shape placed into zeros of the base's shape."""
    for op, args, shape in reversed(chain):
        g = F.embed(g, shape, op.name, args)
    return g


class CopySlices(Node):
    """The base of a view after an in-place operation on the view."""

    __module__ = "builtins"  # as PyTorch's are
    __slots__ = ()

    namespace = "torch::autograd::"

    op = None  # type: ignore[assignment]

    def check_saved(self) -> None:
        """As `Node.check_saved`; like PyTorch's it runs once even if the operation inside has nothing to free."""
        if self.freed:
            raise RuntimeError(FREED)
        self.args[0].check_saved()

    def apply(self, F: Any, grads: Sequence[Any], needed: Sequence[bool]) -> Sequence[Any]:
        """Gradient of the old base: `g` outside the view; inside, what the operation sends back to its target."""
        node, chain = self.args
        g = grads[0]
        inner = take_view(F, F.contiguous_copy(g), chain)
        to_target = node.next_edges[0] is not None or needed[0]
        sent = node.apply(F, [inner], [to_target and node.op.differentiable[0], *needed[1:]])
        first = None
        if needed[0]:
            ones = backend.module_of(g._data if F.recording else g).ones(node.out_shape, np.bool_)
            inside = put_view(_plain(g, F), ones, chain)
            part = sent[0]
            if part is None:
                zero = F.zeros((), g.dtype.numpy if F.recording else g.dtype)
                first = F.where(_as(F, inside), zero, g)
            else:
                first = F.where(_as(F, inside), put_view(F, part, chain), g)
        return [first, *sent[1:]]

    def free(self) -> None:
        """As `Node.free`."""
        self.inputs = GONE
        self.args[0].free()


def _plain(g: Any, F: Any) -> Any:
    from engine.registry import arrays

    return arrays(g._data if F.recording else g)


def _as(F: Any, array: Any) -> Any:
    return Tensor._wrap(array) if F.recording else array


__all__ = ["View", "apply_inplace", "bump", "check_broadcast", "check_writable", "rebase", "refresh_view"]

"""The backward pass over the graph, without recursion.

A consumer is always younger than what it consumes, so running nodes from the youngest to the oldest is a topological
order, and the whole plan is known before the first rule runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from time import perf_counter_ns
from typing import Any

import numpy as np

from engine import dtypes
from engine.graph import FREED, GONE, AccumulateGrad, Edge, Node
from engine.registry import TENSORS, arrays
from engine.state import S
from engine.tensor import Tensor

_ndarray = np.ndarray


def plan(roots: Iterable[Node], targets: set[tuple[Node, int]] | None) -> tuple[list[Node], dict[Node, int]]:
    """All nodes a pass from `roots` runs, youngest first, and the leaves it reaches (0 each, for `_count`).

    With `targets` (node and output number), only nodes from which a target can be reached; a target's own node is left
    out unless something behind it is wanted.
    """
    seen = set(roots)
    nodes = [n for n in seen if not n.is_leaf_node]
    stack = list(nodes)
    waiting: dict[Node, int] = {n: 0 for n in seen if n.is_leaf_node}
    while stack:
        for edge in stack.pop().next_edges:
            if edge is not None:
                node = edge[0]
                if node not in seen:
                    seen.add(node)
                    if node.is_leaf_node:
                        waiting[node] = 0
                    else:
                        stack.append(node)
                        nodes.append(node)
    nodes.sort(key=_sequence_nr, reverse=True)
    if targets is not None:
        wanted: set[Node] = set()
        for node in reversed(nodes):
            for edge in node.next_edges:
                if edge is not None and (edge in targets or edge[0] in wanted):
                    wanted.add(node)
                    break
        nodes = [n for n in nodes if n in wanted]
    return nodes, waiting


def _count(nodes: Iterable[Node], waiting: dict[Node, int]) -> None:
    """How many edges lead from `nodes` into each leaf: it accumulates when the last has been there."""
    for node in nodes:
        for edge in node.next_edges:
            if edge is not None and edge[0].is_leaf_node:
                waiting[edge[0]] = waiting.get(edge[0], 0) + 1


_sequence_nr = attrgetter("sequence_nr")


def run(
    roots: Sequence[Tensor],
    grads: Sequence[Tensor],
    *,
    retain_graph: bool,
    create_graph: bool,
    targets: Sequence[Tensor] | None = None,
    accumulate: bool = True,
) -> list[Any]:
    """Run a backward pass.

    Args:
        roots: tensors that require grad.
        grads: the gradient of each, of its shape.
        retain_graph: keep what the nodes saved.
        create_graph: record the pass; gradients are then Tensors with a graph of their own.
        targets: tensors whose gradients are wanted; None means all leaves.
        accumulate: add gradients to leaves' ``grad`` (those in `targets`, if given) instead of returning them.

    Returns:
        The gradient of each target as array or Tensor, None where none arrived; empty if `accumulate`.
    """
    target_edges: dict[tuple[Node, int], list[int]] | None = None
    if targets is not None:
        target_edges = {}
        for k, t in enumerate(targets):
            edge = t._fresh_edge()
            if edge is None:
                raise RuntimeError("One of the differentiated Tensors does not require grad")
            target_edges.setdefault(edge, []).append(k)

    pending: dict[Node, Any] = {}
    observers = S.observers
    # Those who are told of the operations inside rules; if there are any, rules run on Tensors.
    inside = observers if create_graph else tuple(o for o in observers if o.backward_ops)
    # Layers (forward mode) must see the operations of the rules; gradients are then Tensors, but not part of a graph.
    as_tensors = create_graph or any(layer.in_backward for layer in S.layers)
    on_tensors = as_tensors or bool(inside)
    F = TENSORS if on_tensors else arrays(roots[0]._data)
    root_nodes = []
    for root, grad in zip(roots, grads, strict=True):
        edge = root._fresh_edge()
        assert edge is not None
        root_nodes.append(edge[0])
        _send(pending, edge, grad if on_tensors else grad._data)
    nodes, waiting = plan(root_nodes, set(target_edges) if target_edges is not None else None)
    running = set(nodes) if target_edges is not None else set()
    caught: list[Any] = [None] * (len(targets) if targets is not None else 0)

    def arrive_at_leaf(leaf: Node) -> None:
        grad = pending.pop(leaf, None)
        if grad is None:
            return
        if leaf.tensor_hooks:
            grad = _call_hooks(leaf.tensor_hooks.get(0, ()), grad, F)
        if target_edges is not None:
            places = target_edges.get((leaf, 0))
            if places is None:
                return
            if not accumulate:
                for k in places:
                    caught[k] = grad
                return
        start = perf_counter_ns() if S.observers else 0
        assert isinstance(leaf, AccumulateGrad)
        if S.observers:
            entering = grad
            leaf.accumulate(grad._data if on_tensors and not as_tensors else grad, as_tensors)
            end = perf_counter_ns()
            for observer in S.observers:
                observer.backward_node(leaf, (entering,), (), start, end)
        else:
            holder = [grad]
            del grad
            leaf.accumulate(holder.pop(), as_tensors)

    def run_node(node: Node, arrived: Any) -> list[Any]:
        """What `node` sends along each edge, with hooks, targets and observers."""
        incoming: list[Any] = arrived if node.metas is not None else [arrived]
        if node.hooked:
            _before_node(node, incoming, F)
        if target_edges is not None:
            for nr, grad in enumerate(incoming):
                for k in target_edges.get((node, nr), ()):
                    caught[k] = grad
        node.check_saved()
        start = 0
        if observers:
            start = perf_counter_ns()
            if on_tensors:
                S.observers = inside
        needed = [
            e is not None and (target_edges is None or e in target_edges or e[0] in running)
            for e in node.next_edges
        ]
        leaving = list(node.apply(F, incoming, needed))
        if observers:
            leaving = [
                _fit(F, g, e) if g is not None and e is not None else None
                for g, e in zip(leaving, node.next_edges, strict=True)
            ]
            end = perf_counter_ns()
            S.observers = observers
        if node.hooked and node.post_hooks:
            leaving = list(_after_node(node, leaving, incoming, F))
        for observer in observers:
            observer.backward_node(node, incoming, leaving, start, end)
        if not retain_graph:
            node.free()
        elif node.packed is not None:
            node.packed.drop(node)
        return leaving

    grad_mode, S.grad_enabled = S.grad_enabled, create_graph
    _passes.append((nodes, waiting))
    for observer in S.observers:
        observer.backward_begin(roots, nodes)
    try:
        if (
            not observers
            and not on_tensors
            and not any(n.hooked for n in waiting)
            and (target_edges is None or all(n.is_leaf_node for n, _ in target_edges))
        ):
            if target_edges is not None:
                running.update(n for n, _ in target_edges)
            _run_plain(F, nodes, pending, None if target_edges is None else running, retain_graph, run_node)
            for leaf in waiting:
                arrive_at_leaf(leaf)
            return caught
        if target_edges is not None:
            waiting.clear()
        _count(nodes, waiting)
        for root_node in root_nodes:
            if root_node.is_leaf_node and not waiting.get(root_node):
                arrive_at_leaf(root_node)
        for node in nodes:
            arrived = pending.pop(node, None)
            edges = node.next_edges
            # If nothing reached it, a leaf may still be waiting for word of that.
            leaving: list[Any] = [] if arrived is None else run_node(node, arrived)
            arrived = None  # so that a leaf can tell when it is given the only reference
            for k, edge in enumerate(edges):
                if edge is None:
                    continue
                target = edge[0]
                if leaving:
                    grad, leaving[k] = leaving[k], None
                    if grad is not None:
                        _send(pending, edge, _fit(F, grad, edge))
                    del grad
                if target.is_leaf_node:
                    left = waiting[target] = waiting[target] - 1
                    if not left:
                        arrive_at_leaf(target)
        if target_edges is not None:
            # A target that is itself a root, or whose own node did not have to run.
            for (node, nr), places in target_edges.items():
                if node in pending and not node.is_leaf_node:
                    left_over = pending.pop(node)
                    incoming = left_over if node.metas is not None else [left_over]
                    if node.hooked:
                        _before_node(node, incoming, F)
                    pending[node] = left_over if node.metas is not None else incoming[0]
                    for k in places:
                        caught[k] = incoming[nr]
    finally:
        _passes.pop()
        S.grad_enabled = grad_mode
        if S.observers is inside:  # a rule has raised
            S.observers = observers
        for observer in S.observers:
            observer.backward_end()
    if on_tensors and not as_tensors:
        caught = [None if g is None else g._data for g in caught]
    if accumulate and targets is not None:
        for t, grad in zip(targets, caught, strict=True):
            if not t.is_leaf and grad is not None:
                new = grad if as_tensors else Tensor._wrap(grad)
                t._grad = new if t._grad is None else t._grad + new
        return []
    return caught


def _run_plain(
    F: Any,
    nodes: list[Node],
    pending: dict[Node, Any],
    wanted: set[Node] | None,
    retain_graph: bool,
    run_node: Callable[[Node, Any], list[Any]],
) -> None:
    """The hot path: arrays, nobody watching, nothing wanted on the way. What reaches leaves is left in `pending`.

    With `wanted`, only gradients of those nodes are computed.
    """
    get, pop = pending.get, pending.pop
    written = S.written
    for node in nodes:
        g = pop(node, None)
        if g is None:
            continue
        if node.simple and not node.hooked:
            inputs = node.inputs
            if inputs is GONE:
                raise RuntimeError(FREED)
            if node.sequence_nr < written:
                node.check_saved()
            for rule, edge in zip(node.rules, node.next_edges):  # noqa: B905 (as long as each other; `strict` costs)
                if edge is not None:
                    target = edge[0]
                    if wanted is not None and target not in wanted:
                        continue
                    grad = rule(F, g, node)
                    if target.metas is not None:
                        _send(pending, edge, _fit(F, grad, edge))
                        continue
                    if (
                        type(grad) is not _ndarray
                        or grad.dtype is not target.out_dtype
                        or grad.shape != target.out_shape
                    ):
                        if grad is None:
                            continue
                        grad = _fit(F, grad, edge)
                    old = get(target)
                    pending[target] = grad if old is None else _sum(old, grad)
            if not retain_graph:
                if node.saved is not None:
                    node.free()
                elif inputs is not None:
                    node.inputs = GONE
        else:
            for grad, edge in zip(run_node(node, g), node.next_edges):  # noqa: B905
                if edge is not None and grad is not None:
                    _send(pending, edge, _fit(F, grad, edge))
            written = S.written


_passes: list[tuple[list[Node], dict[Node, int]]] = []


def running_pass() -> tuple[list[Node], dict[Node, int]]:
    """The nodes and the leaves of the pass that is running now; one object a pass."""
    return _passes[-1]


def _send(pending: dict[Node, Any], edge: tuple[Node, int], grad: Any) -> None:
    node, nr = edge
    if node.metas is not None:
        slots = pending.get(node)
        if slots is None:
            slots = pending[node] = [None] * len(node.metas)
        slots[nr] = grad if slots[nr] is None else _sum(slots[nr], grad)
    else:
        old = pending.get(node)
        pending[node] = grad if old is None else _sum(old, grad)


def _sum(a: Any, b: Any) -> Any:
    if isinstance(a, Tensor) and not S.grad_enabled and not S.layers:
        return Tensor._wrap(_sum(a._data, b._data))
    total = a + b
    return np.asarray(total) if isinstance(total, np.generic) else total  # 0-d arrays add up to scalars


def _fit(F: Any, grad: Any, edge: Edge) -> Any:
    """`grad` reduced to the shape (undoing broadcasting) and dtype of what `edge` points at: the one place for it."""
    assert edge is not None
    if isinstance(grad, np.generic):
        grad = np.asarray(grad)
    node, nr = edge
    shape, kind = (node.out_shape, node.out_dtype) if node.metas is None else node.metas[nr]
    if grad.shape != shape:
        grad = F.sum_to_size(grad, tuple(shape))
    dtype = dtypes.of_numpy(kind)
    if grad.dtype is not (dtype if F.recording else kind):
        if not dtype.is_complex and grad.dtype in (
            np.complex64,
            np.complex128,
            dtypes.complex64,
            dtypes.complex128,
        ):
            grad = F.real(grad)
        grad = F.to_dtype(grad, dtype)
    return grad


def _as_tensor(grad: Any, F: Any) -> Any:
    return grad if grad is None or F.recording else Tensor._wrap(grad)


def _from_hook(value: Any, F: Any) -> Any:
    return value if value is None or F.recording else value._data


def _call_hooks(hooks: Iterable[Any], grad: Any, F: Any) -> Any:
    for hook in tuple(hooks):
        result = hook(_as_tensor(grad, F))
        if result is not None:
            if not isinstance(result, Tensor):
                raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
            if result._data.shape != grad.shape:
                raise RuntimeError(
                    f"hook '{getattr(hook, '__name__', hook)}' has changed the size of value, from "
                    f"{list(grad.shape)} to {list(result._data.shape)}"
                )
            grad = _from_hook(result, F)
    return grad


def _before_node(node: Node, incoming: list[Any], F: Any) -> None:
    """Tensor hooks, then retained gradients, then the node's own pre-hooks, as PyTorch orders them."""
    for nr, hooks in (node.tensor_hooks or {}).items():
        if incoming[nr] is not None:
            incoming[nr] = _call_hooks(hooks, incoming[nr], F)
    for nr, reference in (node.retained or {}).items():
        tensor = reference()
        if tensor is not None and incoming[nr] is not None:
            new = incoming[nr] if F.recording else Tensor._wrap(incoming[nr].copy())
            tensor._grad = new if tensor._grad is None else tensor._grad + new
    for hook in tuple(node.pre_hooks or ()):
        result = hook(tuple(_as_tensor(g, F) for g in incoming))
        if result is not None:
            values = result if isinstance(result, tuple) else (result,)
            incoming[:] = [_from_hook(v, F) for v in values]


def _after_node(node: Node, leaving: Sequence[Any], incoming: Sequence[Any], F: Any) -> Sequence[Any]:
    for hook in tuple(node.post_hooks or ()):
        result = hook(tuple(_as_tensor(g, F) for g in leaving), tuple(_as_tensor(g, F) for g in incoming))
        if result is not None:
            values = result if isinstance(result, tuple) else (result,)
            leaving = [_from_hook(v, F) for v in values]
    return leaving

"""The backward pass over the graph, without recursion.

A consumer is always younger than what it consumes, so running nodes from the youngest to the oldest is a topological
order, and the whole plan is known before the first rule runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from time import perf_counter_ns
from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.graph import AccumulateGrad, Edge, Node
from engine.registry import TENSORS, arrays
from engine.state import S
from engine.tensor import Tensor


def plan(roots: Iterable[Node], targets: set[tuple[Node, int]] | None) -> tuple[list[Node], dict[Node, int]]:
    """All nodes a pass from `roots` runs, youngest first, and how many edges lead into each leaf.

    With `targets` (node and output number), only nodes from which a target can be reached; a target's own node is left
    out unless something behind it is wanted.
    """
    seen = set(roots)
    stack = [n for n in seen if not n.is_leaf_node]
    nodes = list(stack)
    waiting: dict[Node, int] = {}
    while stack:
        for edge in stack.pop().next_edges:
            if edge is None:
                continue
            node = edge[0]
            if node.is_leaf_node:
                waiting[node] = waiting.get(node, 0) + 1
            elif node not in seen:
                seen.add(node)
                stack.append(node)
                nodes.append(node)
    nodes.sort(key=_sequence_nr, reverse=True)
    if targets is None:
        return nodes, waiting
    wanted: set[Node] = set()
    for node in reversed(nodes):
        for edge in node.next_edges:
            if edge is not None and (edge in targets or edge[0] in wanted):
                wanted.add(node)
                break
    nodes = [n for n in nodes if n in wanted]
    waiting = {}
    for node in nodes:
        for edge in node.next_edges:
            if edge is not None and edge[0].is_leaf_node:
                waiting[edge[0]] = waiting.get(edge[0], 0) + 1
    return nodes, waiting


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
        incoming: list[Any] = arrived if len(node.meta) > 1 else [arrived]
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

    plain = target_edges is None and not observers and not on_tensors
    grad_mode, S.grad_enabled = S.grad_enabled, create_graph
    _passes.append((nodes, waiting))
    for observer in S.observers:
        observer.backward_begin(roots, nodes)
    try:
        for root_node in root_nodes:
            if root_node.is_leaf_node and not waiting.get(root_node):
                arrive_at_leaf(root_node)
        for node in nodes:
            arrived = pending.pop(node, None)
            edges = node.next_edges
            if arrived is None:
                # Nothing reached it, but a leaf may be waiting for word of that.
                leaving: list[Any] = []
            elif plain and node.simple and not node.hooked:
                # The hot path: one output, one rule an input, all of them wanted, nobody watching.
                if node.inputs is not None or node.saved is not None or node.freed:
                    node.check_saved()
                rules = node.op.array_rules
                if len(edges) == 1:
                    leaving = [rules[0](F, arrived, node)]
                else:
                    leaving = [
                        rule(F, arrived, node) if e is not None else None
                        for rule, e in zip(rules, edges, strict=True)
                    ]
                if not retain_graph:
                    node.free()
                elif node.packed is not None:
                    node.packed.drop(node)
            else:
                leaving = run_node(node, arrived)
            arrived = None  # so that a leaf can tell when it is given the only reference
            for k, edge in enumerate(edges):
                if edge is None:
                    continue
                target = edge[0]
                if leaving:
                    grad, leaving[k] = leaving[k], None
                    if grad is not None:
                        shape, dtype = target.meta[edge[1]]
                        if (
                            type(grad) is not np.ndarray
                            or grad.dtype is not dtype.numpy
                            or grad.shape != shape
                        ):
                            grad = _fit(F, grad, edge)
                        if len(target.meta) == 1:
                            old = pending.get(target)
                            pending[target] = grad if old is None else _sum(old, grad)
                            del old
                        else:
                            _send(pending, edge, grad)
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
                    incoming = left_over if len(node.meta) > 1 else [left_over]
                    if node.hooked:
                        _before_node(node, incoming, F)
                    pending[node] = left_over if len(node.meta) > 1 else incoming[0]
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


_passes: list[tuple[list[Node], dict[Node, int]]] = []


def running_pass() -> tuple[list[Node], dict[Node, int]]:
    """The nodes and the leaves of the pass that is running now; one object a pass."""
    return _passes[-1]


def _send(pending: dict[Node, Any], edge: tuple[Node, int], grad: Any) -> None:
    node, nr = edge
    if not node.is_leaf_node and len(node.meta) > 1:
        slots = pending.get(node)
        if slots is None:
            slots = pending[node] = [None] * len(node.meta)
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
    shape, dtype = node.meta[nr]
    if grad.shape != shape:
        grad = F.sum_to_size(grad, tuple(shape))
    if grad.dtype is not (dtype if F.recording else dtype.numpy):
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


# --- What users call -------------------------------------------------------------------------------------------------


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) or hasattr(value, "__next__") else (value,)


def root_gradients(
    outputs: Sequence[Tensor], grads: Sequence[Tensor | None], name: str = "grad_output"
) -> tuple[Tensor, ...]:
    """A gradient for each output: the given one, checked, or 1 for a tensor of one element."""
    for grad in grads:
        if grad is not None and not isinstance(grad, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(grad).__name__}")
    if len(grads) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(grads)} gradients")
    result = []
    for k, (out, grad) in enumerate(zip(outputs, grads, strict=True)):
        if grad is None:
            if out.requires_grad:
                if out._data.size != 1:
                    raise RuntimeError("grad can be implicitly created only for scalar outputs")
                if not out.dtype.is_floating_point:
                    raise RuntimeError(
                        f"grad can be implicitly created only for real scalar outputs but got {out.dtype!r}"
                    )
            grad = Tensor._wrap(backend.module_of(out._data).ones_like(out._data))
        elif grad._data.shape != out._data.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{k}] has a shape of {grad.shape!r} and output[{k}] has a shape of "
                f"{out.shape!r}."
            )
        elif grad.dtype.is_complex != out.dtype.is_complex:
            raise RuntimeError(
                "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                f"dtype: grad_output[{k}] has a dtype of {grad.dtype!r} and output[{k}] has a dtype of {out.dtype!r}."
            )
        result.append(grad)
    return tuple(result)


def _check_roots(outputs: Sequence[Tensor]) -> None:
    if not outputs:
        raise RuntimeError("grad requires non-empty outputs.")
    for k, out in enumerate(outputs):
        if not out.requires_grad:
            raise RuntimeError(f"element {k} of tensors does not require grad and does not have a grad_fn")


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Iterable[Tensor] | None = None,
) -> None:
    """Accumulate the gradients of `tensors` into the leaves (or `inputs`); see `Tensor.backward`."""
    outputs = _tuple(tensors)
    grads = (None,) * len(outputs) if grad_tensors is None else _tuple(grad_tensors)
    targets = None
    if inputs is not None:
        targets = _tuple(inputs)
        if not targets:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    gradients = root_gradients(outputs, grads)
    _check_roots(outputs)
    run(
        outputs,
        gradients,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
        targets=targets,
    )


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, returned instead of accumulated.

    Args:
        grad_outputs: one per output, of its shape; may be left out for outputs of one element.
        allow_unused: give None for an input the outputs do not depend on, instead of raising.
        is_grads_batched: `grad_outputs` have a leading batch dimension; so have the results.
        materialize_grads: zeros instead of None for unused inputs.
    """
    outs, ins = _tuple(outputs), _tuple(inputs)
    if not ins:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got False."
        )
    given = (None,) * len(outs) if grad_outputs is None else _tuple(grad_outputs)
    keep = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        from engine.ops.arrange import stack

        size = next(len(g) for g in given if g is not None)
        rows = [
            grad(
                outs,
                ins,
                tuple(None if g is None else g[k] for g in given),
                retain_graph=keep or k < size - 1,
                create_graph=create_graph,
                allow_unused=allow_unused,
                materialize_grads=materialize_grads,
            )
            for k in range(size)
        ]
        return tuple(None if column[0] is None else stack(column) for column in zip(*rows, strict=True))
    gradients = root_gradients(outs, given)
    _check_roots(outs)
    found = run(outs, gradients, retain_graph=keep, create_graph=create_graph, targets=ins, accumulate=False)
    result: list[Tensor | None] = []
    for t, g in zip(ins, found, strict=True):
        if g is None:
            if not (allow_unused or materialize_grads):
                raise RuntimeError(
                    f"The differentiated Tensor at index {len(result)} appears to not have been used in the graph. Set "
                    "allow_unused=True if this is the desired behavior."
                )
            result.append(Tensor._wrap(np.zeros_like(t._data)) if materialize_grads else None)
        else:
            result.append(g if isinstance(g, Tensor) else Tensor._wrap(g))
    return tuple(result)

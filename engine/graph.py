"""The backward graph and the pass over it, without recursion.

A node holds its edges as ``next_edges``: one ``(node, output_nr)`` or None per input of the operation, so a pass needs
no lookup. Nodes are numbered as they are made; a consumer is always younger than what it consumes, so running nodes
from the youngest to the oldest is a topological order, and the whole plan is known before the first rule runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from operator import attrgetter
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ReferenceType, ref

import numpy as np

from engine import backend, dtypes
from engine.backend import Array
from engine.state import S
from engine.tensor import Tensor

if TYPE_CHECKING:
    from engine.registry import Op

Edge = tuple["Node", int] | None

_number = count().__next__

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access saved "
    "tensors after calling backward."
)


class RemovableHandle:
    """Removes a hook: ``handle.remove()``, or use it as a context manager."""

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self._hooks = hooks
        self._hook = hook

    def remove(self) -> None:
        """Remove the hook; doing so again does nothing."""
        self._hooks[:] = [h for h in self._hooks if h is not self._hook]

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Node:
    """One recorded operation: how to send a gradient of its outputs on to its inputs.

    Each op has its own subclass, named as PyTorch names it (``SinBackward0``), whose class attribute `op` is the
    record. Slots: ``next_edges``; ``sequence_nr``; ``inputs`` what was saved of each input (a Tensor, a number or
    None); ``saved`` the output arrays, if rules want them; ``args`` the arguments that are not tensors; ``shapes``
    of the inputs; ``meta`` shape and dtype of each output; ``versions`` of the saved tensors.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "args",
        "inputs",
        "meta",
        "next_edges",
        "saved",
        "sequence_nr",
        "shapes",
        "versions",
    )

    op: ClassVar[Op]
    is_leaf_node: ClassVar[bool] = False
    simple: ClassVar[bool] = False
    """One output and one rule an input, run by the pass itself without `apply`."""

    # Rare, so kept in the instance's __dict__ when set at all.
    freed = False
    hooked = False
    """Whether there is any hook or retained gradient: one question instead of four."""
    tensor_hooks: dict[int, list[Any]] | None = None
    pre_hooks: list[Any] | None = None
    post_hooks: list[Any] | None = None
    retained: dict[int, ReferenceType[Tensor]] | None = None

    next_edges: tuple[Edge, ...]
    inputs: tuple[Any, ...] | None
    saved: tuple[Array, ...] | None
    args: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...] | None
    meta: tuple[tuple[tuple[int, ...], Any], ...]
    versions: tuple[tuple[list[int], int], ...] | None
    sequence_nr: int

    def name(self) -> str:
        """``SinBackward0``; with a namespace for the nodes PyTorch writes by hand: ``torch::autograd::CopySlices``."""
        return self.namespace + type(self).__name__

    namespace: ClassVar[str] = ""

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes its gradients go to, with the output number there; ``(None, 0)`` where none goes."""
        edges = self.next_edges
        op = getattr(type(self), "op", None)
        if op is not None and not op.variadic:  # inputs that have no rule are no places of the node in PyTorch
            edges = tuple(e for e, rule in zip(edges, op.vjp, strict=True) if rule is not None)
        return tuple(e if e is not None else (None, 0) for e in edges)

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for notes of the user's."""
        return self.__dict__.setdefault("_metadata", {})  # type: ignore[no-any-return]

    def __getattr__(self, attribute: str) -> Any:
        """``_saved_self`` and the like: saved tensors and arguments by name, as PyTorch shows them."""
        if attribute.startswith("_saved_"):
            op = type(self).op
            name = {"self": "input", "result": "y"}.get(attribute[7:], attribute[7:])
            if self.freed:
                raise RuntimeError(FREED)
            if name == "y" and self.saved:
                return Tensor._wrap(self.saved[0])
            if name in op.params:
                k = op.params.index(name)
                if k < op.n_inputs and self.inputs and self.inputs[k] is not None:
                    return self.inputs[k]
                if k >= op.n_inputs and k - op.n_inputs < len(self.args):
                    return self.args[k - op.n_inputs]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{attribute}'")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    # --- Running it ------------------------------------------------------------------------------------------------

    def check_saved(self) -> None:
        """Raise if what a rule is about to read was freed, or changed in place since it was saved."""
        if self.freed:
            raise RuntimeError(FREED)
        if self.versions is not None:
            for counter, version in self.versions:
                if counter[0] != version:
                    _raise_modified(self, counter, version)
        for t in self.inputs or ():
            counter = t._counter if isinstance(t, Tensor) else None
            # A counter that was made after the tensor was saved started at 0 then.
            if counter is not None and counter[0] and not self._knows(counter):
                _raise_modified(self, counter, 0, t)

    def _knows(self, counter: list[int]) -> bool:
        return self.versions is not None and any(c is counter for c, _ in self.versions)

    def apply(self, F: Any, grads: Sequence[Any], needed: Sequence[bool]) -> Sequence[Any]:
        """The gradient for each input that is `needed` (None for the rest), given one for each output.

        `F` is the op namespace the rules are written in and decides whether `grads` are arrays or Tensors. A missing
        gradient among several outputs is filled with zeros first.
        """
        op = type(self).op
        if len(self.meta) > 1:
            g: Any = tuple(
                F.zeros(shape, dtype.numpy) if grad is None else grad
                for grad, (shape, dtype) in zip(grads, self.meta, strict=True)
            )
        else:
            g = grads[0]
        rules = op.tensor_rules if F.recording else op.array_rules
        if op.variadic:
            return [rules[0](F, g, self, k) if need else None for k, need in enumerate(needed)]
        return [rules[k](F, g, self) if need else None for k, need in enumerate(needed)]

    def free(self) -> None:
        """Drop what was saved."""
        if self.inputs is not None or self.saved is not None:
            self.inputs = None
            self.saved = None
            self.versions = None
            self.freed = True

    # --- Hooks -----------------------------------------------------------------------------------------------------

    def add_tensor_hook(self, hook: Any, output_nr: int) -> RemovableHandle:
        self.hooked = True
        if self.tensor_hooks is None:
            self.tensor_hooks = {}
        hooks = self.tensor_hooks.setdefault(output_nr, [])
        hooks.append(hook)
        return RemovableHandle(hooks, hook)

    def register_prehook(self, hook: Callable[[tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call `hook(grad_outputs)` before the node runs; what it returns, if not None, replaces them."""
        self.hooked = True
        if self.pre_hooks is None:
            self.pre_hooks = []
        self.pre_hooks.append(hook)
        return RemovableHandle(self.pre_hooks, hook)

    def register_hook(self, hook: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call `hook(grad_inputs, grad_outputs)` after the node ran; what it returns replaces `grad_inputs`."""
        self.hooked = True
        if self.post_hooks is None:
            self.post_hooks = []
        self.post_hooks.append(hook)
        return RemovableHandle(self.post_hooks, hook)

    def retain(self, tensor: Tensor, output_nr: int) -> None:
        self.hooked = True
        if self.retained is None:
            self.retained = {}
        self.retained[output_nr] = ref(tensor)

    def retains(self, tensor: Tensor) -> bool:
        return self.retained is not None and any(r() is tensor for r in self.retained.values())


class AccumulateGrad(Node):
    """The end of the graph at a leaf: adds what arrives to the leaf's ``grad``.

    It knows its leaf weakly, since the leaf holds it: otherwise every leaf would be a reference cycle.
    """

    __slots__ = ("_leaf",)

    is_leaf_node: ClassVar[bool] = True
    namespace: ClassVar[str] = "torch::autograd::"
    post_accumulate: list[Any] | None = None

    def __init__(self, leaf: Tensor) -> None:
        self._leaf = ref(leaf)
        self.next_edges = ()
        self.inputs = self.saved = self.shapes = self.versions = None
        self.args = ()
        self.meta = ((leaf._data.shape, leaf.dtype),)
        self.sequence_nr = -1  # younger than nothing: it runs when every consumer has run

    @property
    def variable(self) -> Tensor | None:
        """The leaf, or None if it is no more."""
        return self._leaf()

    def add_post_hook(self, hook: Any) -> RemovableHandle:
        if self.post_accumulate is None:
            self.post_accumulate = []
        self.post_accumulate.append(hook)
        return RemovableHandle(self.post_accumulate, hook)

    def accumulate(self, grad: Any, create_graph: bool) -> None:
        """Add `grad` (an array, or a Tensor if `create_graph`) to the leaf's ``grad``."""
        leaf = self._leaf()
        if leaf is None or leaf._edge is None:
            return
        old = leaf._grad
        if create_graph:
            leaf._grad = _copied(leaf, grad) if old is None else old + grad
        elif old is None:
            # The first gradient is kept, not copied, if nobody else can see its memory.
            if sys.getrefcount(grad) > _OWN_REFERENCES or grad.base is not None or not grad.flags.writeable:
                grad = grad.copy()
            leaf._grad = Tensor._wrap(grad)
        elif old._edge is not None:
            leaf._grad = Tensor._wrap(old._data + grad)
        else:
            for observer in S.observers:
                observer.before_write(old)
            old._data += grad
            old._shared_counter()[0] += 1
        if self.post_accumulate:
            for hook in tuple(self.post_accumulate):
                hook(leaf)


def _copied(leaf: Tensor, grad: Tensor) -> Tensor:
    """A gradient that is part of a graph, in memory of the leaf's own layout: PyTorch's ``CopyBackwards``."""
    from engine.registry import TENSORS

    empty = Tensor._wrap(backend.module_of(leaf._data).empty_like(leaf._data))
    return TENSORS.copy(empty, grad)  # type: ignore[no-any-return]


class _Probe(AccumulateGrad):
    """Counts the references an array has inside `accumulate` when nobody else holds it."""

    seen: ClassVar[int] = 0

    def accumulate(self, grad: Any, create_graph: bool) -> None:
        _Probe.seen = sys.getrefcount(grad)


def _raise_modified(node: Node, counter: list[int], expected: int, tensor: Tensor | None = None) -> None:
    if tensor is None:
        for t in node.inputs or ():
            if isinstance(t, Tensor) and t._counter is counter:
                tensor = t
    if tensor is not None:
        shape, dtype = tensor._data.shape, tensor.dtype
        fn = tensor.grad_fn
        origin = f", which is output {tensor.output_nr} of {_short(fn)}," if fn is not None else ""
    else:
        shape, dtype = node.meta[0]
        origin = f", which is output 0 of {_short(node)},"
    name = "torch." + dtypes.legacy_name(dtype)
    raise RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{name} {list(shape)}]{origin} is at version {counter[0]}; expected version {expected} instead. Hint: enable "
        "anomaly detection to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )


def _short(node: Node) -> str:
    """``Sin`` for ``SinBackward0``: how PyTorch names a node in that message."""
    return node.name().partition("Backward")[0]


def new_node(kind: type[Node]) -> Node:
    """A node of that op, numbered; the caller fills the other slots."""
    node = kind.__new__(kind)
    node.sequence_nr = _number()
    return node


# --- The pass --------------------------------------------------------------------------------------------------------


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
    from engine.registry import TENSORS, arrays

    target_edges: dict[tuple[Node, int], list[int]] | None = None
    if targets is not None:
        target_edges = {}
        for k, t in enumerate(targets):
            edge = t._fresh_edge()
            if edge is None:
                raise RuntimeError("One of the differentiated Tensors does not require grad")
            target_edges.setdefault(edge, []).append(k)

    pending: dict[Node, Any] = {}
    F = TENSORS if create_graph else arrays(roots[0]._data)
    root_nodes = []
    for root, grad in zip(roots, grads, strict=True):
        edge = root._fresh_edge()
        assert edge is not None
        root_nodes.append(edge[0])
        _send(pending, edge, grad if create_graph else grad._data)
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
            leaf.accumulate(grad, create_graph)
            end = perf_counter_ns()
            for observer in S.observers:
                observer.backward_node(leaf, (entering,), (), start, end)
        else:
            holder = [grad]
            del grad
            leaf.accumulate(holder.pop(), create_graph)

    grad_mode, S.grad_enabled = S.grad_enabled, create_graph
    for observer in S.observers:
        observer.backward_begin(roots, nodes)
    try:
        for root_node in root_nodes:
            if root_node.is_leaf_node and not waiting.get(root_node):
                arrive_at_leaf(root_node)
        for node in nodes:
            arrived = pending.pop(node, None)
            if arrived is None:
                # Nothing reached it, but a leaf may be waiting for word of that.
                leaving: list[Any] = []
            else:
                multiple = len(node.meta) > 1
                incoming: list[Any] = arrived if multiple else [arrived]
                if node.hooked:
                    _before_node(node, incoming, F)
                if target_edges is not None:
                    for nr, grad in enumerate(incoming):
                        for k in target_edges.get((node, nr), ()):
                            caught[k] = grad
                if node.inputs is not None or node.saved is not None or node.freed:
                    node.check_saved()
                observers = S.observers
                start = perf_counter_ns() if observers else 0
                if target_edges is None and node.simple:
                    # The hot path: one output, one rule an input, all of them wanted.
                    op = node.op
                    grad = incoming[0]
                    leaving = [
                        rule(F, grad, node) if e is not None else None
                        for rule, e in zip(op.tensor_rules if create_graph else op.array_rules, node.next_edges, strict=True)
                    ]
                else:
                    needed = [
                        e is not None and (target_edges is None or e in target_edges or e[0] in running)
                        for e in node.next_edges
                    ]
                    leaving = list(node.apply(F, incoming, needed))
                if node.hooked and node.post_hooks:
                    leaving = list(_after_node(node, leaving, incoming, F))
                if observers:
                    end = perf_counter_ns()
                    leaving = [
                        _fit(F, g, e) if g is not None and e is not None else None
                        for g, e in zip(leaving, node.next_edges, strict=True)
                    ]
                    for observer in observers:
                        observer.backward_node(node, incoming, leaving, start, end)
                if not retain_graph:
                    node.free()
                arrived = incoming = []  # so that a leaf can tell when it is given the only reference
            edges = node.next_edges
            for k, edge in enumerate(edges):
                if edge is None:
                    continue
                if leaving:
                    grad, leaving[k] = leaving[k], None
                    if grad is not None:
                        _send(pending, edge, _fit(F, grad, edge))
                    del grad
                if edge[0].is_leaf_node:
                    left = waiting[edge[0]] = waiting[edge[0]] - 1
                    if not left:
                        arrive_at_leaf(edge[0])
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
        S.grad_enabled = grad_mode
        for observer in S.observers:
            observer.backward_end()
    if accumulate and targets is not None:
        for t, grad in zip(targets, caught, strict=True):
            if not t.is_leaf and grad is not None:
                new = grad if create_graph else Tensor._wrap(grad)
                t._grad = new if t._grad is None else t._grad + new
        return []
    return caught


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
        if not dtype.is_complex and grad.dtype in (np.complex64, np.complex128, dtypes.complex64, dtypes.complex128):
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
                raise TypeError(f"hook must return None or a Tensor, but got {type(result).__name__}")
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
    grads = (
        (None,) * len(outputs)
        if grad_tensors is None
        else _tuple(grad_tensors)
    )
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
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got False.")
    given = (None,) * len(outs) if grad_outputs is None else _tuple(grad_outputs)
    keep = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        from engine.ops.shape import stack

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
    found = run(
        outs, gradients, retain_graph=keep, create_graph=create_graph, targets=ins, accumulate=False
    )
    result = []
    for t, g in zip(ins, found, strict=True):
        if g is None:
            if not (allow_unused or materialize_grads):
                raise RuntimeError(
                    f"The differentiated Tensor at index {len(result)} appears to not have been used in the graph. Set "
                    "allow_unused=True if this is the desired behavior."
                )
            result.append(Tensor._wrap(np.zeros_like(t._data)) if materialize_grads else None)
        else:
            result.append(g if create_graph else Tensor._wrap(g))
    return tuple(result)


def _own_references() -> int:
    """How many references `accumulate` counts for an array only the pass holds: asked of the interpreter, not assumed,
    since versions of CPython differ."""
    probe = _Probe(Tensor._wrap(np.zeros(1)))
    holder = [np.zeros(1)]
    probe.accumulate(holder.pop(), False)
    return _Probe.seen


_OWN_REFERENCES = _own_references()

"""The nodes of the backward graph; `engine.execute` runs them.

A node holds its edges as ``next_edges``: one ``(node, output_nr)`` or None per input of the operation, so a pass needs
no lookup. Nodes are numbered as they are made.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ReferenceType, ref

import numpy as np

from engine import backend, dtypes
from engine.backend import Array
from engine.state import S, next_number
from engine.tensor import Tensor

if TYPE_CHECKING:
    from engine.registry import Op

Edge = tuple["Node", int] | None


class _Gone(tuple[Any, ...]):
    """What a node has in place of its saved inputs once they are freed: nothing, but told from having saved nothing."""

    __slots__ = ()


GONE = _Gone()

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access saved "
    "tensors after calling backward."
)


class RemovableHandle:
    """Removes a hook: ``handle.remove()``, or use it as a context manager."""

    __module__ = "torch.utils.hooks"

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
    record. Every node has ``next_edges``; ``sequence_nr``; ``out_shape`` and ``out_dtype`` (NumPy's; for several
    outputs see `metas`); and ``inputs``, what was saved of each input (a Tensor, a number or None): None for nothing
    saved, `GONE` once freed.

    The rest is None or empty for most operations, so it is the class that says so, and only the nodes of operations
    that need one have a slot for it (`engine.registry.Op`): ``args`` the arguments that are not tensors; ``saved`` the
    output arrays, if rules want them; ``shapes`` of the inputs; ``versions`` of saved tensors that had been written to.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "inputs",
        "next_edges",
        "out_dtype",
        "out_shape",
        "pending",
        "sequence_nr",
    )

    op: ClassVar[Op]
    is_leaf_node: ClassVar[bool] = False
    rules: tuple[Any, ...] | None = ()
    """With one output and one rule an input, the rules on arrays, ``rule(F, g, node)``, for the pass to call itself.
    Empty if there is more to it (`apply`); None if the node calls code of the user's, which may begin another pass."""

    if TYPE_CHECKING:

        def step(self, F: Any, g: Any, wanted: Any, free: bool) -> None:
            """Run the node in the plain way, if it has `rules` (`engine.steps`)."""

    args: tuple[Any, ...] = ()
    saved: tuple[Array, ...] | None = None
    shapes: tuple[Any, ...] | None = None
    versions: tuple[tuple[list[int], int], ...] | None = None
    metas: tuple[tuple[tuple[int, ...], Any], ...] | None = None
    """Shape and dtype of each output where there are several."""

    # Rare, so kept in the instance's __dict__ when set at all.
    hooked = False
    """Whether there is any hook, retained gradient or packed value: one question instead of five. See `hook`."""
    packed: Any = None
    """What saved-tensor hooks made of what was saved (`engine.autograd.graph.Packed`)."""
    tensor_hooks: dict[int, list[Any]] | None = None
    pre_hooks: list[Any] | None = None
    post_hooks: list[Any] | None = None
    retained: dict[int, ReferenceType[Tensor]] | None = None

    next_edges: tuple[Edge, ...]
    inputs: tuple[Any, ...] | None
    sequence_nr: int
    pending: Any
    """What has come so far in the pass that is running (`engine.execute`); None between passes."""
    out_shape: tuple[int, ...]
    out_dtype: Any

    @property
    def meta(self) -> tuple[tuple[tuple[int, ...], Any], ...]:
        """Shape and dtype (NumPy's) of each output."""
        return self.metas or ((self.out_shape, self.out_dtype),)

    @property
    def freed(self) -> bool:
        """Whether what was saved has been dropped."""
        return self.inputs is GONE

    def name(self) -> str:
        """``SinBackward0``; with a namespace for the nodes PyTorch writes by hand: ``torch::autograd::CopySlices``."""
        return self.namespace + type(self).__name__

    namespace: ClassVar[str] = ""

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes its gradients go to, with the output number there; ``(None, 0)`` where none goes."""
        edges = self.next_edges
        op = getattr(type(self), "op", None)
        if (
            op is not None and op.vjp and not op.variadic
        ):  # inputs that have no rule are no places of the node in PyTorch
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
            if self.packed is not None:
                self.packed.restore(self)
            if name == "y" and self.saved:
                result = Tensor._wrap(self.saved[0])
                result._edge = (self, 0)
                return result
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
        if self.packed is not None:
            self.packed.restore(self)
            return
        if self.versions is not None:
            for counter, version in self.versions:
                if counter[0] != version:
                    _raise_modified(self, counter, version)
        for t in self.inputs or ():
            shared = t._counter if isinstance(t, Tensor) else None
            # A counter that was made after the tensor was saved started at 0 then.
            if shared is not None and shared[0] and not self._knows(shared):
                _raise_modified(self, shared, 0, t)

    def _knows(self, counter: list[int]) -> bool:
        return self.versions is not None and any(c is counter for c, _ in self.versions)

    def apply(self, F: Any, grads: Sequence[Any], needed: Sequence[bool]) -> Sequence[Any]:
        """The gradient for each input that is `needed` (None for the rest), given one for each output.

        `F` is the op namespace the rules are written in and decides whether `grads` are arrays or Tensors. A missing
        gradient among several outputs is filled with zeros first.
        """
        op = type(self).op
        if self.metas is not None:
            g: Any = tuple(
                F.zeros(shape, dtype) if grad is None else grad
                for grad, (shape, dtype) in zip(grads, self.metas, strict=True)
            )
        else:
            g = grads[0]
        rules = self.rules_in(F)
        if op.variadic:
            return [rules[0](F, g, self, k) if need else None for k, need in enumerate(needed)]
        return [rules[k](F, g, self) if need else None for k, need in enumerate(needed)]

    def rules_in(self, F: Any) -> Sequence[Any]:
        """The rule for each input, in the namespace `F`."""
        op = type(self).op
        return op.tensor_rules if F.recording else op.array_rules

    def free(self) -> None:
        """Drop what was saved."""
        if self.inputs is None and self.saved is None:
            return
        self.inputs = GONE
        if self.saved is not None:
            self.saved = None
        if self.versions is not None:
            self.versions = None
        if self.packed is not None:
            self.packed = None

    # --- Hooks -----------------------------------------------------------------------------------------------------

    def hook(self) -> None:
        """Note that there is something out of the ordinary about this node."""
        self.hooked = True
        self.rules = None

    def add_tensor_hook(self, hook: Any, output_nr: int) -> RemovableHandle:
        self.hook()
        if self.tensor_hooks is None:
            self.tensor_hooks = {}
        hooks = self.tensor_hooks.setdefault(output_nr, [])
        hooks.append(hook)
        return RemovableHandle(hooks, hook)

    def register_prehook(self, hook: Callable[[tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call `hook(grad_outputs)` before the node runs; what it returns, if not None, replaces them."""
        self.hook()
        if self.pre_hooks is None:
            self.pre_hooks = []
        self.pre_hooks.append(hook)
        return RemovableHandle(self.pre_hooks, hook)

    def register_hook(self, hook: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call `hook(grad_inputs, grad_outputs)` after the node ran; what it returns replaces `grad_inputs`."""
        self.hook()
        if self.post_hooks is None:
            self.post_hooks = []
        self.post_hooks.append(hook)
        return RemovableHandle(self.post_hooks, hook)

    def retain(self, tensor: Tensor, output_nr: int) -> None:
        self.hook()
        if self.retained is None:
            self.retained = {}
        self.retained[output_nr] = ref(tensor)

    def release(self, tensor: Tensor) -> None:
        """Undo `retain`."""
        self.retained = {k: r for k, r in (self.retained or {}).items() if r() is not tensor}

    def retains(self, tensor: Tensor) -> bool:
        return self.retained is not None and any(r() is tensor for r in self.retained.values())


class Conjugated(Node):
    """Mixed into the node of an op whose rules are written as a complex derivative, for complex numbers.

    Such a rule multiplies by f'(z), and the gradient, which is the conjugate Wirtinger derivative, is g conj(f'(z)):
    the rule on the conjugates of what was saved. Source: PyTorch, "Autograd for Complex Numbers".
    """

    __slots__ = ()

    def rules_in(self, F: Any) -> Sequence[Any]:
        """As `Node.rules_in`."""
        return type(self).op.complex_rules[bool(F.recording)]


class OnDevice(Node):
    """Mixed into the node of an output on a device: its rules on arrays are kernels (`engine.elementwise`)."""

    __slots__ = ()

    def rules_in(self, F: Any) -> Sequence[Any]:
        """As `Node.rules_in`."""
        kind = type(self)
        return kind.op.tensor_rules if F.recording else kind.rules or kind.op.array_rules


class AccumulateGrad(Node):
    """The end of the graph at a leaf: adds what arrives to the leaf's ``grad``.

    It knows its leaf weakly, since the leaf holds it: otherwise every leaf would be a reference cycle.
    """

    __module__ = "builtins"  # as PyTorch's are
    __slots__ = ("_leaf",)

    is_leaf_node: ClassVar[bool] = True
    namespace: ClassVar[str] = "torch::autograd::"
    post_accumulate: list[Any] | None = None

    def __init__(self, leaf: Tensor) -> None:
        self._leaf = ref(leaf)
        self.next_edges = ()
        self.inputs = self.pending = None
        self.out_shape, self.out_dtype = leaf._data.shape, leaf._data.dtype
        self.sequence_nr = -1  # younger than nothing: it runs when every consumer has run

    @property
    def variable(self) -> Tensor | None:
        """The leaf, or None if it is no more."""
        return self._leaf()

    def add_post_hook(self, hook: Any) -> RemovableHandle:
        self.hook()
        if self.post_accumulate is None:
            self.post_accumulate = []
        self.post_accumulate.append(hook)
        return RemovableHandle(self.post_accumulate, hook)

    def accumulate(self, grad: Any, create_graph: bool) -> None:
        """Add `grad` (an array, or a Tensor if `create_graph`) to the leaf's ``grad``."""
        leaf = self._leaf()
        if leaf is None or leaf._edge is None:
            return
        if leaf._edge[0] is not self:
            raise RuntimeError("leaf variable has been moved into the graph interior")
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
            old._written()
        if self.post_accumulate:
            for hook in tuple(self.post_accumulate):
                hook(leaf)


class NoGradView(AccumulateGrad):
    """The edge of a view that was taken in no_grad mode of a tensor that requires grad.

    Such a view says that it requires grad too, and prints so, but no gradient goes anywhere from it.
    """

    __slots__ = ()

    def accumulate(self, grad: Any, create_graph: bool) -> None:
        """Nothing: what arrives here is dropped."""


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
        shape, dtype = tensor._data.shape, tensor._data.dtype
        fn = tensor.grad_fn
        origin = f", which is output {tensor.output_nr} of {short_name(fn)}," if fn is not None else ""
    else:
        shape, dtype = node.meta[0]
        origin = f", which is output 0 of {short_name(node)},"
    name = "torch." + dtypes.legacy_name(dtypes.of_numpy(dtype))
    raise RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{name} {list(shape)}]{origin} is at version {counter[0]}; expected version {expected} instead. Hint: enable "
        "anomaly detection to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )


def short_name(node: Node) -> str:
    """``Sin`` for ``SinBackward0``: how PyTorch names a node in that message."""
    return node.name().replace("Backward0", "").replace("Backward", "")


def new_node(
    kind: type[Node],
    edges: tuple[Edge, ...],
    outputs: Sequence[Array],
    *,
    args: tuple[Any, ...] = (),
    inputs: tuple[Any, ...] | None = None,
    saved: tuple[Array, ...] | None = None,
    shapes: tuple[Any, ...] | None = None,
    versions: tuple[tuple[list[int], int], ...] | None = None,
) -> Node:
    """A node, numbered, for the general way; the hot closures (`engine.closures`) make theirs themselves."""
    node = kind.__new__(kind)
    node.pending = None
    node.sequence_nr = next_number()
    node.next_edges = edges
    if len(outputs) == 1:
        node.out_shape, node.out_dtype = outputs[0].shape, outputs[0].dtype
    else:
        node.out_shape, node.out_dtype = (), None
        node.metas = tuple((a.shape, a.dtype) for a in outputs)
    node.inputs = inputs
    for name, value in (("args", args), ("saved", saved), ("shapes", shapes), ("versions", versions)):
        if value is not getattr(kind, name):  # a slot of the class is filled whatever the value
            setattr(node, name, value)
    return node


def _own_references() -> int:
    """How many references `accumulate` counts for an array only the pass holds: asked of the interpreter, not assumed,
    since versions of CPython differ."""
    probe = _Probe(Tensor._wrap(np.zeros(1)))
    holder = [np.zeros(1)]
    probe.accumulate(holder.pop(), False)
    return _Probe.seen


_OWN_REFERENCES = _own_references()


def new_leaf(tensor: Tensor) -> Edge:
    """The end of the graph for a tensor that is to require grad.

    Raises:
        RuntimeError: if it is not floating point or complex, or was made in inference mode.
    """
    if not tensor.dtype.differentiable:
        raise RuntimeError("only Tensors of floating point dtype can require gradients")
    if "_inference" in tensor.__dict__ and not S.inference:
        raise RuntimeError(
            "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
        )
    return AccumulateGrad(tensor), 0

"""``torch.autograd.graph``: hooks on what the graph saves, and helpers to walk it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from engine.autograd import layers
from engine.autograd.grad_mode import no_grad
from engine.graph import Node
from engine.inplace import CopySlices, apply_inplace
from engine.registry import Op
from engine.state import Layer
from engine.tensor import Tensor

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]

Pack = Callable[[Tensor], Any]
Unpack = Callable[[Any], Tensor]

_MODIFIED = (
    "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be "
    "modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if you need to "
    "perform in-place operations on the input to a pack hook."
)


class Packed:
    """What a node saved, as its hooks packed it: unpacked before the node runs, dropped again after."""

    __slots__ = ("inputs", "plain", "saved", "unpack")

    def __init__(self, node: Node, pack: Pack, unpack: Unpack, outputs: Sequence[Tensor]) -> None:
        self.unpack = unpack
        self.plain = node.inputs
        self.inputs: dict[int, Any] = {}
        self.saved: tuple[Any, ...] | None = None
        given = node.inputs or ()
        # In the order in which the rules first read them, as PyTorch packs them.
        reads = range(len(given)) if node.op.variadic else [k for rule in node.op.saves for k in rule]
        for k in dict.fromkeys(reads):
            if isinstance(given[k], Tensor):
                self.inputs[k] = _pack(pack, given[k])
        if node.saved is not None:
            self.saved = tuple(_pack(pack, o) for o in outputs)
        node.versions = None
        node.packed = self
        node.hook()
        self.drop(node)

    def drop(self, node: Node) -> None:
        """Leave the node with nothing but what the hooks gave."""
        node.inputs = tuple(None if k in self.inputs else v for k, v in enumerate(self.plain or ()))
        node.saved = None
        self.plain = node.inputs

    def restore(self, node: Node) -> None:
        """Give the node its values back, through the unpack hook."""
        values = list(self.plain or ())
        for k, packed in self.inputs.items():
            values[k] = _unpack(self.unpack, packed)
        node.inputs = tuple(values)
        if self.saved is not None:
            node.saved = tuple(_unpack(self.unpack, packed)._data for packed in self.saved)


def _pack(pack: Pack, tensor: Tensor) -> Any:
    version = tensor._version
    with no_grad():
        packed = pack(tensor)
    if tensor._version != version:
        raise RuntimeError(_MODIFIED)
    return packed


def _unpack(unpack: Unpack, packed: Any) -> Tensor:
    with no_grad():
        value = unpack(packed)
    if not isinstance(value, Tensor):
        raise TypeError(
            f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
            f"{type(value).__name__}"
        )
    return value


class saved_tensors_hooks(Layer):
    """Inside, every tensor saved for backward goes through ``pack_hook`` when it is saved and ``unpack_hook`` when a
    backward pass reads it.

    Args:
        pack_hook: takes the Tensor and returns anything; it must not change the Tensor.
        unpack_hook: takes what ``pack_hook`` returned and gives a Tensor of the same values.
    """

    forbidden: list[str] = []  # noqa: RUF012 (one stack for the process)

    def __init__(self, pack_hook: Pack, unpack_hook: Unpack) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if self.forbidden:
            raise RuntimeError(self.forbidden[-1])
        layers.push(self)

    def __exit__(self, *_: object) -> None:
        layers.pop(self)

    def run(self, op: Op, args: tuple[Any, ...]) -> Any:
        with layers.only(layers.below(self, saved_tensors_hooks)):
            made = layers.call(op, args)
        outputs = layers.outputs_of(made)
        self._pack_node(op, outputs[0]._edge if outputs else None, outputs)
        return made

    def inplace(self, op: Op, target: Tensor, args: tuple[Any, ...]) -> Tensor:
        before = target._edge, target._view.base._edge if target._view is not None else None
        with layers.only(layers.below(self, saved_tensors_hooks)):
            result = apply_inplace(op, target, args)
        edge = target._edge if target._view is None else target._view.base._edge
        if edge not in before:
            self._pack_node(op, edge, (result,))
        return result

    def _pack_node(self, op: Op, edge: Any, outputs: Sequence[Tensor]) -> None:
        node = edge[0] if edge is not None else None
        if isinstance(node, CopySlices):
            node.hook()
            node = node.args[0]
        if (
            isinstance(node, op.node)
            and node.packed is None
            and (node.inputs is not None or node.saved is not None)
        ):
            Packed(node, self.pack_hook, self.unpack_hook, outputs)

    def pack_function(self, node: Any) -> None:
        """Pack what a custom `Function` gave to ``save_for_backward``."""
        packed = [None if t is None else (_pack(self.pack_hook, t),) for t in node.saved_tensors]
        unpack = self.unpack_hook
        node._unpack = lambda: tuple(None if p is None else _unpack(unpack, p[0]) for p in packed)
        node._saved = ()


class save_on_cpu(saved_tensors_hooks):
    """Keep what is saved for backward in the host's memory. On the CPU that is a copy of each tensor."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        def pack(tensor: Tensor) -> Any:
            return tensor.device, tensor.cpu() if tensor.is_cuda else tensor.clone()

        def unpack(packed: Any) -> Tensor:
            device, tensor = packed
            return tensor.to(device)  # type: ignore[no-any-return]

        super().__init__(pack, unpack)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Inside, entering `saved_tensors_hooks` raises a RuntimeError with that message."""
    if layers.top(saved_tensors_hooks) is not None:
        raise RuntimeError(error_message)
    saved_tensors_hooks.forbidden.append(error_message)
    try:
        yield
    finally:
        saved_tensors_hooks.forbidden.pop()


class _CloneBeforeWrite(saved_tensors_hooks):
    """Copies what is saved at the moment it is first about to change. Copying at once is simpler and as right."""

    def __init__(self) -> None:
        super().__init__(lambda tensor: tensor.detach().clone(), lambda tensor: tensor)


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[None]:
    """Inside, tensors saved for backward may be changed in place: the graph keeps copies of what they held."""
    with _CloneBeforeWrite():
        yield


# --- Places in the graph ---------------------------------------------------------------------------------------------


class GradientEdge(NamedTuple):
    """A place in the graph: output `output_nr` of `node`."""

    node: Node
    output_nr: int
    ownership_token: Node | None = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place in the graph a gradient of `tensor` is sent to.

    Raises:
        RuntimeError: if it does not require grad.
    """
    edge = tensor._fresh_edge()
    if edge is None:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require gradients"
        )
    return GradientEdge(edge[0], edge[1])


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Tell autograd that the memory of these tensors was changed behind its back."""
    for t in (tensor,) if isinstance(tensor, Tensor) else tensor:
        t._written()


class _MultiHandle:
    def __init__(self, handles: Sequence[Any]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __enter__(self) -> _MultiHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def register_multi_grad_hook(tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: str = "all") -> Any:
    """Call `fn` when the gradients of several tensors are known.

    Args:
        mode: ``all``: once a pass, with the list of their gradients, when the last that the pass reaches is known
            (None for those it does not reach); ``any``: once a pass with the first gradient.

    Raises:
        ValueError: for another mode.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    state: dict[str, Any] = {"pass": None}
    edges = [t._fresh_edge() for t in tensors]
    if any(e is None for e in edges):
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")

    def hook_of(k: int) -> Callable[[Tensor], None]:
        def hook(grad: Tensor) -> None:
            from engine.backward import running_pass

            now = running_pass()
            if state["pass"] is not now:
                state.update({"pass": now, "grads": [None] * len(tensors), "seen": 0})
            state["grads"][k] = grad
            state["seen"] += 1
            if mode == "any":
                if state["seen"] == 1:
                    fn(grad)
            elif state["seen"] == sum(
                e[0] in now.nodes or e[0] in now.waiting for e in edges if e is not None
            ):
                fn(state["grads"])

        return hook

    return _MultiHandle([t.register_hook(hook_of(k)) for k, t in enumerate(tensors)])

"""The hooks of a node, called by the pass around it (`engine.execute`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.graph import Node
from engine.tensor import Tensor


def _as_tensor(grad: Any, F: Any) -> Any:
    return grad if grad is None or F.recording else Tensor._wrap(grad)


def _from_hook(value: Any, F: Any) -> Any:
    return value if value is None or F.recording else value._data


def call_hooks(hooks: Iterable[Any], grad: Any, F: Any) -> Any:
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


def before_node(node: Node, incoming: list[Any], F: Any) -> None:
    """Tensor hooks, then retained gradients, then the node's own pre-hooks, as PyTorch orders them."""
    for nr, hooks in (node.tensor_hooks or {}).items():
        if incoming[nr] is not None:
            incoming[nr] = call_hooks(hooks, incoming[nr], F)
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


def after_node(node: Node, leaving: Sequence[Any], incoming: Sequence[Any], F: Any) -> Sequence[Any]:
    for hook in tuple(node.post_hooks or ()):
        result = hook(tuple(_as_tensor(g, F) for g in leaving), tuple(_as_tensor(g, F) for g in incoming))
        if result is not None:
            values = result if isinstance(result, tuple) else (result,)
            leaving = [_from_hook(v, F) for v in values]
    return leaving

"""Hooks of modules: their handles, and the nodes that let a module see its gradients."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import ref

from engine import graph
from engine.graph import Node, new_node
from engine.state import S
from engine.tensor import Tensor

if TYPE_CHECKING:
    from engine.nn.modules.module import Module

__all__ = ["BackwardHook", "HookDict", "RemovableHandle"]

HookDict = OrderedDict[int, Any]

_next_id = count().__next__


class RemovableHandle(graph.RemovableHandle):
    """Removes a hook from the dictionaries it is kept in: ``handle.remove()``, or as a context manager."""

    def __init__(self, hooks: HookDict, *extra: HookDict) -> None:
        self.id = _next_id()
        # Weak, so that a handle that is kept does not keep its module.
        self._kept_in = [ref(d) for d in (hooks, *extra)]

    def remove(self) -> None:
        """Remove the hook; doing so again does nothing."""
        for reference in self._kept_in:
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class BackwardHookFunctionBackward(Node):
    """Passes gradients through unchanged; marks the border of a module in the graph."""

    __module__ = "torch.nn.modules._functions"
    __slots__ = ()

    op = None  # type: ignore[assignment]

    def apply(self, F: Any, grads: Sequence[Any], needed: Sequence[bool]) -> Sequence[Any]:
        return [
            F.zeros(shape, dtype) if grad is None else grad
            for grad, (shape, dtype) in zip(grads, self.meta, strict=True)
        ]

    def check_saved(self) -> None:
        """Nothing is saved."""


def _border(tensors: Sequence[Tensor]) -> tuple[BackwardHookFunctionBackward, list[Tensor]]:
    """The same tensors behind one common node."""
    edges = tuple(t._fresh_edge() for t in tensors)
    node = new_node(BackwardHookFunctionBackward, edges, [t._data for t in tensors])
    assert isinstance(node, BackwardHookFunctionBackward)
    made = []
    for k, tensor in enumerate(tensors):
        through = Tensor._wrap(tensor._data)
        through._counter = tensor._shared_counter()
        if node.next_edges[k] is not None:
            through._edge = (node, k)
        made.append(through)
    return node, made


def _pack(places: Sequence[int], values: Sequence[Any], size: int) -> tuple[Any, ...]:
    packed: list[Any] = [None] * size
    for place, value in zip(places, values, strict=True):
        packed[place] = value
    return tuple(packed)


class BackwardHook:
    """One call of a module with backward hooks: sees the gradients of its outputs, then those of its inputs.

    The hooks run when both are known; with no input that requires grad, when those of the outputs are.
    """

    def __init__(self, module: Module, hooks: Sequence[Any], pre_hooks: Sequence[Any]) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.grad_outputs: tuple[Any, ...] | None = None
        self.input_places: list[int] | None = None
        self.output_places: list[int] | None = None
        self.n_inputs = self.n_outputs = 0

    def on_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments to call the module with."""
        self.n_inputs = len(args)
        args, self.input_places = self._behind_border(args, self._after_inputs)
        return args

    def on_output(self, result: Any) -> Any:
        """The result to hand on."""
        if not isinstance(result, tuple):
            single, self.output_places = self._behind_border((result,), self._after_outputs)
            self.n_outputs = 1
            return single[0]
        self.n_outputs = len(result)
        results, self.output_places = self._behind_border(result, self._after_outputs)
        return results

    def _behind_border(
        self, values: tuple[Any, ...], hook: Callable[[Any, Any], Any]
    ) -> tuple[tuple[Any, ...], list[int] | None]:
        places = [k for k, value in enumerate(values) if isinstance(value, Tensor)]
        tensors = [values[k] for k in places]
        if not (S.grad_enabled and any(t.requires_grad for t in tensors)):
            return values, None
        node, through = _border(tensors)
        node.register_hook(hook)
        replaced = list(values)
        for place, tensor in zip(places, through, strict=True):
            replaced[place] = tensor
        return tuple(replaced), places

    def _after_inputs(self, grad_inputs: tuple[Any, ...], _: Any) -> tuple[Any, ...] | None:
        if self.grad_outputs is None:
            # The gradient came to the inputs without passing the outputs, as in a second backward.
            return None
        assert self.input_places is not None
        packed = _pack(self.input_places, grad_inputs, self.n_inputs)
        for hook in self.hooks:
            replaced = hook(self.module, packed, self.grad_outputs)
            if replaced is None:
                continue
            if isinstance(replaced, Tensor):
                replaced = (replaced,)
            if len(replaced) != len(packed):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(replaced)}, but expected "
                    f"{len(packed)}"
                )
            packed = tuple(replaced)
        self.grad_outputs = None
        return tuple(packed[k] for k in self.input_places)

    def _after_outputs(self, _: Any, grad_outputs: tuple[Any, ...]) -> tuple[Any, ...]:
        assert self.output_places is not None
        packed = _pack(self.output_places, grad_outputs, self.n_outputs)
        for hook in self.pre_hooks:
            replaced = hook(self.module, packed)
            if replaced is None:
                continue
            if isinstance(replaced, Tensor):
                replaced = (replaced,)
            if len(replaced) != len(packed):
                raise RuntimeError(
                    f"Backward pre hook returned an invalid number of grad_output, got {len(replaced)}, but expected "
                    f"{len(packed)}"
                )
            packed = tuple(replaced)
        self.grad_outputs = packed
        if self.input_places is None:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no "
                "inputs require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
                "#torch.nn.Module.register_full_backward_hook for more details.",
                UserWarning,
                stacklevel=2,
            )
            nothing = (None,) * self.n_inputs
            for hook in self.hooks:
                result = hook(self.module, nothing, packed)
                if result is not None and not (isinstance(result, tuple) and all(r is None for r in result)):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always return None or None "
                        "for all gradients."
                    )
            self.grad_outputs = None
        return tuple(packed[k] for k in self.output_places)

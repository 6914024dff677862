"""Functions and modules whose forward and backward are a CUDA graph each: ``torch.cuda.make_graphed_callables``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import backend, tree
from engine.autograd.function import Function, once_differentiable
from engine.backward import grad
from engine.cuda.graphs import CUDAGraph, graph, graph_pool_handle
from engine.cuda.streams import Stream, StreamContext, synchronize
from engine.nn.modules.module import Module
from engine.tensor import Tensor

__all__ = ["make_graphed_callables"]


class _Graphed:
    """One function and its two graphs, with the tensors that they read and write at every replay.

    Args:
        function: a function of tensors, or a module, whose parameters are inputs too.
        args: tensors, and tuples, lists and dictionaries of them, of the shapes that every call will have.
        allow_unused: let there be inputs that want a gradient and have none.
    """

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], allow_unused: bool) -> None:
        module = function if isinstance(function, Module) else None
        if module is not None:
            if module._backward_hooks or module._forward_hooks or module._forward_pre_hooks:
                raise AssertionError(
                    "Modules must not have hooks registered at the time they are passed. However, registering hooks on "
                    "modules after passing them through make_graphed_callables is allowed."
                )
            if any(b.requires_grad for b in module.buffers()):
                raise AssertionError(
                    "In any :class:`~torch.nn.Module` passed to :func:`~make_graphed_callables`, only parameters may "
                    "be trainable. All buffers must have ``requires_grad=False``."
                )
        given = tree.leaves(list(args))
        if not all(isinstance(a, Tensor) for a in given):
            raise AssertionError(
                "In the beta API, sample_args for each callable must contain only Tensors. Other types are not allowed."
            )
        self.function, self.args = function, args
        self.forward_graph, self.backward_graph = CUDAGraph(), CUDAGraph()
        self.params: list[Tensor] = [] if module is None else list(module.parameters())
        self.given = given
        self._wanted = [t for t in (*given, *self.params) if t.requires_grad]
        self._allow_unused = allow_unused
        self.result: Any = None
        self.outputs: list[Tensor] = []
        self.cotangents: list[Tensor | None] = []
        """Where the gradient of each output is put."""
        self.gradients: list[Tensor | None] = []
        """Where the gradient of each input is found: of what was given, then of the parameters."""

    def warm_up(self) -> None:
        """Run forward and backward as they are: all kernels are compiled, and all memory is there."""
        outputs = tree.leaves(self.function(*self.args))
        self._differentiate(outputs, [_room(o) for o in outputs])

    def capture_forward(self, pool: Any) -> None:
        """Record the forward."""
        with graph(self.forward_graph, pool=pool):
            self.result = self.function(*self.args)
        self.outputs = tree.leaves(self.result)

    def capture_backward(self, pool: Any) -> None:
        """Record the backward, if an output has one."""
        self.cotangents = [_room(o) for o in self.outputs]
        found: tuple[Tensor | None, ...] = ()
        if any(o.requires_grad for o in self.outputs):
            with graph(self.backward_graph, pool=pool):
                found = self._differentiate(self.outputs, self.cotangents)
        of = {id(t): g for t, g in zip(self._wanted, found, strict=False)}
        self.gradients = [of.get(id(t)) for t in (*self.given, *self.params)]
        # Their graph is not needed any more, and what it has saved lies in the memory of the graphs.
        self.outputs = [o.detach() for o in self.outputs]
        self.result = tree.each_tensor(Tensor.detach, self.result)

    def _differentiate(
        self, outputs: list[Tensor], cotangents: list[Tensor | None]
    ) -> tuple[Tensor | None, ...]:
        pairs = [(o, g) for o, g in zip(outputs, cotangents, strict=True) if g is not None]
        if not pairs:
            return ()
        return grad(
            [o for o, _ in pairs], self._wanted, [g for _, g in pairs], allow_unused=self._allow_unused
        )

    def callable(self) -> Callable[..., Any]:
        """What takes the function's place."""
        own = self

        class Graphed(Function):
            @staticmethod
            def forward(ctx: Any, *inputs: Tensor) -> tuple[Tensor, ...]:
                for place, value in zip(own.given, inputs, strict=False):
                    _put(place, value)
                own.forward_graph.replay()
                return tuple(o.detach() for o in own.outputs)

            @staticmethod
            @once_differentiable
            def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
                for place, value in zip(own.cotangents, grads, strict=True):
                    if place is not None:
                        _put(place, value)
                own.backward_graph.replay()
                return tuple(None if g is None else g.detach() for g in own.gradients)

        def call(*args: Any) -> Any:
            made = Graphed.apply(*tree.leaves(list(args)), *own.params)
            return tree.unflatten(own.result, iter(made))

        return call


def _room(output: Tensor) -> Tensor | None:
    """Memory for the gradient of an output; None if it has none."""
    if not output.requires_grad:
        return None
    return Tensor._wrap(backend.module_of(output._data).zeros_like(output._data))


def _put(place: Tensor, value: Tensor) -> None:
    if backend.address(place._data) != backend.address(value._data):
        place.copy_(value)


def make_graphed_callables(
    callables: Any,
    sample_args: tuple[Any, ...],
    num_warmup_iters: int = 3,
    allow_unused_input: bool = False,
    pool: Any = None,
) -> Any:
    """Record the forward and the backward of functions or modules as CUDA graphs, which every call then replays.

    What comes back is used as before, in a program that trains: inputs are copied to where the graph reads them,
    outputs and gradients lie where the graph writes them and are other numbers after the next call. A module is changed
    and returned; it runs its graph only in the mode, ``train()`` or ``eval()``, in which it was recorded.

    Args:
        callables: a function of tensors, a module, or a tuple of those, in the order in which they will run.
        sample_args: a tuple of tensors for it; for a tuple of callables a tuple of such tuples. Shapes, dtypes and
            ``requires_grad`` are those of every later call.
        num_warmup_iters: how often it is run before.
        allow_unused_input: let there be inputs (or parameters) that the outputs do not depend on.
        pool: memory to share with other graphs, of `graph_pool_handle`.

    Raises:
        AssertionError: in PyTorch's words, for modules with hooks, buffers with gradients and arguments that are no
            tensors.
        RuntimeError: without CUDA.
    """
    several = isinstance(callables, tuple)
    functions = callables if several else (callables,)
    pieces = [
        _Graphed(function, args, allow_unused_input)
        for function, args in zip(functions, sample_args if several else (sample_args,), strict=True)
    ]
    memory = graph_pool_handle() if pool is None else pool
    synchronize()
    with StreamContext(Stream()):
        for piece in pieces:
            for _ in range(num_warmup_iters):
                piece.warm_up()
    synchronize()
    # They share memory, which is safe if they are recorded in the order in which they will run.
    for piece in pieces:
        piece.capture_forward(memory)
    for piece in reversed(pieces):
        piece.capture_backward(memory)
    made = tuple(_replaced(piece.function, piece.callable()) for piece in pieces)
    return made if several else made[0]


def _replaced(function: Callable[..., Any], graphed: Callable[..., Any]) -> Callable[..., Any]:
    """The graph in a function's place; a module stays what it is, with another ``forward``."""
    if not isinstance(function, Module):
        return graphed
    module, mode, original = function, function.training, function.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        return (graphed if module.training == mode else original)(*args, **kwargs)

    module.forward = forward
    return module

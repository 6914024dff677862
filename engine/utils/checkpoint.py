"""``torch.utils.checkpoint``: trade time for memory by computing parts of a program again in backward."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from weakref import ref

from engine.autograd import graph
from engine.autograd.function import Function
from engine.autograd.grad_mode import enable_grad
from engine.backward import backward
from engine.random import set_states, states
from engine.state import S
from engine.tensor import Tensor

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "set_checkpoint_early_stop"]

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]


class CheckpointError(RuntimeError):
    """What was computed again is not what was computed the first time."""


class _Stop(Exception):
    """Everything that was wanted has been computed again."""


_early_stop = True


class set_checkpoint_early_stop:
    """Context manager: whether to stop computing again as soon as all that was saved is known."""

    def __init__(self, enable: bool) -> None:
        self._enable = enable

    def __enter__(self) -> None:
        global _early_stop
        self._before, _early_stop = _early_stop, self._enable

    def __exit__(self, *_: object) -> None:
        global _early_stop
        _early_stop = self._before


class _Holder:
    """Stands in the graph for a tensor that was not kept."""

    __slots__ = ("__weakref__", "value")

    def __init__(self) -> None:
        self.value: Tensor | None = None


def _describe(t: Tensor) -> dict[str, Any]:
    return {"shape": t.shape, "dtype": t.dtype, "device": t.device}


class _Frame:
    """One checkpointed call: what it takes to do it again, and the tensors it did not keep."""

    def __init__(self, again: Callable[[], Any], early_stop: bool, check: bool) -> None:
        self.again = again
        self.early_stop = early_stop
        self.check = check
        self.holders: list[ref[_Holder]] = []
        self.described: list[dict[str, Any]] = []

    def pack(self, tensor: Tensor) -> _Holder:
        holder = _Holder()
        self.holders.append(ref(holder))
        self.described.append(_describe(tensor))
        return holder

    def unpack(self, holder: _Holder) -> Tensor:
        if holder.value is None:
            self._recompute()
        if holder.value is None:
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.holders)}\n"
                f"Number of tensors saved during recomputation: {self.seen}."
            )
        value, holder.value = holder.value, None
        return value

    def _recompute(self) -> None:
        self.seen = 0

        def keep(tensor: Tensor) -> Tensor:
            k = self.seen
            self.seen += 1
            if k < len(self.holders):
                holder = self.holders[k]()
                if holder is not None:
                    self._check(k, tensor)
                    holder.value = tensor.detach()
                if self.early_stop and self.seen == len(self.holders):
                    raise _Stop
            return tensor.detach()  # an output would hold the node that holds it

        try:
            with graph.saved_tensors_hooks(keep, lambda tensor: tensor), enable_grad():
                self.again()
        except _Stop:
            return
        if self.seen != len(self.holders):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.holders)}\n"
                f"Number of tensors saved during recomputation: {self.seen}."
            )

    def _check(self, k: int, tensor: Tensor) -> None:
        if self.check and _describe(tensor) != self.described[k]:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\ntensor at position {k}:\nsaved metadata: {self.described[k]}\n"
                f"recomputed metadata: {_describe(tensor)}"
            )


def _with_rng(function: Callable[..., Any], preserve: bool) -> Callable[..., Any]:
    """`function` with the random numbers it would draw now, leaving the generators as it finds them then."""
    if not preserve:
        return function
    now = states()

    def call(*args: Any) -> Any:
        before = states()
        set_states(now)
        try:
            return function(*args)
        finally:
            set_states(before)

    return call


class CheckpointFunction(Function):
    """The older way: forward without a graph; backward computes again with one and runs a pass over it."""

    @staticmethod
    def forward(ctx: Any, run: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        ctx.run = _with_rng(run, preserve)
        ctx.args = args
        outputs = run(*args)
        ctx.save_for_backward(*[a for a in args if isinstance(a, Tensor)])
        return outputs

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        saved = iter(ctx.saved_tensors)
        given = tuple(
            next(saved).detach().requires_grad_(a.requires_grad) if isinstance(a, Tensor) else a
            for a in ctx.args
        )
        with enable_grad():
            outputs = ctx.run(*given)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [
            (o, g)
            for o, g in zip((o for o in outputs if isinstance(o, Tensor)), grads, strict=True)
            if o.requires_grad
        ]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        backward([o for o, _ in pairs], [g for _, g in pairs])
        return (None, None, *(a.grad if isinstance(a, Tensor) else None for a in given))


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] | None = None,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, keeping nothing it would save for backward: backward computes it again.

    Args:
        use_reentrant: False: the graph is recorded as usual, with the values left out (double backward, hooks and
            `autograd.grad` work). True: the older way, whose graph is one node.
        context_fn: gives two context managers, for the first time and for the second; not with `use_reentrant`.
        determinism_check: ``default`` compares shapes, dtypes and devices; ``none`` does not.
        preserve_rng_state: draw the same random numbers the second time.

    Raises:
        ValueError: for options that do not go together.
        CheckpointError: in backward, if the second time went otherwise than the first.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, "
            "calling checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but "
            "if you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for "
            "more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    if kwargs and use_reentrant:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'] but got {determinism_check}"
        )
    if use_reentrant:
        if context_fn is not None or debug:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)
        return CheckpointFunction.apply(function, preserve_rng_state, *args)
    first, second = (nullcontext(), nullcontext()) if context_fn is None else context_fn()
    if not S.grad_enabled:
        with first:
            return function(*args, **kwargs)

    def once_more() -> None:
        with second:
            function(*args, **kwargs)

    frame = _Frame(
        _with_rng(once_more, preserve_rng_state), early_stop and _early_stop, determinism_check == "default"
    )
    with graph.saved_tensors_hooks(frame.pack, frame.unpack), first:
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Run modules one after another in `segments` parts, each but the last checkpointed.

    Args:
        functions: a ``Sequential``, or modules or functions in order.
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps: Sequence[Any] = list(functions.children()) if hasattr(functions, "children") else list(functions)

    def part(start: int, end: int) -> Callable[[Any], Any]:
        def run(value: Any) -> Any:
            for step in steps[start : end + 1]:
                value = step(value)
            return value

        return run

    size = len(steps) // segments
    end = -1
    for start in range(0, size * (segments - 1), size):
        end = start + size - 1
        input = checkpoint(
            part(start, end),
            input,
            use_reentrant=True if use_reentrant is None else use_reentrant,
            preserve_rng_state=preserve,
        )
    return part(end + 1, len(steps) - 1)(input)

"""The stack of `engine.state.Layer`: adding one, taking it off, and running an operation under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from engine.registry import Op
from engine.state import Layer, S
from engine.tensor import Tensor

_L = TypeVar("_L", bound=Layer)


def _set(layers: tuple[Layer, ...]) -> None:
    S.layers = layers
    S.slow = bool(S.observers or layers)


def push(layer: Layer) -> None:
    """Let `layer` run every operation from now on."""
    _set((*S.layers, layer))


def pop(layer: Layer) -> None:
    """Undo `push`; doing so again does nothing."""
    _set(tuple(held for held in S.layers if held is not layer))


@contextmanager
def only(layers: tuple[Layer, ...]) -> Iterator[None]:
    """What runs inside goes through `layers` and no others."""
    before = S.layers
    _set(layers)
    try:
        yield
    finally:
        _set(before)


def below(layer: Layer, without: type[Layer] | None = None) -> tuple[Layer, ...]:
    """The layers under `layer`, all of them or those that are not a `without`."""
    under = S.layers[: S.layers.index(layer)] if layer in S.layers else S.layers
    return under if without is None else tuple(held for held in under if not isinstance(held, without))


def top(kind: type[_L]) -> _L | None:
    """The last layer of a kind that was added and is still on."""
    return next((held for held in reversed(S.layers) if isinstance(held, kind)), None)


def call(op: Op, args: tuple[Any, ...]) -> Any:
    """`op` on all its arguments in order, through whatever layers are on."""
    made: Callable[..., Any] = op.call
    return made(*args)


def flat_inputs(op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The tensor inputs of `op`, those of a list one by one."""
    return tuple(args[0]) if op.variadic else args[: op.n_inputs]


def outputs_of(made: Any) -> tuple[Tensor, ...]:
    """What an operation returned, as a tuple of Tensors."""
    return made if isinstance(made, tuple) else (made,)

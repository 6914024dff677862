"""Working on many parameters at once: ``torch.nn.utils``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from engine.backend import module_of
from engine.ops import arrange, reduce, shape
from engine.registry import OPS
from engine.state import S
from engine.tensor import Tensor

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "vector_to_parameters",
]


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p._grad for p in given if p._grad is not None]


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all elements of `tensors` together, a 0-d tensor.

    Raises:
        RuntimeError: if it is not finite and that is to be an error.
    """
    given = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not given:
        return Tensor._wrap(np.zeros((), np.float32))
    order = float(norm_type)
    if S.slow:
        before, S.grad_enabled = S.grad_enabled, False
        try:
            total = reduce.norm(arrange.stack([reduce.norm(t, order) for t in given]), order)
        finally:
            S.grad_enabled = before
    else:
        forward, xp = OPS["linalg_vector_norm"].forward, module_of(given[0]._data)
        each = [forward(xp, t._data, order) for t in given]
        norms = xp.asarray(each) if xp is np else xp.stack(each)
        total = Tensor._wrap(xp.asarray(forward(xp, norms, order)))
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {order} for gradients from `parameters` is non-finite, so it cannot be clipped. "
            "To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


def _write(grads: list[Tensor], write: Callable[[Any], object], times: int = 1) -> None:
    """Let `write` change the array of each gradient, which PyTorch does `times` times."""
    for grad in grads:
        for observer in S.observers:
            observer.before_write(grad)
        write(grad._data)
        grad._written(times)


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients in place by ``max_norm / total_norm`` where that is below 1."""
    kind = total_norm._data.dtype.type
    xp = module_of(total_norm._data)
    scale = xp.asarray(xp.minimum(max_norm / (total_norm._data + kind(1e-6)), kind(1)))

    def write(array: Any) -> None:
        # An array of no dimensions costs NumPy half of what a number does.
        module_of(array).multiply(
            array, scale if scale.dtype == array.dtype else scale.astype(array.dtype), array
        )

    _write(_gradients(parameters), write)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients in place so that their norm together is at most `max_norm`; returns the norm before."""
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total = get_total_norm(_gradients(given), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(given, max_norm, total)
    return total


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Limit every element of every gradient to [-clip_value, clip_value], in place."""
    limit = float(clip_value)

    _write(_gradients(parameters), lambda array: array.clip(-limit, limit, array), 2)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements of `parameters` one after the other, shape (n,)."""
    return arrange.cat([shape.reshape(p, (-1,)) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let `parameters` lie over consecutive parts of `vec`.

    Raises:
        TypeError: if `vec` is no tensor.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__module__}.{type(vec).__name__}")
    start = 0
    for parameter in parameters:
        count = parameter.numel()
        parameter.data = Tensor._wrap(vec._data[start : start + count].reshape(parameter._data.shape))
        start += count

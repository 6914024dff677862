"""Working on many parameters at once: ``torch.nn.utils``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.ops import arrange, reduce, shape
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
    before, S.grad_enabled = S.grad_enabled, False
    try:
        norms = [reduce.norm(t, float(norm_type)) for t in given]
        total = reduce.norm(arrange.stack(norms), float(norm_type))
    finally:
        S.grad_enabled = before
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {float(norm_type)} for gradients from `parameters` is non-finite, so it "
            "cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


def _write(tensor: Tensor, values: Any) -> None:
    for observer in S.observers:
        observer.before_write(tensor)
    tensor._data[...] = values
    tensor._written()


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients in place by ``max_norm / total_norm`` where that is below 1."""
    grads = _gradients(parameters)
    one = total_norm._data.dtype.type(1)
    scale = min(max_norm / (total_norm._data + total_norm._data.dtype.type(1e-6)), one)
    for grad in grads:
        _write(grad, grad._data * grad._data.dtype.type(scale))


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
    for grad in _gradients(parameters):
        _write(grad, grad._data.clip(-limit, limit))


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

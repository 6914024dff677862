"""What is measured of parameters, gradients and activations: numbers and histograms, of large tensors by a sample."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

import numpy as np

from engine.tensor import Tensor
from playground.protocol import Histogram, Number, ParameterPoint
from playground.worker.values import host, number

BINS = 32
_MOST = 16_384
"""Elements that are looked at; of a larger tensor every n-th."""
_PERCENTILES = (5, 25, 50, 75, 95)

Array = np.ndarray[Any, Any]


def sample(array: Any) -> Array:
    """The elements in one row, float64; of a large array every n-th. Never the array's own memory."""
    flat = host(array).reshape(-1)
    if flat.size > _MOST:
        flat = flat[:: -(-flat.size // _MOST)]
    return flat.astype(np.float64)


def norm_of(arrays: Iterable[Any]) -> float:
    """The Euclidean norm of all elements together."""
    total = 0.0
    for array in arrays:
        flat = host(array).reshape(-1)
        if flat.dtype.kind == "c":
            flat = np.abs(flat)
        elif flat.dtype.itemsize < 4:
            flat = flat.astype(np.float32)
        total += float(np.dot(flat, flat))
    return sqrt(total) if total >= 0 else total


def grads_of(parameters: Iterable[Tensor]) -> list[Any]:
    """The gradients that there are."""
    return [p._grad._data for p in parameters if p._grad is not None]


@dataclass
class Before:
    """A parameter before an update."""

    name: str
    tensor: Tensor
    weights: Array


def remember(named: Sequence[tuple[str, Tensor]]) -> list[Before]:
    """The weights as they are, copied."""
    return [Before(name, t, sample(t._data)) for name, t in named]


def parameter_point(before: Before, step: int, grad: Array | None) -> ParameterPoint:
    """What an update has done; `grad` is a `sample`."""
    tensor = before.tensor
    after = sample(tensor._data)
    scale = sqrt(tensor._data.size / max(after.size, 1))
    old = _norm(before.weights)
    point = ParameterPoint(
        name=before.name,
        step=step,
        grad_norm=0.0 if grad is None else number(_norm(grad) * scale),
        weight_norm=number(_norm(after) * scale),
    )
    if after.shape == before.weights.shape and old > 0:
        point.update_ratio = number(_norm(after - before.weights) / old)
    if grad is not None and grad.size and np.isfinite(grad).all():
        point.percentiles = percentiles(grad)
    return point


def percentiles(values: Array) -> list[Number]:
    """The five of the protocol, as ``np.percentile`` gives them, at a fifth of its price."""
    order = np.sort(values)
    last = order.size - 1
    found: list[Number] = []
    for percent in _PERCENTILES:
        place = last * percent / 100
        low = int(place)
        below = order[low]
        above = order[min(low + 1, last)]
        found.append(number(float(below + (above - below) * (place - low))))
    return found


def histogram(
    of: Literal["weight", "gradient", "activation"], name: str, step: int, values: Array
) -> Histogram | None:
    """Of a `sample`; infinite elements and NaN are left out. None if nothing is left."""
    values = values[np.isfinite(values)] if not np.isfinite(values).all() else values
    if not values.size:
        return None
    low, high = float(values.min()), float(values.max())
    width = high - low
    if width > 0:
        # The largest element is in the last bin, and rounding may lift others there too.
        places = np.minimum(((values - low) * (BINS / width)).astype(np.intp), BINS - 1)
        counts = np.bincount(places, minlength=BINS).tolist()
    else:
        counts = [values.size]
    return Histogram(of=of, name=name[:200], step=step, low=number(low), high=number(high), counts=counts)


def _norm(values: Array) -> float:
    return sqrt(float(np.dot(values, values)))

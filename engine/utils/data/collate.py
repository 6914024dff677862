"""Samples made into a batch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from engine.dtypes import float64
from engine.ops.arrange import stack
from engine.ops.create import as_tensor, tensor
from engine.tensor import Tensor

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

Collate = Callable[..., Any]
_REFUSED = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def _tensors(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    return stack(list(batch), 0)


def _arrays(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    if batch[0].dtype.kind in "SUO":
        raise TypeError(_REFUSED.format(batch[0].dtype))
    result: Tensor = collate([as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)
    return result


def _numpy_numbers(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    return as_tensor(np.array(batch))


def _floats(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    return tensor(list(batch), dtype=float64)


def _integers(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    return tensor(list(batch))


def _unchanged(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return batch


default_collate_fn_map: dict[Any, Collate] = {
    Tensor: _tensors,
    np.ndarray: _arrays,
    (np.bool_, np.number, np.object_): _numpy_numbers,
    float: _floats,
    int: _integers,
    str: _unchanged,
    bytes: _unchanged,
}
"""How the elements of each type become a batch; a program may add types of its own."""


def collate(batch: Any, *, collate_fn_map: dict[Any, Collate] | None = None) -> Any:
    """One batch of a list of samples, by the functions in `collate_fn_map`; containers element by element.

    Raises:
        TypeError: for elements of a type that none of them takes.
        RuntimeError: for sequences of different lengths.
    """
    element = batch[0]
    kind: Any = type(element)
    functions = collate_fn_map or {}
    if kind in functions:
        return functions[kind](batch, collate_fn_map=collate_fn_map)
    for accepted, function in functions.items():
        if isinstance(element, accepted):
            return function(batch, collate_fn_map=collate_fn_map)

    def together(samples: Any) -> Any:
        return collate(samples, collate_fn_map=collate_fn_map)

    if isinstance(element, Mapping):
        made = {key: together([sample[key] for sample in batch]) for key in element}
        try:
            if isinstance(element, MutableMapping):
                # A mapping may have more to it than its items; a copy keeps that.
                clone = copy.copy(element)
                clone.update(made)
                return clone
            return kind(made)
        except TypeError:
            return made
    if isinstance(element, tuple) and hasattr(element, "_fields"):
        return kind(*(together(samples) for samples in zip(*batch, strict=False)))
    if isinstance(element, Sequence):
        if any(len(sample) != len(element) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        parts = [together(samples) for samples in zip(*batch, strict=False)]
        if isinstance(element, tuple):
            return parts
        try:
            if isinstance(element, MutableSequence):
                listed = copy.copy(element)
                for k, part in enumerate(parts):
                    listed[k] = part
                return listed
            return kind(parts)
        except TypeError:
            return parts
    raise TypeError(_REFUSED.format(kind))


def default_collate(batch: Any) -> Any:
    """One batch of a list of samples: tensors stacked, numbers in a tensor, containers element by element."""
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data: Any) -> Any:
    """A sample with its NumPy arrays and numbers as tensors, for loaders that do not batch."""
    if isinstance(data, Tensor):
        return data
    kind: Any = type(data)
    if isinstance(data, (np.ndarray, np.generic)):
        if isinstance(data, np.ndarray) and data.dtype.kind in "SUO":
            return data
        return as_tensor(data)
    if isinstance(data, Mapping):
        converted = {key: default_convert(value) for key, value in data.items()}
        try:
            return kind(converted)
        except TypeError:
            return converted
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return kind(*(default_convert(d) for d in data))
    if isinstance(data, tuple):
        return [default_convert(d) for d in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        try:
            return kind([default_convert(d) for d in data])
        except TypeError:
            return [default_convert(d) for d in data]
    return data

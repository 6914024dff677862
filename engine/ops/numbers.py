"""Numbers as Python and NumPy have them, read into an array of the dtype PyTorch would infer.

The steps, and the errors of each, are those of PyTorch's ``tensor_new.cpp``: the sizes are read off the first element
of each level, then the dtype is inferred from all elements, then they are stored one by one.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from engine import dtypes
from engine.dtypes import dtype as dtype_type
from engine.tensor import Tensor

_PLAIN = {float, int, bool}
_MAX_DIMENSIONS = 64


def array_of(data: Any, dtype: dtype_type | None) -> np.ndarray[Any, Any]:
    """A new array with the numbers in `data` (nested sequences, an array, a number), of `dtype` or the inferred one.

    Raises:
        TypeError, ValueError, RuntimeError: in PyTorch's words, for what is ragged, is no number or does not fit.
    """
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    if isinstance(data, (np.ndarray, np.generic)):
        array: np.ndarray[Any, Any] = np.array(usable(data))
        return array if dtype is None else array.astype(dtype.numpy)
    shape = _sizes(data)
    if len(shape) > 1 and all(isinstance(part, np.ndarray) and part.shape == shape[1:] for part in data):
        array = usable(np.stack(data))
        return array if dtype is None else array.astype(dtype.numpy)
    leaves = data if len(shape) == 1 else _leaves(data, shape, 0)
    kinds = set(map(type, leaves))
    target = dtype if dtype is not None else _infer(leaves, kinds)
    if target.is_floating_point and kinds <= {float, int}:
        return np.array(leaves, target.numpy).reshape(shape)
    if target is dtypes.int64 and kinds == {int}:
        try:
            return np.array(leaves, np.int64).reshape(shape)
        except OverflowError:
            raise ValueError("Overflow when unpacking long long") from None
    return _stored(leaves, target).reshape(shape)


def legacy_array(data: Any, dtype: dtype_type) -> Any:
    """What ``torch.Tensor(data)`` and ``torch.LongTensor(data)`` hold: a tensor's own memory, or new numbers.

    Raises:
        TypeError: for what is no sequence.
    """
    if isinstance(data, Tensor):
        return data._data
    if not hasattr(data, "__len__") or isinstance(data, (dict, set)):
        raise TypeError(f"new(): data must be a sequence (got {dtypes.type_name(data)})")
    return array_of(data, dtype)


def usable(array: Any) -> Any:
    """The array itself, if a tensor may lie over its memory.

    Raises:
        ValueError: for a negative stride or foreign byte order, TypeError: for a dtype PyTorch does not have.
    """
    if any(step < 0 for step in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            "currently not supported."
        )
    dtypes.of(array)
    return array


def _is_sequence(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return True
    if isinstance(value, (Tensor, np.generic, dict, set, frozenset)):
        return False
    return hasattr(value, "__len__") and hasattr(value, "__getitem__")


def _sizes(data: Any) -> tuple[int, ...]:
    sizes: list[int] = []
    while _is_sequence(data):
        sizes.append(len(data))
        if len(sizes) > _MAX_DIMENSIONS:
            raise ValueError(f"too many dimensions '{type(data).__name__}'")
        if not sizes[-1]:
            break
        if len(sizes) == 1 and isinstance(data[0], np.ndarray) and len(data) > 1:
            warnings.warn(
                "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the "
                "list to a single numpy.ndarray with numpy.array() before converting to a tensor.",
                UserWarning,
                stacklevel=4,
            )
        data = data[0]
    return tuple(sizes)


def _leaves(data: Any, shape: tuple[int, ...], dim: int) -> list[Any]:
    """All numbers in order, each level checked to be as long as the first of its kind."""
    if dim == len(shape):
        return [data]
    if not _is_sequence(data):
        raise TypeError("not a sequence")
    if len(data) != shape[dim]:
        raise ValueError(f"expected sequence of length {shape[dim]} at dim {dim} (got {len(data)})")
    if dim == len(shape) - 1:
        return list(data)
    found: list[Any] = []
    for part in data:
        found += _leaves(part, shape, dim + 1)
    return found


def _infer(leaves: Any, kinds: set[type]) -> dtype_type:
    if not kinds:
        return dtypes.get_default_dtype()
    if kinds <= _PLAIN:
        return (
            dtypes.get_default_dtype() if float in kinds else dtypes.int64 if int in kinds else dtypes.bool_
        )
    result = None
    for value in leaves:
        found = _dtype_of(value)
        result = found if result is None else dtypes.promote_types(result, found)
    assert result is not None
    return result


def _dtype_of(value: Any) -> dtype_type:
    if isinstance(value, Tensor):
        return value.dtype
    if isinstance(value, (np.ndarray, np.generic)):
        return dtypes.of(value)
    if isinstance(value, (bool, int, float, complex)):
        return dtypes.of_scalar(value)
    if isinstance(value, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(value).__name__}'")
    if _is_sequence(value):
        return _infer(value, set(map(type, value)))
    raise RuntimeError(f"Could not infer dtype of {type(value).__name__}")


def _stored(leaves: Any, target: dtype_type) -> np.ndarray[Any, Any]:
    values = [_number(value, target) for value in leaves]
    if target.is_complex or target.is_floating_point or target is dtypes.bool_:
        return np.array(values, target.numpy)
    try:
        wide = np.array(values, np.int64)
    except OverflowError:
        raise ValueError("Overflow when unpacking long long") from None
    narrow = np.iinfo(target.numpy)
    # Negative numbers may wrap around in an unsigned dtype, as far as its largest number reaches.
    low = narrow.min or -int(narrow.max)
    if wide.size and target is not dtypes.int64 and (int(wide.max()) > narrow.max or int(wide.min()) < low):
        raise RuntimeError(f"value cannot be converted to type {_STORED_AS[target._name]} without overflow")
    return wide.astype(target.numpy)


_STORED_AS = {"uint8": "uint8", "int8": "int8", "int16": "int16", "int32": "int32"}


def _number(value: Any, target: dtype_type) -> Any:
    """One element as the Python number that goes into `target`."""
    if isinstance(value, Tensor):
        if value._data.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        if value.dtype.differentiable and not target.differentiable and value.ndim:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        value = value._data.item()
    elif isinstance(value, np.generic):
        value = value.item()
    if target.is_complex and isinstance(value, (bool, int, float, complex)):
        return value
    if target is dtypes.bool_ and isinstance(value, (bool, int, float)):
        return bool(value)
    if isinstance(value, (bool, int, float)):
        return float(value) if target.is_floating_point else int(value)
    if target.differentiable:
        raise TypeError(f"must be real number, not {type(value).__name__}")
    raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")

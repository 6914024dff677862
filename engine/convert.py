"""A tensor as Python numbers and NumPy arrays: `item`, `tolist`, `numpy`, ``float(t)``, ``bool(t)`` and the like."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

import numpy as np

from engine import backend
from engine.backend import Array
from engine.state import S, happened

if TYPE_CHECKING:
    from engine.dtypes import dtype


def _python(data: backend.Array) -> Any:
    """The one element as a Python number."""
    if type(data) is not np.ndarray:
        backend.settle()
    return data.item()


class Conversions:
    """The part of `Tensor` that leaves the engine's world; it has no state of its own."""

    __slots__ = ()

    if TYPE_CHECKING:
        _data: Array
        _edge: Any

        @property
        def requires_grad(self) -> bool: ...
        @property
        def is_cuda(self) -> bool: ...
        @property
        def device(self) -> backend.device: ...
        @property
        def dtype(self) -> dtype: ...

    def item(self) -> Any:
        """The one element as a Python number.

        Raises:
            RuntimeError: if there are more or none.
        """
        if self._data.size != 1:
            raise RuntimeError(f"a Tensor with {self._data.size} elements cannot be converted to Scalar")
        if S.slow:
            happened("aten::item", self)  # type: ignore[arg-type]
        return _python(self._data)

    def tolist(self) -> Any:
        """Nested lists of Python numbers; a number for a 0-d tensor."""
        if type(self._data) is not np.ndarray:
            backend.settle()
        return self._data.tolist()

    def data_ptr(self) -> int:
        """The address of the first element, in the memory of its device."""
        return backend.address(self._data)

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The array itself, sharing memory; `force` detaches and copies to the CPU first.

        Raises:
            RuntimeError: if it requires grad, TypeError: if it is not on the CPU.
        """
        if not force:
            if self.requires_grad:
                raise RuntimeError(
                    "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
                )
            if self.is_cuda:
                raise TypeError(
                    f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor "
                    "to host memory first."
                )
        # A new array object, so that reshaping it in place leaves this tensor as it is.
        return backend.to_host(self._data).view()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """What a NumPy function of this tensor gives back: a tensor; booleans as uint8, as in PyTorch."""
        from engine.ops.create import from_numpy

        array = np.asarray(array)
        return from_numpy(array.astype(np.uint8) if array.dtype == np.bool_ else array)

    def _number(self, kind: str) -> Any:
        if self._data.size != 1:
            if kind == "index":
                raise TypeError("only integer tensors of a single element can be converted to an index")
            raise ValueError("only one element tensors can be converted to Python scalars")
        if self._edge is not None and kind == "float":
            warnings.warn(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
                "Consider using tensor.detach() first.",
                UserWarning,
                stacklevel=3,
            )
        if S.slow:
            happened("aten::item", self)  # type: ignore[arg-type]
        return _python(self._data)

    def __float__(self) -> float:
        return float(self._number("float"))

    def __int__(self) -> int:
        return int(self._number("int"))

    def __complex__(self) -> complex:
        return complex(self._number("complex"))

    def __index__(self) -> int:
        if self.dtype.is_floating_point or self.dtype.is_complex:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._number("index"))

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise RuntimeError(
                "Boolean value of Tensor with no values is ambiguous"
                if self._data.size == 0
                else "Boolean value of Tensor with more than one value is ambiguous"
            )
        if S.slow:
            happened("aten::is_nonzero", self)  # type: ignore[arg-type]
        return bool(_python(self._data))

    def __len__(self) -> int:
        if self._data.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return int(self._data.shape[0])

    def __format__(self, spec: str) -> str:
        if self._data.ndim == 0:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(
            "a tensor cannot be pickled here: save a state dict's numbers with tolist() or numpy()"
        )

    def __contains__(self, value: object) -> bool:
        other = value._data if isinstance(value, Conversions) else value
        return bool((self._data == other).any())

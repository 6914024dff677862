"""Data types under PyTorch's names, and PyTorch's rules for what a mixed operation gives."""

from __future__ import annotations

from typing import Any, Final

import numpy as np


class dtype:
    """A data type: ``torch.float32``. One instance each; compare with ``is`` or ``==``."""

    __slots__ = ("_category", "_legacy", "_name", "numpy")

    def __init__(self, name: str, numpy: type[np.generic], category: int, legacy: str) -> None:
        self._name = name
        self.numpy = np.dtype(numpy)
        self._category = category
        self._legacy = legacy

    @property
    def is_floating_point(self) -> bool:
        return self._category == _FLOAT

    @property
    def is_complex(self) -> bool:
        return self._category == _COMPLEX

    @property
    def is_signed(self) -> bool:
        return self._category > _BOOL and self is not uint8

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.numpy.itemsize

    @property
    def differentiable(self) -> bool:
        """Whether a tensor of it can require grad."""
        return self._category >= _FLOAT

    def to_complex(self) -> dtype:
        return _TO_COMPLEX.get(self, self)

    def to_real(self) -> dtype:
        return {complex64: float32, complex128: float64}.get(self, self)

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name


_BOOL, _INT, _FLOAT, _COMPLEX = range(4)

bool_: Final = dtype("bool", np.bool_, _BOOL, "Bool")
uint8: Final = dtype("uint8", np.uint8, _INT, "Byte")
int8: Final = dtype("int8", np.int8, _INT, "Char")
int16: Final = dtype("int16", np.int16, _INT, "Short")
int32: Final = dtype("int32", np.int32, _INT, "Int")
int64: Final = dtype("int64", np.int64, _INT, "Long")
float16: Final = dtype("float16", np.float16, _FLOAT, "Half")
float32: Final = dtype("float32", np.float32, _FLOAT, "Float")
float64: Final = dtype("float64", np.float64, _FLOAT, "Double")
complex64: Final = dtype("complex64", np.complex64, _COMPLEX, "ComplexFloat")
complex128: Final = dtype("complex128", np.complex128, _COMPLEX, "ComplexDouble")


class _Unavailable(dtype):
    """A dtype that can be named but has no arrays."""

    __slots__ = ()

    def __init__(self, name: str, category: int, legacy: str) -> None:
        self._name, self._category, self._legacy = name, category, legacy

    def __getattribute__(self, name: str) -> Any:
        if name in ("numpy", "itemsize"):
            raise RuntimeError(
                f"torch.{self._name}: there are no tensors of this dtype here, because NumPy has none; use "
                "torch.float32 or torch.float16"
            )
        return object.__getattribute__(self, name)


bfloat16: Final = _Unavailable("bfloat16", _FLOAT, "BFloat16")

ALL: Final = (
    bool_,
    uint8,
    int8,
    int16,
    int32,
    int64,
    float16,
    float32,
    float64,
    complex64,
    complex128,
)

_TO_COMPLEX = {float16: complex64, float32: complex64, float64: complex128}
_FROM_NUMPY: dict[np.dtype[Any], dtype] = {d.numpy: d for d in ALL}

ALIASES: Final = {
    "bool": bool_,
    "float": float32,
    "double": float64,
    "half": float16,
    "int": int32,
    "long": int64,
    "short": int16,
    "cfloat": complex64,
    "cdouble": complex128,
}
"""PyTorch's second names."""


class _Default:
    __slots__ = ("dtype",)

    def __init__(self) -> None:
        self.dtype = float32


_default = _Default()


def get_default_dtype() -> dtype:
    """The dtype of factories and of integers turned into floats; ``torch.float32`` at start."""
    return _default.dtype


def set_default_dtype(d: dtype) -> None:
    """Set it.

    Raises:
        TypeError: if `d` is not a floating point dtype.
    """
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(
            "only floating-point types are supported as the default type"
            if isinstance(d, dtype)
            else f"invalid dtype object: {d!r}"
        )
    _default.dtype = d


def of(array: Any) -> dtype:
    """The dtype of a NumPy or CuPy array.

    Raises:
        TypeError: if PyTorch has no such dtype.
    """
    try:
        return _FROM_NUMPY[array.dtype]
    except KeyError:
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype.type.__module__}.{array.dtype.type.__name__}. "
            "The only supported types are: float64, float32, float16, complex64, complex128, int64, int32, "
            "int16, int8, uint64, uint32, uint16, uint8, and bool."
        ) from None


def from_numpy(d: np.dtype[Any]) -> dtype | None:
    """The dtype of that NumPy dtype, or None."""
    return _FROM_NUMPY.get(d)


def legacy_name(d: dtype) -> str:
    """``FloatTensor``, as PyTorch's error messages name a tensor's type."""
    return d._legacy + "Tensor"


def from_legacy(given: Any) -> tuple[dtype, str | None]:
    """The dtype meant by a dtype, an old tensor type (``torch.LongTensor``) or its name, and a device's type, if any.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(given, str):
        for d in _FROM_NUMPY.values():
            for where, home in (("cpu", "torch."), ("cuda", "torch.cuda.")):
                if given == home + legacy_name(d):
                    return d, where
        raise ValueError(f"invalid type: '{given}'")
    if isinstance(given, dtype):
        return given, None
    kind = getattr(given, "_dtype", None)
    if not isinstance(kind, dtype):
        raise ValueError(f"invalid type: '{getattr(given, '__name__', given)}'")
    return kind, "cuda" if given._cuda else "cpu"


def scalar_type_name(d: dtype) -> str:
    """``Float``, as PyTorch's error messages name a scalar type."""
    return d._legacy


_C_NAMES = {
    "bool": "bool",
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short int",
    "int32": "int",
    "int64": "long int",
    "float16": "c10::Half",
    "float32": "float",
    "float64": "double",
    "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}


def c_name(d: dtype) -> str:
    """``long int``, as some of PyTorch's error messages name the C++ type."""
    return _C_NAMES[d._name]


def type_name(value: object) -> str:
    """The type of a Python object as PyTorch's error messages name it: ``numpy.ndarray``, ``torch.Size``, ``list``."""
    kind = type(value)
    # Types made in C carry their module in their name; those of ours stand for such ones.
    in_c = not kind.__flags__ & _HEAP_TYPE or (kind.__module__ == "torch" and kind.__name__ != "Tensor")
    return f"{kind.__module__}.{kind.__name__}" if in_c and kind.__module__ != "builtins" else kind.__name__


_HEAP_TYPE = 1 << 9
"""CPython's ``Py_TPFLAGS_HEAPTYPE``."""

_PYTHON_TYPES = {float: float64, int: int64, bool: bool_, complex: complex128}


def as_dtype(given: Any, function: str) -> dtype:
    """The dtype meant by a dtype or by one of Python's number types (``float`` is float64).

    Raises:
        TypeError: for anything else; `function` is named.
    """
    if isinstance(given, dtype):
        return given
    if isinstance(given, type) and given in _PYTHON_TYPES:
        return _PYTHON_TYPES[given]
    raise TypeError(f"{function}(): argument 'dtype' must be torch.dtype, not {type(given).__name__}")


def promote_types(a: dtype, b: dtype) -> dtype:
    """The dtype both fit in, by PyTorch's table (an integer and float32 give float32, not float64)."""
    if a is b:
        return a
    if a._category < b._category:
        a, b = b, a
    # a has the higher or the same category.
    if a._category != b._category:
        if a._category == _COMPLEX and b is float64:
            return complex128
        return a
    return _FROM_NUMPY[np.promote_types(a.numpy, b.numpy)]


def of_numpy(kind: np.dtype[Any]) -> dtype:
    """The dtype of that name here, of one that arrays of ours have."""
    return _FROM_NUMPY[kind]


def of_scalar(value: object) -> dtype:
    """The dtype a Python number stands for in an operation."""
    if isinstance(value, (bool, np.bool_)):
        return bool_
    if isinstance(value, (int, np.integer)):
        return int64
    if isinstance(value, (float, np.floating)):
        return _default.dtype
    return _default.dtype.to_complex()


def result_dtype(tensors: list[Any], scalars: list[object]) -> dtype:
    """PyTorch's promotion for arrays (0-d ones count less) and Python numbers.

    Arrays with dimensions decide among themselves; 0-d arrays, then Python numbers, only matter when their category
    (bool < integer < float < complex) is higher. Source: torch ``TensorIterator`` type promotion, "Tensor
    Attributes" in its documentation.
    """
    ranks: list[dtype | None] = [None, None, None]
    for t in tensors:
        rank = 0 if t.ndim else 1
        d = of(t)
        old = ranks[rank]
        ranks[rank] = d if old is None else promote_types(old, d)
    for s in scalars:
        d = of_scalar(s)
        old = ranks[2]
        ranks[2] = d if old is None else promote_types(old, d)
    result: dtype | None = None
    for d_ in ranks:
        if d_ is None:
            continue
        if result is None:
            result = d_
        elif d_._category > result._category:
            # float32 tensor with a complex number: the precision stays the tensor's.
            result = (
                result.to_complex()
                if d_._category == _COMPLEX and result.is_floating_point
                else promote_types(result, d_)
            )
    return result if result is not None else _default.dtype


def can_cast(source: dtype, target: dtype) -> bool:
    """Whether an in-place operation may put a result of `source` into a tensor of `target`."""
    return source._category <= target._category


class finfo:
    """Limits of a floating point dtype: ``bits eps max min tiny smallest_normal resolution``."""

    def __init__(self, d: dtype | None = None) -> None:
        d = d or _default.dtype
        if not (d.is_floating_point or d.is_complex):
            raise TypeError(
                f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{d!r}'"
            )
        info = np.finfo(d.numpy)
        self.dtype = d._name
        self.bits = int(info.bits)
        self.eps = float(info.eps)
        self.max = float(info.max)
        self.min = float(info.min)
        self.tiny = self.smallest_normal = float(info.tiny)
        self.resolution = 10.0 ** -int(info.precision)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer dtype: ``bits max min``."""

    def __init__(self, d: dtype) -> None:
        if d._category != _INT:
            raise TypeError(
                f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{d!r}'"
            )
        info = np.iinfo(d.numpy)
        self.dtype, self.bits, self.max, self.min = d._name, info.bits, int(info.max), int(info.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"

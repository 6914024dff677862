"""Questions about tensors and dtypes, and PyTorch's old tensor types."""

from __future__ import annotations

from typing import Any

from engine import backend, dtypes
from engine.dtypes import dtype
from engine.ops import create
from engine.ops.numbers import legacy_array
from engine.tensor import Tensor

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "can_cast",
    "is_complex",
    "is_floating_point",
    "is_nonzero",
    "is_tensor",
    "numel",
    "result_type",
    "typename",
]


def is_tensor(obj: object) -> bool:
    """Whether it is a Tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Whether its dtype is floating point."""
    return input.dtype.is_floating_point


def is_complex(input: Tensor) -> bool:
    """Whether its dtype is complex."""
    return input.dtype.is_complex


def is_nonzero(input: Tensor) -> bool:
    """Whether its one element is not zero."""
    return bool(input)


def numel(input: Tensor) -> int:
    """How many elements."""
    return input.numel()


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype an operation on both would compute in."""
    both = (tensor1, tensor2)
    return dtypes.result_dtype(
        [t._data for t in both if isinstance(t, Tensor)], [t for t in both if not isinstance(t, Tensor)]
    )


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether PyTorch casts one dtype to the other in an in-place operation."""
    return dtypes.can_cast(from_, to)


def typename(obj: object) -> str:
    """The name of a type; ``torch.FloatTensor`` for a tensor."""
    if isinstance(obj, Tensor):
        return str(obj.type())
    return (
        f"{type(obj).__module__}.{type(obj).__name__}"
        if type(obj).__module__ != "builtins"
        else type(obj).__name__
    )


class _TypeMeta(type):
    _dtype: dtype
    _cuda: bool

    def __instancecheck__(cls, obj: object) -> bool:
        return isinstance(obj, Tensor) and obj.dtype is cls._dtype and obj.is_cuda == cls._cuda

    def __call__(cls, *args: Any) -> Tensor:
        if cls._cuda and backend.cupy() is None:
            raise TypeError(
                f"type torch.cuda.{cls.__name__} not available. Torch not compiled with CUDA enabled."
            )
        where = backend.device("cuda") if cls._cuda else backend.CPU
        if len(args) == 1 and not isinstance(args[0], int):
            return Tensor._wrap(backend.to_device(legacy_array(args[0], cls._dtype), where))
        return create.zeros(*args, dtype=cls._dtype, device=where)


def tensor_type(kind: dtype, cuda: bool = False) -> Any:
    """``torch.FloatTensor`` of float32, ``torch.cuda.FloatTensor`` where tensors are on a device."""
    home = "torch.cuda" if cuda else "torch"
    return _TypeMeta(dtypes.legacy_name(kind), (), {"_dtype": kind, "_cuda": cuda, "__module__": home})


FloatTensor = tensor_type(dtypes.float32)
DoubleTensor = tensor_type(dtypes.float64)
LongTensor = tensor_type(dtypes.int64)
IntTensor = tensor_type(dtypes.int32)
BoolTensor = tensor_type(dtypes.bool_)
ByteTensor = tensor_type(dtypes.uint8)
CharTensor = tensor_type(dtypes.int8)
ShortTensor = tensor_type(dtypes.int16)
HalfTensor = tensor_type(dtypes.float16)

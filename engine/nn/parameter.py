"""`Parameter` and `Buffer`: the two kinds of tensor a module keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn

import numpy as np

from engine import backend, dtypes
from engine.dtypes import dtype as Dtype
from engine.state import S, happened
from engine.tensor import Tensor

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "is_lazy",
    "reset_gradients",
]


def _over(made: Any, data: Any) -> Any:
    """Let the bare tensor `made` lie over the memory of `data` (None is empty), outside any graph.

    Raises:
        AttributeError: if `data` is not a Tensor, in PyTorch's words.
    """
    if data is None:
        data = Tensor._wrap(backend.to_default(np.empty(0, dtypes.get_default_dtype().numpy)))
    elif not isinstance(data, Tensor):
        raise AttributeError(
            f"'{type(data).__name__}' object has no attribute 'detach'", name="detach", obj=data
        )
    made._data = data._data
    made._edge = made._grad = made._view = None
    # Shared, so that a write through `data` is noticed by what was saved of the parameter.
    made._counter = data._shared_counter()
    return made


class Parameter(Tensor):
    """A tensor that becomes one of a module's `parameters` when it is assigned to an attribute.

    It lies over the memory of `data` and requires grad, in ``no_grad`` too, unless `requires_grad` is False.

    Raises:
        AttributeError: if `data` is not a Tensor.
        RuntimeError: if it requires grad and is not floating point or complex.
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Any:
        made = _over(object.__new__(cls), data)
        if requires_grad:
            if not made.dtype.differentiable:
                raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
            made.requires_grad_()
        return made

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        copy: Parameter = type(self)(Tensor._wrap(self._data.copy()), self.requires_grad)
        memo[id(self)] = copy
        return copy


class _BufferType(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and bool(instance.__dict__.get("_is_buffer", False))


class Buffer(Tensor, metaclass=_BufferType):
    """A plain tensor that becomes one of a module's `buffers` when it is assigned to an attribute.

    A `persistent` one is part of the module's ``state_dict``.
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Any:
        made = _over(object.__new__(Tensor), data)
        made.persistent = persistent
        made._is_buffer = True
        return made


def reset_gradients(tensors: Iterable[Tensor], set_to_none: bool) -> None:
    """Fill the gradients of `tensors` with zeros, in place, or drop them: ``zero_grad`` of modules and optimizers."""
    reset: list[Tensor] = []
    for tensor in tensors:
        grad = tensor._grad
        if grad is None:
            continue
        reset.append(tensor)
        if set_to_none:
            tensor._grad = None
            continue
        if S.slow:
            happened("aten::zero_", grad)
        for observer in S.observers:
            observer.before_write(grad)
        if grad._edge is not None:
            # A gradient that was recorded (create_graph) may look into an expanded array: it is cut off.
            grad._edge = grad._view = None
            grad._data = grad._data.copy()
        grad._data.fill(0)
        grad._written()
    for observer in S.observers:
        observer.gradients_set(reset, not set_to_none)


class _Uninitialized:
    """A tensor whose shape is not known yet."""

    becomes: ClassVar[type]

    @property
    def shape(self) -> NoReturn:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call "
            "`forward` to initialize the parameters before accessing their attributes."
        )

    def materialize(self: Any, shape: Any, device: Any = None, dtype: Dtype | None = None) -> None:
        """Become a tensor of zeros of that shape."""
        self.__class__ = self.becomes
        kind = (dtype or self.dtype).numpy
        self.data = self._beside(np.zeros(tuple(shape), kind))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape is not known yet."""

    __slots__ = ()
    becomes = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Dtype | None = None) -> Any:
        kind = (dtype or dtypes.get_default_dtype()).numpy
        empty = backend.to_device(np.zeros(0, kind), device or backend.default_device())
        return super().__new__(cls, Tensor._wrap(empty), requires_grad)


class UninitializedBuffer(_Uninitialized, Tensor):
    """A buffer whose shape is not known yet."""

    __slots__ = ()
    becomes = Tensor

    def __new__(cls, requires_grad: bool = False, device: Any = None, dtype: Dtype | None = None) -> Any:
        made = object.__new__(cls)
        kind = (dtype or dtypes.get_default_dtype()).numpy
        made._data = backend.to_device(np.zeros(0, kind), device or backend.default_device())
        made._edge = made._grad = made._view = made._counter = None
        return made


def is_lazy(param: object) -> bool:
    """Whether the shape of a parameter or buffer is not known yet."""
    return isinstance(param, _Uninitialized)

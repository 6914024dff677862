"""``torch.autograd.Variable``: what a tensor that can require grad was called before PyTorch 0.4."""

from __future__ import annotations

from typing import Any

from engine.tensor import Tensor


class _VariableMeta(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableMeta):
    """``Variable(tensor, requires_grad=True)`` gives a tensor over the same memory; every tensor is a Variable."""

    def __new__(cls, data: Tensor, requires_grad: bool = False) -> Any:
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return Tensor._wrap(data._data).requires_grad_(requires_grad)

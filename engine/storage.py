"""A tensor's memory by itself: ``tensor.storage()`` and ``tensor.untyped_storage()``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from engine import backend
from engine.dtypes import dtype
from engine.tensor import Tensor

__all__ = ["TypedStorage", "UntypedStorage", "storage", "untyped_storage"]


def _memory(tensor: Tensor) -> np.ndarray[Any, Any]:
    """All of the memory that the tensor is a part of, as one row of its elements."""
    array = backend.to_host(tensor._data)
    owner = array
    while isinstance(owner.base, np.ndarray) and owner.base.dtype == array.dtype:
        owner = owner.base
    flat = owner.reshape(-1, order="A")
    return flat if np.shares_memory(flat, owner) else array.reshape(-1)


class UntypedStorage:
    """Memory as bytes."""

    __module__ = "torch.storage"

    def __init__(self, memory: np.ndarray[Any, Any]) -> None:
        self._memory = memory

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return int(self._memory.__array_interface__["data"][0])

    def nbytes(self) -> int:
        """How many bytes."""
        return int(self._memory.nbytes)

    def size(self) -> int:
        """How many bytes."""
        return self.nbytes()

    @property
    def device(self) -> backend.device:
        return backend.CPU

    def tolist(self) -> list[int]:
        """The bytes."""
        return list(self._memory.view(np.uint8).tolist())

    def __len__(self) -> int:
        return self.nbytes()

    def __getitem__(self, place: int) -> int:
        return int(self._memory.view(np.uint8)[place])

    def __iter__(self) -> Iterator[int]:
        return iter(self.tolist())

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.data_ptr() == other.data_ptr()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        rows = "\n".join(f" {value}" for value in self)
        return f"{rows}\n[{self.__module__}.UntypedStorage(device=cpu) of size {len(self)}]"


class TypedStorage(UntypedStorage):
    """Memory as numbers of one dtype."""

    def __init__(self, memory: np.ndarray[Any, Any], kind: dtype) -> None:
        super().__init__(memory)
        self.dtype = kind

    def size(self) -> int:
        """How many numbers."""
        return int(self._memory.size)

    def tolist(self) -> list[Any]:
        """The numbers."""
        return list(self._memory.tolist())

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return UntypedStorage(self._memory)

    def __len__(self) -> int:
        return self.size()

    def __getitem__(self, place: Any) -> Any:
        return self._memory[place].tolist()

    def __setitem__(self, place: Any, value: Any) -> None:
        self._memory[place] = value

    def __repr__(self) -> str:
        rows = "\n".join(f" {value}" for value in self)
        return f"{rows}\n[torch.storage.TypedStorage(dtype={self.dtype}, device=cpu) of size {len(self)}]"


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory the tensor looks at, as bytes; views of one tensor have the same."""
    return UntypedStorage(_memory(self))


def storage(self: Tensor) -> TypedStorage:
    """The memory the tensor looks at, as numbers of its dtype."""
    return TypedStorage(_memory(self), self.dtype)

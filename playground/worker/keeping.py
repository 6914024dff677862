"""Keeps what tensors held, so that it can be described and asked for later: arrays, not tensors, within a budget.

An array that the program is about to overwrite is copied first, but only then: most never are.
"""

from __future__ import annotations

from collections import deque
from typing import Any
from weakref import ref

import numpy as np

from playground.protocol import Values

Array = Any
"""A NumPy or CuPy array."""


class Kept:
    """An array as it was at one moment, or None once it had to make room."""

    __slots__ = ("array", "bytes", "dropped", "dtype", "may_go", "of", "on_host", "owner", "shape", "values")

    def __init__(self, array: Array, size: int, owner: Any) -> None:
        self.array: Array | None = array
        self.of = id(array)
        """The array's identity: `array` becomes a copy if the program overwrites it."""
        self.shape: tuple[int, ...] = array.shape
        self.dtype: np.dtype[Any] = array.dtype
        self.bytes = size
        self.owner = owner
        """Whatever the caller wants to find again from the memory."""
        self.on_host = type(array) is np.ndarray
        self.values: Values | None = None
        """What is said of it, from when that has been worked out until it has been sent."""
        self.may_go = False
        """It has been described, so that the array is only kept for later questions."""
        self.dropped = False

    def described(self, values: Values) -> None:
        """This is said of it; the array may go from now on."""
        self.values = values
        self.may_go = True
        if self.dropped:
            self.array = None


class Snapshot:
    """The contents of some memory before it was overwritten."""

    __slots__ = ("_copy", "_memory")

    def __init__(self, memory: np.ndarray[Any, Any]) -> None:
        """`memory` owns its elements and has them in C order."""
        self._memory = memory
        self._copy = memory.copy()

    def seen_as(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """What `array`, which looks into the memory, held."""
        if array is self._memory:
            return self._copy
        offset = array.__array_interface__["data"][0] - self._memory.__array_interface__["data"][0]
        return np.ndarray(array.shape, array.dtype, self._copy.reshape(-1), offset, array.strides)


class Keeper:
    """All that is kept. The oldest goes first when `budget` bytes are reached."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._bytes = 0
        self._order: deque[Kept] = deque()
        self._by_memory: dict[int, list[Kept]] = {}
        self._overwritten: tuple[ref[Any], list[Kept]] | None = None
        self._ahead: dict[int, list[Snapshot]] = {}
        """By address of the memory: writes that have happened, but that the reader of the recording has not come to."""

    def keep(self, array: Array, owner: Any = None) -> Kept:
        """Keep `array` until it is overwritten (then a copy) or others need the room."""
        memory = array if array.base is None else owner_of(array)
        key = id(memory)
        size = memory.nbytes
        kept = Kept(array, size, owner)
        if self._ahead and key in self._ahead:
            kept.array = self._ahead[key][0].seen_as(array)
        sharing = self._by_memory.get(key)
        if sharing is None:
            self._by_memory[key] = [kept]
        else:
            if sharing[-1].array is None:  # the memory that had this address is gone
                sharing.clear()
            sharing.append(kept)
        self._order.append(kept)
        self._bytes += size
        while self._bytes > self._budget:
            oldest = self._order.popleft()
            self._bytes -= oldest.bytes
            oldest.dropped = True
            if oldest.may_go:
                oldest.array = None
        return kept

    def before_write(self, array: Array) -> None:
        """The memory of `array` is about to change, and everything recorded so far has been read: copy what is kept."""
        memory = owner_of(array)
        for kept in self._by_memory.get(id(memory), ()):
            if kept.array is not None:
                kept.array = kept.array.copy()
        self.written(memory)

    def set_aside(self, memory: np.ndarray[Any, Any]) -> None:
        """The same while some of the recording waits to be read: `written` must be told when the reader comes here."""
        key = id(memory)
        snapshot = Snapshot(memory)
        # In this order: a reader may come in between, and what it keeps must be of before the write.
        queue = self._ahead.get(key)
        if queue is not None:
            queue.append(snapshot)
            return
        self._ahead[key] = [snapshot]
        for kept in self._by_memory.get(key, ()):
            if kept.array is not None:
                kept.array = snapshot.seen_as(kept.array)

    def written(self, memory: Array) -> None:
        """What is kept of `memory` from now on is of after the write."""
        queue = self._ahead.get(id(memory))
        if queue is not None:
            del queue[0]
            if not queue:
                del self._ahead[id(memory)]
        sharing = self._by_memory.pop(id(memory), None)
        if sharing:
            self._overwritten = ref(memory), sharing

    def secure(self) -> None:
        """Nobody tells of writes from now on: copy all that is kept, and everything recorded so far has been read."""
        for sharing in self._by_memory.values():
            for kept in sharing:
                if kept.array is not None:
                    kept.array = kept.array.copy()
        self._by_memory.clear()

    def let_go(self) -> None:
        """Drop everything, described or not: memory has run out."""
        for kept in self._order:
            kept.dropped = True
            kept.array = None
        self._order.clear()
        self._by_memory.clear()
        self._bytes = 0

    def latest(self, array: Array) -> Kept | None:
        """What was kept last of exactly this array, also if that has just been overwritten."""
        memory = owner_of(array)
        for kept in reversed(self._by_memory.get(id(memory), ())):
            if kept.of == id(array):
                return kept if kept.array is not None else None
        if self._overwritten is not None and self._overwritten[0]() is memory:
            return next((kept for kept in reversed(self._overwritten[1]) if kept.of == id(array)), None)
        return None


def owner_of(array: Array) -> Array:
    """The array that owns the memory `array` looks into."""
    base = array.base
    while isinstance(base, np.ndarray) or type(base) is type(array):
        array = base
        base = array.base
    return array

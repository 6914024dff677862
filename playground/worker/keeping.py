"""Keeps what tensors held, so that it can be asked for later: arrays, not tensors, within a budget of memory.

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

    values: Values | None = None
    """What is said of it, once that has been worked out."""
    waiting = True
    """It has not been described yet, so it must not go."""
    dropped = False
    on_host = True

    def __init__(self, array: Array, size: int, owner: Any) -> None:
        self.array: Array | None = array
        self.shape: tuple[int, ...] = array.shape
        self.dtype: np.dtype[Any] = array.dtype
        self.bytes = size
        self.owner = owner
        """Whatever the caller wants to find again from the memory."""
        if type(array) is not np.ndarray:
            self.on_host = False

    def described(self, values: Values) -> None:
        """This is said of it; the array may go from now on."""
        self.values = values
        self.waiting = False
        if self.dropped:
            self.array = None


class Keeper:
    """All that is kept. The oldest goes first when `budget` bytes are reached."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._bytes = 0
        self._order: deque[Kept] = deque()
        self._by_memory: dict[int, list[Kept]] = {}
        self._overwritten: tuple[ref[Any], list[tuple[int, Kept]]] | None = None

    def keep(self, array: Array, owner: Any) -> Kept:
        """Keep `array` until it is overwritten (then a copy) or others need the room."""
        memory = array if array.base is None else owner_of(array)
        size = memory.nbytes
        kept = Kept(array, size, owner)
        sharing = self._by_memory.get(id(memory))
        if sharing is None:
            self._by_memory[id(memory)] = [kept]
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
            if not oldest.waiting:
                oldest.array = None
        return kept

    def before_write(self, array: Array) -> None:
        """The memory of `array` is about to change: copy what is kept of it."""
        memory = owner_of(array)
        sharing = self._by_memory.pop(id(memory), None)
        if sharing:
            self._overwritten = ref(memory), [(id(kept.array), kept) for kept in sharing]
            for kept in sharing:
                if kept.array is not None:
                    kept.array = kept.array.copy()

    def let_go(self) -> None:
        """Drop everything that can be dropped: memory has run out."""
        for kept in self._order:
            kept.dropped = True
            if not kept.waiting:
                kept.array = None
        self._order.clear()
        self._by_memory.clear()
        self._bytes = 0

    def latest(self, array: Array) -> Kept | None:
        """What was kept last of exactly this array, also if that has just been overwritten."""
        memory = owner_of(array)
        for kept in reversed(self._by_memory.get(id(memory), ())):
            if kept.array is array:
                return kept
        if self._overwritten is not None and self._overwritten[0]() is memory:
            return next((kept for was, kept in reversed(self._overwritten[1]) if was == id(array)), None)
        return None


def owner_of(array: Array) -> Array:
    """The array that owns the memory `array` looks into."""
    base = array.base
    while isinstance(base, np.ndarray) or type(base) is type(array):
        array = base
        base = array.base
    return array

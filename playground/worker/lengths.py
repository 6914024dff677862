"""How long a loop will be, as far as that can be told from what it is over without asking anything of the program."""

from __future__ import annotations

from collections import deque
from operator import length_hint
from typing import Any

import numpy as np

from engine.tensor import Tensor
from engine.utils.data import DataLoader
from playground.worker.progress import tqdm

_SIZED = frozenset(
    (
        range,
        list,
        tuple,
        dict,
        set,
        frozenset,
        str,
        bytes,
        deque,
        type({}.keys()),
        type({}.values()),
        type({}.items()),
    )
)
_HINTING = frozenset(
    (
        type(iter([])),
        type(reversed([])),
        type(iter(())),
        type(iter(range(0))),
        type(iter({})),
        type(iter(set())),
    )
)
"""Iterators of Python's own, which know how much is left."""


def length_of(iterable: Any) -> int | None:
    """How many there are in `iterable`; None if it does not say."""
    kind = type(iterable)
    if kind in _SIZED:
        return len(iterable)
    if kind in _HINTING:
        return length_hint(iterable)
    if kind is Tensor or kind is np.ndarray:
        return int(iterable.shape[0]) if iterable.shape else None
    if kind is enumerate or kind is zip:
        # What it goes over, as it is told for pickling.
        parts = iterable.__reduce__()[1]
        lengths = [length_of(part) for part in (parts[:1] if kind is enumerate else parts)]
        known = [length for length in lengths if length is not None]
        return min(known) if known and len(known) == len(lengths) else None
    try:
        if kind is tqdm:
            total = iterable.total
            return total if type(total) is int else length_of(iterable.iterable)
        return len(iterable) if kind is DataLoader else None
    except Exception:
        return None

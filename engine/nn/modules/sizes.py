"""One number for every dimension, or one for each."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Size", "each"]

Size = int | Sequence[int]


def each(value: Size, n: int) -> tuple[int, ...]:
    """`value` as one number for each of `n` dimensions."""
    return (value,) * n if isinstance(value, int) else tuple(value)

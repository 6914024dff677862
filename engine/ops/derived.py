"""Functions that are made of other operations, and need no rule of their own."""

from __future__ import annotations

from typing import Any

from engine.dispatch import composite
from engine.fused import fused
from engine.ops import arrange
from engine.ops import shape as _shape
from engine.ops.linalg import tensordot
from engine.ops.pointwise import mul, sub
from engine.ops.reduce import one_dim, sum
from engine.ops.reduce import sum_to_size as _sum_to
from engine.tensor import Size, Tensor


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes have when they are broadcast together.

    Raises:
        RuntimeError: if they do not fit; the first that does not is named.
    """
    result: list[int] = []
    for position, given in enumerate(shapes):
        shape = [given] if isinstance(given, int) else [int(n) for n in given]
        result = [1] * (len(shape) - len(result)) + result
        for k in range(1, len(shape) + 1):
            n, m = shape[-k], result[-k]
            if n != m and n != 1 and m != 1:
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {n} at -{k}! Mismatching argument at index "
                    f"{position} had {tuple(shape)}; but expected shape should be broadcastable to {result}"
                )
            if m == 1:
                result[-k] = n
    return Size(result)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Views of all of them in the shape they have together.

    Raises:
        RuntimeError: if the shapes do not fit.
    """
    from engine.dispatch import check_broadcast

    given = tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    check_broadcast([t._data.shape for t in given])
    shape = broadcast_shapes(*(t._data.shape for t in given))
    return tuple(_shape.expand(t, shape) for t in given)


@arrange.each
def atleast_2d(input: Tensor) -> Tensor:
    """At least two dimensions: a vector becomes a row."""
    if not input.ndim:
        return _shape.reshape(input, (1, 1))
    return input if input.ndim > 1 else _shape.unsqueeze(input, 0)


@arrange.each
def atleast_3d(input: Tensor) -> Tensor:
    """At least three dimensions: a vector goes into the middle one, a matrix into the first two."""
    if input.ndim == 2:
        return _shape.unsqueeze(input, -1)
    if input.ndim == 1:
        return _shape.unsqueeze(_shape.unsqueeze(input, 0), -1)
    return input if input.ndim > 2 else _shape.reshape(input, (1, 1, 1))


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The vector product along a dimension of length 3: `dim`, or else the first there is.

    Raises:
        RuntimeError: if that dimension has another length.
    """
    if dim is None:
        dim = next((k for k, n in enumerate(input._data.shape) if n == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    given = [t._data.shape[dim] if -t.ndim <= dim < t.ndim else 3 for t in (input, other)]
    if given != [3, 3]:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input._data.shape[dim]} and "
            f"{other._data.shape[dim]}"
        )
    return linalg_cross(input, other, dim)  # type: ignore[no-any-return]


def _cross(input: Tensor, other: Tensor, dim: int) -> Tensor:
    a, b = broadcast_tensors(input, other)
    shifted = [arrange.roll(t, -k, dim) for k in (1, 2) for t in (a, b)]
    return sub(mul(shifted[0], shifted[3]), mul(shifted[2], shifted[1]))


linalg_cross = fused("linalg_cross", _cross, inputs=2, formula=r"b \times g,\ g \times a",
    doc="The vector product along a dimension of length 3.")  # fmt: skip


@composite("inner")
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Products summed over the last dimension of both."""
    if not input.ndim or not other.ndim:
        return input * other
    return tensordot(input, other, ([-1], [-1]))


def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """Summed down to a shape that broadcasts to this one."""
    wanted = _shape._shape(size, "sum_to_size")
    if not wanted:
        return sum(input)
    return input if wanted == input._data.shape else _sum_to(input, wanted)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """That many pieces, the first ones longer by one where they cannot be equal; or cut before those indices."""
    if not input.ndim:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    d = one_dim(dim, input.ndim)
    n = input._data.shape[d]
    if isinstance(indices_or_sections, Tensor) and not indices_or_sections.ndim:
        indices_or_sections = int(indices_or_sections.item())
    if isinstance(indices_or_sections, int):
        size, longer = divmod(n, indices_or_sections)
        cuts = [k * size + min(k, longer) for k in range(1, indices_or_sections)]
    else:
        cuts = [int(k) for k in indices_or_sections]
    return tuple(_shape.slice_(input, d, a, b, 1) for a, b in zip([0, *cuts], [*cuts, n], strict=True))


__all__ = [
    "atleast_2d", "atleast_3d", "broadcast_shapes", "broadcast_tensors", "cross", "inner",
    "tensor_split",
]  # fmt: skip

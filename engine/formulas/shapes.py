"""What becomes of shapes."""

from __future__ import annotations

Shape = tuple[int, ...]


def broadcast(*shapes: Shape) -> Shape:
    """The shape of all of them together."""
    shapes = tuple({shape: None for shape in shapes if shape}) or ((),)
    if len(shapes) == 1:
        return shapes[0]
    length = max(map(len, shapes), default=0)
    filled = ((1,) * (length - len(shape)) + shape for shape in shapes)
    return tuple(max(sizes) for sizes in zip(*filled, strict=True))


def product(a: Shape, b: Shape) -> Shape:
    """Of a product of matrices and vectors."""
    if len(a) == 1:
        return (*b[:-2], b[-1])
    if len(b) == 1:
        return a[:-1]
    return (*broadcast(a[:-2], b[:-2]), a[-2], b[-1])


def turned(shape: Shape) -> Shape:
    """With the last two dimensions exchanged."""
    return (*shape[:-2], shape[-1], shape[-2])

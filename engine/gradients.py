"""Gradients on their way: brought to the shape and dtype of where they go, added up, and held there."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import dtypes
from engine.graph import Edge, Node
from engine.state import S
from engine.tensor import Tensor

PLANNED = object()
"""In `Node.pending`: the node belongs to the pass and nothing has come yet."""

LARGE = 1024
"""Elements from which on a sum is written over the first term, if nobody else holds it, and not into new memory."""

MINE = 3
"""References to a gradient that only the pass holds: at its node, in a local variable, and the argument."""


def hold(edge: tuple[Node, int], grad: Any) -> None:
    """Keep a gradient at the node it goes to, with what has come there before."""
    node, nr = edge
    if node.metas is None:
        node.pending = grad if node.pending is PLANNED else add(node.pending, grad)
        return
    slots = node.pending
    if slots is PLANNED:
        slots = node.pending = [None] * len(node.metas)
    slots[nr] = grad if slots[nr] is None else add(slots[nr], grad)


def send(pending: dict[Node, Any], edge: tuple[Node, int], grad: Any) -> None:
    """`hold`, in a dictionary: for passes in which another may begin."""
    node, nr = edge
    if node.metas is not None:
        slots = pending.get(node)
        if slots is None:
            slots = pending[node] = [None] * len(node.metas)
        slots[nr] = grad if slots[nr] is None else add(slots[nr], grad)
    else:
        old = pending.get(node)
        pending[node] = grad if old is None else add(old, grad)


def add(a: Any, b: Any) -> Any:
    """The sum of two gradients."""
    if isinstance(a, Tensor) and not S.grad_enabled and not S.layers:
        return Tensor._wrap(add(a._data, b._data))
    total = a + b
    return np.asarray(total) if isinstance(total, np.generic) else total  # 0-d arrays add up to scalars


def fit(F: Any, grad: Any, edge: Edge) -> Any:
    """`grad` reduced to the shape (undoing broadcasting) and dtype of what `edge` points at: the one place for it."""
    assert edge is not None
    if isinstance(grad, np.generic):
        grad = np.asarray(grad)
    node, nr = edge
    shape, kind = (node.out_shape, node.out_dtype) if node.metas is None else node.metas[nr]
    if grad.shape != shape:
        grad = F.sum_to_size(grad, tuple(shape))
    dtype = dtypes.of_numpy(kind)
    if grad.dtype is not (dtype if F.recording else kind):
        if not dtype.is_complex and grad.dtype in (
            np.complex64,
            np.complex128,
            dtypes.complex64,
            dtypes.complex128,
        ):
            grad = F.real(grad)
        grad = F.to_dtype(grad, dtype)
    return grad


def fit_and_hold(F: Any, grad: Any, edge: tuple[Node, int]) -> None:
    """What is left of a step when a gradient is not at once of the shape and dtype of where it goes."""
    if grad is not None:
        hold(edge, fit(F, grad, edge))

"""What the profiler keeps of a backward pass, to tell which rows PyTorch has around its nodes.

PyTorch sums what was broadcast, adds gradients that meet, and steals or copies those that arrive at leaves; the engine
does the same, in other places and partly in none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.autograd.profiler_tree import Raw, Shape
from engine.graph import AccumulateGrad, Node
from engine.tensor import Tensor

ADDED_UP = 3
"""How far inside (`Raw.inner`) the rows are in which gradients are added up."""


class Pass:
    """One backward pass: what has arrived where, to tell which rows PyTorch adds gradients up in."""

    def __init__(self, first: int) -> None:
        self.around: Raw | None = None
        self.first = first
        """How many records there were when the last node was noted: what came since are hooks of the next one."""
        self.begins = 0
        """When the part of the pass began that belongs to the node that runs."""
        self._arrived: dict[tuple[Node, int], int] = {}
        """The gradient that has arrived at an input of a node; 0 if none can be added to it in place."""
        self._shared: set[int] = set()

    def next(self, now: int, raws: Sequence[Raw]) -> None:
        """Another node begins, or the pass ends: the one before has sent its gradients."""
        if len(raws) > self.first and raws[self.first].start < now:
            now = raws[self.first].start  # a hook of the node's, which runs before it
        self.begins = now
        around = self.around
        if around is not None:
            self.around = None
            if around.end < now:
                around.end = now - 1

    def accumulated(self, leaf: AccumulateGrad, name: str, grad: Any) -> str:
        """The key of the line of a leaf that `grad` has been added to."""
        self._arrived.pop((leaf, 0), None)
        variable = leaf.variable
        now = None if variable is None else variable._grad
        if now is not None:
            if now._edge is not None:
                return f"{name}#graph"
            if now._counter is not None and now._counter[0]:
                return f"{name}#add"
        return name if id(grad) not in self._shared and _dense(grad) else f"{name}#copy"

    def sent(
        self, raws: list[Raw], node: Node, leaving: Sequence[Any], shape: Shape, broadcast: int, now: int
    ) -> None:
        """`node` has sent its gradients on: the rows of summing what was broadcast, and of adding to what was there."""
        arrived = self._arrived
        added: list[Raw] | None = None
        last = None
        for edge, g in zip(node.next_edges, leaving, strict=False):
            broadcast -= 1
            if edge is None or g is None:
                continue
            viewed = False
            size = tuple(g.shape)
            if broadcast >= 0 and size != shape:
                viewed = len(shape) != len(size)
                for key, shapes, out in _summed(shape, size):
                    raw = Raw(key, now, now, shapes, out)
                    raw.inner = 2
                    raws.append(raw)
            if g is last:
                self._shared.add(id(g))
            last = g
            before = arrived.get(edge)
            if before is None:
                array = getattr(g, "_data", g)
                view = viewed or getattr(array, "base", None) is not None or type(node).__name__ in _VIEWS
                arrived[edge] = 0 if view else id(g)
            else:
                arrived[edge] = -1
                raw = Raw("add_" if before and before != id(g) else "add", now, now, [size, size], size)
                raw.inner = ADDED_UP
                added = [*(added or ()), raw]
        if added is not None:
            raws += added


_VIEWS = frozenset(("AsStridedBackward0",))
"""Nodes whose gradients PyTorch makes as views where the engine makes arrays."""


def _dense(grad: Any) -> bool:
    array = getattr(grad, "_data", grad)
    return bool(array.flags.forc) if hasattr(array, "flags") else True


def _summed(shape: Shape, size: Shape) -> list[tuple[str, list[Shape], Shape]]:
    """The rows of summing a gradient of `shape` to the `size` of what was broadcast."""
    if not size:
        return [("sum", [shape], ())]
    full = (1,) * (len(shape) - len(size)) + size
    rows: list[tuple[str, list[Shape], Shape]] = [("sum#keep", [shape, (), ()], full)]
    if len(full) != len(size):
        rows.append(("view", [full, ()], size))
    return rows


def forward_shapes(node: Node) -> tuple[Shape, ...]:
    """The shapes of the inputs of the operation `node` belongs to, as far as they are known."""
    if node.shapes is not None:
        return node.shapes
    result = []
    inputs = node.inputs or ()
    for k, edge in enumerate(node.next_edges):
        if edge is not None:
            metas = edge[0].metas
            result.append(edge[0].out_shape if metas is None else metas[edge[1]][0])
        else:
            known = inputs[k] if k < len(inputs) else None
            result.append(tuple(known._data.shape) if isinstance(known, Tensor) else ())
    return tuple(result)

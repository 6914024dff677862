"""What the profiler keeps of a backward pass, to tell which rows PyTorch has around its nodes.

PyTorch sums what was broadcast, adds gradients that meet, and steals or copies those that arrive at leaves; the engine
does the same, in other places and partly in none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.autograd.profiler_forms import broadcast_by
from engine.autograd.profiler_tree import Raw, Shape
from engine.graph import AccumulateGrad, Node
from engine.tensor import Tensor


class Pass:
    """One backward pass: what has arrived where, to tell which rows PyTorch adds gradients up in."""

    def __init__(self, first: int, now: int) -> None:
        self.around: Raw | None = None
        self.first = first
        """How many records there were when the last node was noted: what came since are hooks of the next one."""
        self.noted = now
        """When the pass began."""
        self.begins = 0
        """When the part of the pass began that belongs to the node that runs."""
        self._arrived: dict[tuple[int, int], int] = {}
        """The gradient that has arrived at an input of a node; 0 if none can be added to it in place."""
        self._shared: set[int] = set()

    def next(self, now: int, raws: Sequence[Raw]) -> None:
        """Another node begins, or the pass ends: the one before has sent its gradients."""
        around, self.around, self.begins = self.around, None, now
        since = self.noted if around is None else around.end
        for raw in raws[self.first :]:
            if since < raw.start < self.begins:
                self.begins = raw.start
        if around is not None:
            around.end = max(around.end, self.begins - 1)

    def accumulated(self, leaf: AccumulateGrad, grad: Any) -> str:
        """The key of the line of a leaf that `grad` has been added to."""
        name = leaf.name()
        variable = leaf.variable
        now = None if variable is None else variable._grad
        self._arrived.pop((id(leaf), 0), None)
        if now is not None and now._edge is not None:
            return f"{name}#graph"
        if now is not None and now._counter is not None and now._counter[0]:
            return f"{name}#add"
        return name if _dense(grad) and id(grad) not in self._shared else f"{name}#copy"

    def sent(
        self,
        raws: list[Raw],
        node: Node,
        entering: Sequence[Any],
        leaving: Sequence[Any],
        shape: Shape,
        now: int,
    ) -> None:
        """`node` has sent its gradients on: the rows of summing what was broadcast, and of adding to what was there."""
        for k in range(len(entering)):
            self._arrived.pop((id(node), k), None)
        broadcast = broadcast_by(node)
        name = node.name()
        added: list[Raw] = []
        seen: set[int] = set()
        for k, (edge, g) in enumerate(zip(node.next_edges, leaving, strict=False)):
            if edge is None or g is None:
                continue
            size = tuple(edge[0].meta[edge[1]][0])
            viewed = False
            if (broadcast or (name == "AddmmBackward0" and k == 0)) and size != shape:
                viewed = len(shape) != len(size)
                for key, shapes, out in _summed(shape, size):
                    raw = Raw(key, now, now, shapes, out)
                    raw.inner = 2
                    raws.append(raw)
            alike = id(g) in seen
            seen.add(id(g))
            if alike:
                self._shared.add(id(g))
            place = (id(edge[0]), edge[1])
            before = self._arrived.get(place)
            if before is None:
                view = viewed or name == "AsStridedBackward0" or _is_view(g)
                self._arrived[place] = 0 if view else id(g)
            else:
                self._arrived[place] = -1
                raw = Raw("add_" if before and before != id(g) else "add", now, now, [size, size], size)
                raw.inner = 3
                added.append(raw)
        raws += added


def _dense(grad: Any) -> bool:
    array = getattr(grad, "_data", grad)
    return bool(array.flags.forc) if hasattr(array, "flags") else True


def _is_view(grad: Any) -> bool:
    return getattr(getattr(grad, "_data", grad), "base", None) is not None


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
            result.append(tuple(edge[0].meta[edge[1]][0]))
        else:
            known = inputs[k] if k < len(inputs) else None
            result.append(tuple(known._data.shape) if isinstance(known, Tensor) else ())
    return tuple(result)

"""Which leaves have a gradient, so that it can be told when it is set back: `Clear`."""

from __future__ import annotations

from typing import Any, Literal
from weakref import ref

from engine.tensor import Tensor
from playground.protocol import Clear
from playground.worker.keeping import Kept, owner_of
from playground.worker.records import NodeRecord

To = Literal["none", "zero", "value"]
"""What a ``grad`` was set to."""
_FILLS = ("zero", "fill", "copy", "index_put")
"""Operations that, written in place, forget what was there. Others (clipping, scaling) that leave nothing but zeros are
only a clearing if there was something else before."""


class _Gradient:
    """A tensor's ``grad`` as it is known."""

    __slots__ = ("kept", "memory", "record", "to")

    def __init__(self, record: NodeRecord, kept: Kept | None, memory: int, to: To) -> None:
        self.record = record
        self.kept = kept
        self.memory = memory
        self.to = to


class Gradients:
    """The gradients there are, in the order of the recording.

    A setting back is told of only if there is something to set back, so a run has few more than gradients that arrived.
    """

    def __init__(self) -> None:
        self._of: dict[int, tuple[ref[Tensor], _Gradient]] = {}
        """By identity of the tensor's weak reference, which is held."""
        self._in: dict[int, tuple[ref[Any], _Gradient]] = {}
        """By address of the memory that a gradient lies in."""

    def arrived(self, t: ref[Tensor], record: NodeRecord, array: Any, kept: Kept | None) -> None:
        """The ``grad`` of `t`, which is the tensor of `record`, holds `kept`."""
        memory = owner_of(array)
        gradient = _Gradient(record, kept, id(memory), "value")
        self._of[id(t)] = t, gradient
        self._in[id(memory)] = ref(memory), gradient

    def knows(self, t: ref[Tensor]) -> NodeRecord | None:
        """The record under which the gradient of `t` is known, if it is."""
        found = self._of.get(id(t))
        return None if found is None else found[1].record

    def set(self, t: ref[Tensor], to: To, line: int, after: int, step: int) -> Clear | None:
        """The ``grad`` of `t` was dropped, filled with zeros or assigned; what is to be told of that, if anything."""
        found = self._of.get(id(t))
        if found is None:
            return None
        before, found[1].to = found[1].to, to
        if to == "value" or before == to or before == "none":
            return None
        return Clear(node=found[1].record.id, to=to, line=line, after=after, step=step)

    def written(self, name: str, kept: Kept, array: Any, line: int, after: int, step: int) -> Clear | None:
        """The operation `name` has written `kept` into `array`; if that sets a gradient back, what is to be told."""
        memory: Any = owner_of(array)
        found = self._in.get(id(memory))
        if found is None or array.size != memory.size or found[0]() is not memory:
            return None
        gradient = found[1]
        if gradient.memory != id(memory) or gradient.to == "none" or kept.array is None:
            return None
        before = gradient.to
        zero = not kept.array.any()
        if zero and name not in _FILLS:
            zero = (
                gradient.kept is not None
                and gradient.kept.array is not None
                and bool(gradient.kept.array.any())
            )
        gradient.kept, gradient.to = kept, "zero" if zero else "value"
        if not zero or before == "zero":
            return None
        return Clear(node=gradient.record.id, to="zero", line=line, after=after, step=step)

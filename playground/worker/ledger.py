"""Knows which record has the present value of a tensor, and makes records for tensors that come from elsewhere.

Everything here happens when the recording is read, in the order in which the program did it. Tensors are known by
their weak references: Python gives the same one as long as the tensor lives and none that is held to another, so that
its identity is the tensor's, also when the tensor is no more. Arrays are known by the memory they look into: a write
through a view, `.data`, or by an optimizer makes what was known of the others over that memory stale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from engine.nn.parameter import Parameter
from engine.tensor import Tensor
from playground.worker.gradients import Gradients
from playground.worker.keeping import Keeper, Kept, owner_of
from playground.worker.places import Site
from playground.worker.records import Kind, NodeRecord
from playground.worker.tape import Seen

Known = tuple["ref[Tensor]", NodeRecord, int]
"""A tensor, and which output of which record it is."""
New = Callable[[Kind, str, "Site | None"], NodeRecord]


class Ledger:
    """All records of a run by tensor, by backward node and by memory."""

    def __init__(self, budget: int, new: New, add: Callable[[NodeRecord], None]) -> None:
        self.keeper = Keeper(budget)
        self.known: dict[int, Known] = {}
        """By identity of the weak reference."""
        self.by_sequence: dict[int, NodeRecord] = {}
        """By number of the backward node."""
        self.writers: dict[int, tuple[ref[Any], NodeRecord]] = {}
        """By address of the memory: who changed it last."""
        self._new = new
        self._add = add
        self._made: dict[int, tuple[ref[Any], Site]] = {}
        """By address of an array that was filled while a module was constructed: where in the program that was."""
        self._gradients: dict[int, tuple[ref[Tensor], NodeRecord]] = {}
        self.gradients = Gradients()
        self._filled_up: set[int] = set()
        """Gradients that were added to, or filled with zeros, since they were last looked up."""
        self._flowing: dict[int, Kept] = {}
        """Gradients of the backward pass that runs, by address."""

    # --- Telling it --------------------------------------------------------------------------------------------------

    def hold(self, record: NodeRecord, outputs: Sequence[Seen]) -> None:
        """`record` made these tensors; it may be sent from now on."""
        known, keep = self.known, self.keeper.keep
        for place, (tensor, _, _) in enumerate(outputs):
            known[id(tensor)] = tensor, record, place
        record.tensors = [tensor for tensor, _, _ in outputs]
        record.requires_grad = [edge is not None for _, _, edge in outputs]
        record.kept = [keep(array, record) for _, array, _ in outputs]
        self._add(record)

    def changes(self, t: ref[Tensor]) -> None:
        """The memory of `t` changes. For a gradient that is another accumulation, or ``zero_grad``, unless an operation
        tells of it."""
        if id(t) in self._gradients:
            self._filled_up.add(id(t))

    def will_write(self, t: ref[Tensor]) -> None:
        """It is an operation that changes `t`, and it is going to be recorded."""
        self._filled_up.discard(id(t))

    def wrote(self, array: Any, record: NodeRecord) -> None:
        """`record` changed the memory of `array`."""
        memory = owner_of(array)
        self.writers[id(memory)] = ref(memory), record

    def filled(self, array: Any, site: Site) -> None:
        """The program had `array` filled there, by constructing a module."""
        self._made[id(array)] = ref(array), site

    def accumulated(self, t: ref[Tensor], grad: Seen, record: NodeRecord) -> Kept:
        """A gradient has arrived at `t`, the tensor of `record`: what its ``grad`` holds now."""
        self._gradients[id(grad[0])] = grad[0], record
        kept = self.keeper.keep(grad[1])
        self.gradients.arrived(t, record, grad[1], kept)
        return kept

    def keep_gradient(self, array: Any) -> Kept:
        """Keep a gradient: what leaves one node mostly enters the next, and is kept and described once."""
        kept = self._flowing.get(id(array))
        if kept is None or kept.array is not array:
            kept = self._flowing[id(array)] = self.keeper.keep(array)
        return kept

    def backward_ended(self) -> None:
        """No gradient flows any more."""
        self._flowing.clear()

    # --- Asking it ---------------------------------------------------------------------------------------------------

    def knows(self, t: ref[Tensor]) -> bool:
        """Whether there is a record for this very tensor."""
        return id(t) in self.known

    def made(self, t: ref[Tensor]) -> NodeRecord | None:
        """The record of this very tensor, if there is one."""
        entry = self.known.get(id(t))
        return None if entry is None else entry[1]

    def is_number(self, seen: Seen) -> bool:
        """Whether it is a plain number that the engine wrapped: no operation and no gradient made it."""
        t, array, edge = seen
        if edge is not None or array.ndim or id(t) in self.known or id(t) in self._gradients:
            return False
        return self.keeper.latest(array) is None

    def lookup(self, seen: Seen) -> tuple[NodeRecord, int]:
        """The record that has the present value of a tensor, made now if its making was not seen."""
        t, array, edge = seen
        entry = self.known.get(id(t))
        if entry is None:
            return self._aliased(seen) or self._unseen(seen)
        _, record, output = entry
        if self._filled_up and id(t) in self._filled_up:
            self._filled_up.discard(id(t))
            return self._unseen(seen)
        if self.writers:
            memory = owner_of(array)
            written = self.writers.get(id(memory))
            if written is not None and written[1].id > record.id and written[0]() is memory:
                return self._rewritten(seen, record, output, written[1])
        if record.kind == "constant" and edge is not None:
            return self._became_leaf(seen, record, output)
        return record, output

    def _aliased(self, seen: Seen) -> tuple[NodeRecord, int] | None:
        """The record of the same array under another name: `x.data`, or what a parameter was made of."""
        kept = self.keeper.latest(seen[1])
        if kept is None or kept.owner is None:
            return None
        source: NodeRecord = kept.owner
        output = next(n for n, k in enumerate(source.kept) if k is kept)
        if not isinstance(seen[0](), Parameter):
            return source, output
        return self._became_leaf(seen, source, output) if source.kind == "constant" else None

    def _unseen(self, seen: Seen) -> tuple[NodeRecord, int]:
        t, array, edge = seen
        kind: Kind = "constant"
        if isinstance(t(), Parameter):
            kind = "parameter"
        elif edge is not None and edge < 0:
            kind = "leaf"
        made = self._made.get(id(array))
        record = self._new(kind, "", made[1] if made is not None and made[0]() is array else None)
        gradient = self._gradients.get(id(t))
        if gradient is not None:
            record.gradient_of = gradient[1]
        self._follow_edge(record, seen)
        self.hold(record, (seen,))
        return record, 0

    def _became_leaf(self, seen: Seen, record: NodeRecord, output: int) -> tuple[NodeRecord, int]:
        """What was made as a constant requires grad now: its node says so, or a new one if that has been sent."""
        t = seen[0]
        kind: Kind = "parameter" if isinstance(t(), Parameter) else "leaf"
        if not record.sent and len(record.kept) == 1:
            record.kind = kind
            record.requires_grad[output] = True
            record.tensors = (t,)
            self.known[id(t)] = t, record, output
            return record, output
        leaf = self._new(kind, "", record.site)
        leaf.sources = ((record, output, 0, False),)
        leaf.name = record.names()[output]
        self.hold(leaf, (seen,))
        return leaf, 0

    def _rewritten(
        self, seen: Seen, old: NodeRecord, output: int, writer: NodeRecord
    ) -> tuple[NodeRecord, int]:
        """The memory of a tensor was changed through another one since its record was made."""
        t, array, edge = seen
        present = writer.kept[0].array
        if present is not None and present.shape == array.shape and present.strides == array.strides:
            self.known[id(t)] = t, writer, 0
            return writer, 0
        record = self._new("op", "", writer.site)
        cut = edge is None
        record.sources = (
            (old, output, 0, cut and old.requires_grad[output]),
            (writer, 0, 1, cut and writer.requires_grad[0]),
        )
        record.flags = ("inplace",)
        record.base = old.base or old
        record.version = writer.version  # views and bases count together
        self._follow_edge(record, seen)
        self.hold(record, (seen,))
        return record, 0

    def _follow_edge(self, record: NodeRecord, seen: Seen) -> None:
        """Let the steps of the backward node behind a tensor, if it is one that no operation told of, find `record`."""
        t, _, edge = seen
        if edge is not None and edge >= 0:
            self.by_sequence.setdefault(edge, record)
            tensor = t()
            if tensor is not None and tensor._edge is not None and tensor._edge[0].sequence_nr == edge:
                record.grad_fn = type(tensor._edge[0]).__name__

"""Knows which record has the present value of a tensor, and makes records for tensors that come from elsewhere.

Tensors are known weakly and by identity, arrays by the memory they look into: a write through a view, `.data`, or
by an optimizer makes what was known of the others over that memory stale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from engine.graph import AccumulateGrad, Node
from engine.nn.parameter import Parameter
from engine.registry import Op
from engine.tensor import Tensor
from playground.worker.keeping import Keeper, Kept, owner_of
from playground.worker.places import Site
from playground.worker.records import HERE, Kind, NodeRecord, Source
from playground.worker.values import TOGETHER, describe

Known = tuple["ref[Tensor]", NodeRecord, int]
"""A tensor, and which output of which record it is."""
New = Callable[[Kind, str, "Site | None"], NodeRecord]


class Ledger:
    """All records of a run by tensor, by backward node and by memory."""

    def __init__(self, budget: int, new: New, add: Callable[[NodeRecord], None]) -> None:
        self.keeper = Keeper(budget)
        self._new = new
        self._add = add
        self._known: dict[int, Known] = {}
        self._by_sequence: dict[int, NodeRecord] = {}
        self._writers: dict[int, tuple[ref[Any], NodeRecord]] = {}
        """By address of the memory: who changed it last."""
        self._made: dict[int, tuple[ref[Any], Site]] = {}
        """By address of an array that was filled while a module was constructed: where in the program that was."""
        self._gradients: dict[int, tuple[ref[Tensor], NodeRecord]] = {}
        self._filled_up: set[int] = set()
        """Gradients that were added to, or filled with zeros, since they were last looked up."""
        self._flowing: dict[int, Kept] = {}
        """Gradients of the backward pass that runs, by address."""

    # --- Telling it --------------------------------------------------------------------------------------------------

    def hold(self, record: NodeRecord, outputs: Sequence[Tensor]) -> None:
        """`record` made these tensors; it may be sent from now on."""
        known = self._known
        if len(outputs) == 1:
            t = outputs[0]
            tensor = ref(t)
            record.tensors = (tensor,)
            known[id(t)] = tensor, record, 0
            record.requires_grad = [t._edge is not None]
            record.kept = (self.keep(t._data, record),)
        else:
            tensors = [ref(t) for t in outputs]
            record.tensors = tensors
            for place, t in enumerate(outputs):
                known[id(t)] = tensors[place], record, place
            record.requires_grad = [t._edge is not None for t in outputs]
            record.kept = [self.keep(t._data, record) for t in outputs]
        self._add(record)

    def before_write(self, t: Tensor) -> None:
        """The memory of `t` is about to change: copy what is kept of it.

        Unless an operation tells of it, a change of a gradient is another accumulation, or ``zero_grad``.
        """
        self.keeper.before_write(t._data)
        if id(t) in self._gradients:
            self._filled_up.add(id(t))

    def will_write(self, t: Tensor) -> None:
        """It is an operation that changes `t`, and it is going to be recorded."""
        self._filled_up.discard(id(t))

    def wrote(self, t: Tensor, record: NodeRecord) -> None:
        """`record` changed the memory of `t`."""
        memory = owner_of(t._data)
        self._writers[id(memory)] = ref(memory), record

    def follow(self, node: Node, record: NodeRecord) -> None:
        """`node` is the backward of `record`."""
        self._by_sequence[node.sequence_nr] = record

    def filled(self, array: Any, site: Site) -> None:
        """The program had `array` filled there, by constructing a module."""
        self._made[id(array)] = ref(array), site

    def accumulated(self, leaf: Tensor, record: NodeRecord) -> Kept | None:
        """A gradient has arrived at `leaf`: what its ``grad`` holds now."""
        grad = leaf._grad
        if grad is None:
            return None
        self._gradients[id(grad)] = ref(grad), record
        return self.keep(grad._data)

    def keep(self, array: Any, owner: NodeRecord | None = None) -> Kept:
        """Keep what `array` holds. A large one is described at once, since it may soon have to go."""
        kept = self.keeper.keep(array, owner)
        if array.size > TOGETHER:
            kept.described(describe(array))
        return kept

    def keep_gradient(self, g: Any) -> Kept:
        """The same for a gradient: what leaves one node mostly enters the next, and is kept and described once."""
        array = g._data if isinstance(g, Tensor) else g
        kept = self._flowing.get(id(array))
        if kept is None or kept.array is not array:
            kept = self._flowing[id(array)] = self.keep(array)
        return kept

    def backward_ended(self) -> None:
        """No gradient flows any more."""
        self._flowing.clear()

    # --- Asking it ---------------------------------------------------------------------------------------------------

    def knows(self, t: Tensor) -> bool:
        """Whether there is a record for this very tensor."""
        entry = self._known.get(id(t))
        return entry is not None and entry[0]() is t

    def of_node(self, node: Node) -> NodeRecord | None:
        """The record whose derivative a backward node is; for ``AccumulateGrad`` that of the leaf."""
        if not isinstance(node, AccumulateGrad):
            return self._by_sequence.get(node.sequence_nr)
        leaf = node.variable
        return None if leaf is None else self.lookup(leaf)[0]

    def sources(
        self, op: Op, args: tuple[Any, ...], node: Node | None
    ) -> tuple[tuple[Any, ...], list[Source]]:
        """`args` with `HERE` for every tensor that is a node, and those nodes.

        Tensors among the rest (indices) have no graph, and a number that the engine made a tensor of stays a number.
        """
        edges: tuple[Any, ...] = () if node is None else node.next_edges
        flowing = len(edges)
        found: list[Source] = []
        known, written = self._known, self._writers
        custom = op.n_inputs == 0
        count = len(args) if custom else op.n_inputs
        inputs = list(args[0] if op.variadic else args[:count])
        for place, t in enumerate(inputs):
            if isinstance(t, Tensor):
                entry = known.get(id(t))
                # The way through `lookup` that nearly every tensor takes, without the call.
                if entry is not None and not written and entry[0]() is t and entry[1].kind != "constant":
                    _, record, output = entry
                elif t._data.ndim == 0 and self._is_number(t):
                    continue
                else:
                    record, output = self.lookup(t)
                at = len(found) if custom else place  # a custom function has edges for tensors only
                flows = at < flowing and edges[at] is not None
                found.append(
                    (
                        record,
                        output,
                        place,
                        not flows and (t._edge is not None or record.requires_grad[output]),
                    )
                )
                inputs[place] = HERE
        if op.variadic:
            return (tuple(inputs), *args[1:]), found
        return (*inputs, *args[count:]), found

    def lookup(self, t: Tensor) -> tuple[NodeRecord, int]:
        """The record that has the present value of `t`, made now if its making was not seen."""
        entry = self._known.get(id(t))
        if entry is None or entry[0]() is not t:
            return self._aliased(t) or self._unseen(t)
        _, record, output = entry
        if self._filled_up and id(t) in self._filled_up:
            self._filled_up.discard(id(t))
            return self._unseen(t)
        if self._writers:
            memory = owner_of(t._data)
            written = self._writers.get(id(memory))
            if written is not None and written[1].id > record.id and written[0]() is memory:
                return self._rewritten(t, record, output, written[1])
        if record.kind == "constant" and t._edge is not None:
            return self._became_leaf(t, record, output)
        return record, output

    def _is_number(self, t: Tensor) -> bool:
        """Whether `t` is a plain number that the engine wrapped: no operation and no gradient made it."""
        if t._edge is not None or self.knows(t) or id(t) in self._gradients:
            return False
        return self.keeper.latest(t._data) is None

    def _aliased(self, t: Tensor) -> tuple[NodeRecord, int] | None:
        """The record of the same array under another name: `x.data`, or what a parameter was made of."""
        kept = self.keeper.latest(t._data)
        if kept is None or kept.owner is None:
            return None
        source: NodeRecord = kept.owner
        output = next(n for n, k in enumerate(source.kept) if k is kept)
        if not isinstance(t, Parameter):
            return source, output
        return self._became_leaf(t, source, output) if source.kind == "constant" else None

    def _unseen(self, t: Tensor) -> tuple[NodeRecord, int]:
        kind: Kind = "constant"
        if isinstance(t, Parameter):
            kind = "parameter"
        elif t._edge is not None and t._edge[0].is_leaf_node:
            kind = "leaf"
        made = self._made.get(id(t._data))
        record = self._new(kind, "", made[1] if made is not None and made[0]() is t._data else None)
        gradient = self._gradients.get(id(t))
        if gradient is not None and gradient[0]() is t:
            record.gradient_of = gradient[1]
        self._follow_edge(record, t)
        self.hold(record, (t,))
        return record, 0

    def _became_leaf(self, t: Tensor, record: NodeRecord, output: int) -> tuple[NodeRecord, int]:
        """What was made as a constant requires grad now: its node says so, or a new one if that has been sent."""
        kind: Kind = "parameter" if isinstance(t, Parameter) else "leaf"
        if not record.sent and len(record.kept) == 1:
            record.kind = kind
            record.requires_grad[output] = True
            known = ref(t)
            record.tensors = (known,)
            self._known[id(t)] = known, record, output
            return record, output
        leaf = self._new(kind, "", record.site)
        leaf.sources = ((record, output, 0, False),)
        leaf.name = record.names()[output]
        self.hold(leaf, (t,))
        return leaf, 0

    def _rewritten(
        self, t: Tensor, old: NodeRecord, output: int, writer: NodeRecord
    ) -> tuple[NodeRecord, int]:
        """The memory of `t` was changed through another tensor since its record was made."""
        present = writer.kept[0].array
        if present is not None and present.shape == t._data.shape and present.strides == t._data.strides:
            self._known[id(t)] = ref(t), writer, 0
            return writer, 0
        record = self._new("op", "", writer.site)
        cut = t._edge is None
        record.sources = (
            (old, output, 0, cut and old.requires_grad[output]),
            (writer, 0, 1, cut and writer.requires_grad[0]),
        )
        record.flags = ("inplace",)
        record.version = t._version
        self._follow_edge(record, t)
        self.hold(record, (t,))
        return record, 0

    def _follow_edge(self, record: NodeRecord, t: Tensor) -> None:
        """Let the steps of the backward node behind `t`, if it is one that no operation told of, find `record`."""
        edge = t._fresh_edge()
        if edge is not None and not edge[0].is_leaf_node:
            record.grad_fn = type(edge[0]).__name__
            self._by_sequence.setdefault(edge[0].sequence_nr, record)

"""Watches the engine and records the computation: flat and cheap while the program runs, explained afterwards.

Every forward operation becomes a node, every tensor that comes from elsewhere (a leaf, a parameter, a constant) a
node of its own, every backward node that runs a step. Nodes refer to each other by record, never by tensor: tensors
are known only weakly, so that recording changes neither what lives nor when it dies.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from time import perf_counter_ns
from types import FrameType
from typing import Any
from weakref import ref

import engine
from engine.graph import AccumulateGrad, Node
from engine.nn.parameter import Parameter
from engine.registry import Op
from engine.state import Observer, S, add_observer, remove_observer
from engine.tensor import Tensor
from playground.protocol import Detail, Inspect, Jacobian, JacobianResult
from playground.runner.channel import PROGRAM
from playground.runner.limits import MIB
from playground.worker.explain import explain
from playground.worker.jacobian import differentiate
from playground.worker.keeping import Keeper, Kept, owner_of
from playground.worker.output import Channel, Outbox, clean
from playground.worker.places import Places, Site
from playground.worker.profile import Profiler
from playground.worker.records import HERE, Kind, NodeRecord, Source, StepRecord
from playground.worker.scopes import Scopes
from playground.worker.stream import Stream
from playground.worker.values import TOGETHER, describe

_KEPT_BYTES = 64 * MIB
_MODULES = os.path.join(os.path.dirname(engine.__file__), "nn", "")
_BATCH = 400
"""Records that wait at most before they are described and sent."""

Known = tuple[ref[Tensor], NodeRecord, int]
"""A tensor, and which output of which record it is."""


class Recorder(Observer):
    """Records one run. Use as a context manager around the program; ask it afterwards."""

    def __init__(self, outbox: Outbox, channel: Channel) -> None:
        self.cell = 0
        self.operations = 0
        """Forward and backward operations that ran, recorded or not."""
        self._outbox = outbox
        self._limit = channel.limits.operations
        self._preview = channel.limits.preview_values
        self._batch_ns = int(channel.limits.batch_s * 1e9)
        self._places = Places()
        self._keeper = Keeper(_KEPT_BYTES)
        self._scopes = Scopes()
        self._profiler = Profiler()
        self._stream = Stream(channel, outbox, self._scopes)
        self._records: list[NodeRecord] = []
        self._known: dict[int, Known] = {}
        self._by_sequence: dict[int, NodeRecord] = {}
        self._writers: dict[int, tuple[ref[Any], NodeRecord]] = {}
        """By address of the memory: who changed it last."""
        self._made: dict[int, tuple[ref[Any], Site]] = {}
        """By address of an array made while a module was constructed: where in the program that was."""
        self._flowing: dict[int, Kept] = {}
        """Gradients of the backward pass that runs, by address."""
        self._gradients: dict[int, tuple[ref[Tensor], NodeRecord]] = {}
        self._last: NodeRecord | None = None
        self._last_flush = 0
        self._full = False
        self._call = -1
        self._call_line = 0
        self._steps = 0

    # --- Beginning and end -------------------------------------------------------------------------------------------

    def __enter__(self) -> Recorder:
        self._outbox.also = self._flush
        self._profiler.begin()
        add_observer(self)
        return self

    def __exit__(self, *_: object) -> None:
        remove_observer(self)

    def end_cell(self, names: dict[str, Any]) -> None:
        """A cell has ended; tensors without a name are looked for among the program's variables."""
        self._stream.program = names
        self._last = None
        self._flush()

    def finish(self) -> None:
        """Send what has not been sent, and the profile."""
        self._last = None
        self._flush()
        self._outbox.also = None
        self._stream.send_profile(self._profiler.profile())

    def inspect(self, command: Inspect) -> Detail:
        """The values of a node and its last gradients."""
        return explain(self._records, command, self._preview)

    def jacobian(self, command: Jacobian) -> JacobianResult:
        """The derivative of one recorded node with respect to others."""
        return differentiate(self._records, command)

    # --- Forward -----------------------------------------------------------------------------------------------------

    def op(
        self,
        op: Op,
        args: tuple[Any, ...],
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        node: Node | None,
        inplace: bool,
        start: int,
        end: int,
    ) -> None:
        """An operation has run."""
        self.operations += 1
        label = op.aten
        if inplace and label[-1] != "_":
            label += "_"
        frame, site, hidden = self._where()
        if self._full or hidden or self._scopes.optimizer:
            if hidden and site is not None:
                for t in outputs:
                    self._made[id(t._data)] = ref(t._data), site
            self._stream.omitted += self._full
            self._profiler.op(label, inputs, start, end, site, -1)
            self._profiler.cost(end)
            return
        try:
            if self._last is not None and site is self._last.site and frame is not None:
                self._confirm(self._last, frame)
            record = self._record_op(op, label, args, inputs, outputs, node, inplace, site)
            if site is not None and frame is not None:
                record.targets = site.targets if inplace else self._places.names(site, frame)[0]
            self._last = record
            self._profiler.op(label, inputs, start, end, site, record.id)
            self._flush_if_due(end)
        except Exception as problem:
            self._give_up(problem)
        self._profiler.cost(end)

    def _record_op(
        self,
        op: Op,
        label: str,
        args: tuple[Any, ...],
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        node: Node | None,
        inplace: bool,
        site: Site | None,
    ) -> NodeRecord:
        kind: Kind = "op"
        sources: Sequence[Source] = ()
        if inputs:
            args, sources = self._sources(op, args, node)
        else:
            kind = "leaf" if outputs and outputs[0]._edge is not None else "constant"
        record = self._new(kind, label, site)
        record.op = op
        record.args = args
        record.sources = sources
        if node is not None:
            record.grad_fn = type(node).__name__
            record.custom = getattr(node, "function", None)
            self._by_sequence[node.sequence_nr] = record
        if inplace:
            record.flags.append("inplace")
            record.version = outputs[0]._version
            if sources:
                record.name = sources[0].record.names()[sources[0].output]
        elif op.view:
            record.flags.append("view")
        if op.name == "detach":
            record.flags.append("detach")
        elif node is None and not S.grad_enabled and any(source.cut for source in sources):
            record.flags.append("no_grad")
        self._hold(record, outputs)
        if inplace:
            self._wrote(outputs[0], record)
        return record

    def op_failed(self, op: Op, args: tuple[Any, ...], inputs: Sequence[Tensor], error: Exception) -> None:
        """An operation has raised: a node without outputs, with the message."""
        if self._full:
            return
        _, site, _ = self._where()
        _, sources = self._sources(op, args, None)
        record = self._new("op", op.aten, site)
        record.sources = sources
        record.failed = clean(str(error), 4_000) or type(error).__name__
        self._stream.add(record)

    def before_write(self, tensor: Tensor) -> None:
        """Copy what is kept of memory that is about to change."""
        self._keeper.before_write(tensor._data)
        if isinstance(tensor, Parameter) and not self._knows(tensor):
            # A module that is being constructed fills it: that line of the program is where the parameter comes from.
            _, site, _ = self._where()
            if site is not None:
                self._made[id(tensor._data)] = ref(tensor._data), site

    # --- Scopes ------------------------------------------------------------------------------------------------------

    def composite_begin(self, name: str, inputs: Sequence[Tensor]) -> None:
        """A function made of several operations begins."""
        now = perf_counter_ns()
        self._profiler.enter(name, inputs, now)
        self._profiler.cost(now)

    def composite_end(self, name: str) -> None:
        """It has ended."""
        now = perf_counter_ns()
        self._profiler.leave(now)
        self._profiler.cost(now)

    def scope_begin(self, kind: str, name: str, owner: object) -> None:
        """A module call, a labelled range or an optimizer step begins."""
        now = perf_counter_ns()
        self._scopes.enter(kind, name, owner)
        row = {"module": "", "optimizer": f"Optimizer.step#{name}"}.get(kind, name)
        self._profiler.enter(row, (), now, f"nn.Module: {name}" if kind == "module" else row)
        self._profiler.cost(now)

    def scope_end(self, kind: str, name: str, owner: object) -> None:
        """It has ended."""
        now = perf_counter_ns()
        self._profiler.leave(now)
        self._scopes.leave()
        self._profiler.cost(now)

    def parameter_updated(self, parameter: Tensor, optimizer: object) -> None:
        """An optimizer has changed a parameter: a node that the next forward pass starts from."""
        if self._full:
            return
        now = perf_counter_ns()
        self.operations += 1
        before, output = self._lookup(parameter)
        _, site, _ = self._where()
        record = self._new("op", self._scopes.optimizer or "step", site)
        record.sources = (Source(before, output, 0, before.requires_grad[output]),)
        record.flags = ["inplace", "no_grad"]
        record.name = before.names()[output] if before.kept else ""
        record.version = parameter._version
        record.origin = before.origin or before
        self._hold(record, (parameter,))
        self._wrote(parameter, record)
        self._profiler.cost(now)

    # --- Backward ----------------------------------------------------------------------------------------------------

    def backward_begin(self, roots: Sequence[Tensor], nodes: Sequence[Node]) -> None:
        """A backward pass begins."""
        now = perf_counter_ns()
        self._last = None
        self._call += 1
        _, site, _ = self._where()
        self._call_line = 0 if site is None else site.line
        self._profiler.backward_begin(self._call_line, now)
        self._profiler.cost(now)

    def backward_node(
        self, node: Node, entering: Sequence[Any], leaving: Sequence[Any], start: int, end: int
    ) -> None:
        """A backward node has run."""
        self.operations += 1
        name = type(node).__name__
        record = None if self._full else self._record_of(node)
        self._profiler.backward_node(name, start, end, -1 if record is None else record.id)
        if record is None:
            self._stream.omitted += self._full
        else:
            try:
                self._record_step(node, record, name, entering, leaving, (end - start) / 1000)
                self._flush_if_due(end)
            except Exception as problem:
                self._give_up(problem)
        self._profiler.cost(end)

    def _record_step(
        self,
        node: Node,
        record: NodeRecord,
        name: str,
        entering: Sequence[Any],
        leaving: Sequence[Any],
        time_us: float,
    ) -> None:
        # The gradient arrives at the leaf, however often an optimizer has changed it since it was made.
        shown = (record.origin or record) if node.is_leaf_node else record
        step = StepRecord(self._steps, self._call, shown, name, self._call_line, time_us)
        step.entering = shown.grads = record.grads = [
            None if g is None else self._keep_gradient(g) for g in entering
        ]
        leaf = node.variable if isinstance(node, AccumulateGrad) else None
        if leaf is not None and leaf._grad is not None:
            step.accumulated = self._keep(leaf._grad._data)
            self._gradients[id(leaf._grad)] = ref(leaf._grad), shown
        for edge, g in zip(node.next_edges, leaving, strict=False):
            if edge is not None and g is not None:
                target = self._record_of(edge[0])
                if target is not None:
                    step.leaving.append((target, edge[1], self._keep_gradient(g)))
        self._steps += 1
        self._stream.add(step)
        self._count()

    def backward_end(self) -> None:
        """The pass is over."""
        self._profiler.backward_end()
        self._flowing.clear()

    def _record_of(self, node: Node) -> NodeRecord | None:
        if not isinstance(node, AccumulateGrad):
            return self._by_sequence.get(node.sequence_nr)
        leaf = node.variable
        return None if leaf is None else self._lookup(leaf)[0]

    # --- Records -----------------------------------------------------------------------------------------------------

    def _where(self) -> tuple[FrameType | None, Site | None, bool]:
        """The program's innermost frame, its site, and whether a module of the engine is being constructed."""
        frame: FrameType | None = sys._getframe(2)
        hidden = False
        while frame is not None:
            code = frame.f_code
            if code.co_filename == PROGRAM:
                return frame, self._places.site(frame), hidden
            if code.co_name == "__init__" and _MODULES in code.co_filename:
                hidden = True
            frame = frame.f_back
        return None, None, hidden

    def _new(self, kind: Kind, label: str, site: Site | None) -> NodeRecord:
        record = NodeRecord(len(self._records), kind, label, self.cell, self._scopes.current, site)
        self._records.append(record)
        self._count()
        return record

    def _count(self) -> None:
        if not self._full and len(self._records) + self._steps >= self._limit:
            self._full = True
            self._outbox.notice_once(
                f"The first {self._limit:,} operations are recorded; the program goes on, and the graph ends there."
            )

    def _hold(self, record: NodeRecord, outputs: Sequence[Tensor]) -> None:
        """Note the tensors that `record` made, and let it be sent."""
        tensors = []
        for place, t in enumerate(outputs):
            known = ref(t)
            tensors.append(known)
            self._known[id(t)] = known, record, place
            record.requires_grad.append(t._edge is not None)
            record.kept.append(self._keep(t._data, record))
        record.tensors = tensors
        self._stream.add(record)

    def _keep(self, array: Any, owner: NodeRecord | None = None) -> Kept:
        kept = self._keeper.keep(array, owner)
        if array.size > TOGETHER:
            kept.described(describe(array))
        return kept

    def _keep_gradient(self, g: Any) -> Kept:
        """What leaves one node mostly enters the next, so it is kept and described once."""
        array = g._data if isinstance(g, Tensor) else g
        kept = self._flowing.get(id(array))
        if kept is None or kept.array is not array:
            kept = self._flowing[id(array)] = self._keep(array)
        return kept

    def _wrote(self, t: Tensor, record: NodeRecord) -> None:
        memory = owner_of(t._data)
        self._writers[id(memory)] = ref(memory), record

    def _confirm(self, record: NodeRecord, frame: FrameType) -> None:
        """The same instruction has called a second operation. Either a loop has come round, and the first result has
        been stored; or the instruction calls several operations, and the name belongs to the last of them."""
        if record.targets and record.site is not None:
            targets, holder = self._places.names(record.site, frame)
            names = holder.f_locals
            for target, tensor in zip(targets, record.tensors, strict=False):
                if not target.holds(names, tensor()):
                    record.targets = ()
                    return

    # --- Which record a tensor is ------------------------------------------------------------------------------------

    def _sources(
        self, op: Op, args: tuple[Any, ...], node: Node | None
    ) -> tuple[tuple[Any, ...], list[Source]]:
        """`args` with `HERE` for every tensor that is a node, and those nodes. Tensors among the rest (indices) have no
        graph, and a number that the engine itself made a tensor of stays a number."""
        edges: tuple[Any, ...] = () if node is None else node.next_edges
        found: list[Source] = []
        custom = not op.params or op.params == ("args",)
        count = len(args) if custom else op.n_inputs
        inputs = list(args[0] if op.variadic else args[:count])
        for place, t in enumerate(inputs):
            if isinstance(t, Tensor):
                if t._data.ndim == 0 and self._is_number(t):
                    continue
                record, output = self._lookup(t)
                at = len(found) if custom else place  # a custom function has edges for tensors only
                flows = at < len(edges) and edges[at] is not None
                cut = not flows and (t._edge is not None or record.requires_grad[output])
                found.append(Source(record, output, place, cut))
                inputs[place] = HERE
        if op.variadic:
            return (tuple(inputs), *args[1:]), found
        return (*inputs, *args[count:]), found

    def _lookup(self, t: Tensor) -> tuple[NodeRecord, int]:
        """The record that has the present value of `t`, made now if its making was not seen."""
        entry = self._known.get(id(t))
        if entry is None or entry[0]() is not t:
            return self._aliased(t) or self._unseen(t)
        _, record, output = entry
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
        if t._edge is not None or id(t) in self._gradients:
            return False
        return not self._knows(t) and self._keeper.latest(t._data) is None

    def _knows(self, t: Tensor) -> bool:
        entry = self._known.get(id(t))
        return entry is not None and entry[0]() is t

    def _aliased(self, t: Tensor) -> tuple[NodeRecord, int] | None:
        """The record of the same array under another name: `x.data`, or what a parameter was made of."""
        kept = self._keeper.latest(t._data)
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
        site = made[1] if made is not None and made[0]() is t._data else None
        record = self._new(kind, "", site)
        gradient = self._gradients.get(id(t))
        if gradient is not None and gradient[0]() is t:
            name = gradient[1].names()[0]
            record.name = f"{name}.grad" if name else ""
        self._follow_edge(record, t)
        self._hold(record, (t,))
        return record, 0

    def _became_leaf(self, t: Tensor, record: NodeRecord, output: int) -> tuple[NodeRecord, int]:
        """What was made as a constant requires grad now: its node says so, or a new one if that has been sent."""
        kind: Kind = "parameter" if isinstance(t, Parameter) else "leaf"
        if not record.sent and len(record.kept) == 1:
            record.kind = kind
            record.requires_grad[output] = True
            record.tensors = (known := ref(t),)
            self._known[id(t)] = known, record, output
            return record, output
        leaf = self._new(kind, "", record.site)
        leaf.sources = (Source(record, output, 0, False),)
        leaf.name = record.names()[output]
        self._hold(leaf, (t,))
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
            Source(old, output, 0, cut and old.requires_grad[output]),
            Source(writer, 0, 1, cut and writer.requires_grad[0]),
        )
        record.flags = ["inplace"]
        record.name = old.names()[output]
        record.version = t._version
        self._follow_edge(record, t)
        self._hold(record, (t,))
        return record, 0

    def _follow_edge(self, record: NodeRecord, t: Tensor) -> None:
        """Let the steps of the backward node behind `t`, if it is one that no operation told of, find `record`."""
        edge = t._fresh_edge()
        if edge is not None and not edge[0].is_leaf_node:
            record.grad_fn = type(edge[0]).__name__
            self._by_sequence.setdefault(edge[0].sequence_nr, record)

    # --- Sending -----------------------------------------------------------------------------------------------------

    def _give_up(self, problem: Exception) -> None:
        """Recording must never be what makes a program fail."""
        self._full = True
        if isinstance(problem, MemoryError):
            self._keeper.let_go()
            self._outbox.notice_once("The graph ends here: there was no memory left to record more.")
        else:
            self._outbox.notice_once(
                f"The graph ends here: recording failed ({type(problem).__name__}: {problem})."
            )

    def _flush_if_due(self, now: int) -> None:
        if now - self._last_flush > self._batch_ns or self._stream.waiting >= _BATCH:
            self._outbox.flush()

    def _flush(self) -> None:
        self._last_flush = perf_counter_ns()
        if self._stream.full and not self._full:
            self._full = True
            self._outbox.notice_once(
                "The graph ends here: it is larger than what a run may send. The program goes on."
            )
        self._stream.flush(self._last)

"""Reads what was noted while the program ran (`tape.py`) and puts it together: nodes, edges, steps, profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from engine.backend import is_elsewhere
from engine.registry import Op
from engine.tensor import Tensor
from engine.timeline import steps_on_device
from playground.protocol import Clear
from playground.worker.gradients import To
from playground.worker.here import Path
from playground.worker.ledger import Ledger
from playground.worker.output import clean
from playground.worker.places import Site, Target
from playground.worker.profile import Profiler
from playground.worker.records import HERE, Kind, NodeRecord, Source, StepRecord
from playground.worker.scopes import Scopes
from playground.worker.stream import Stream
from playground.worker.tape import Entry, Seen, Shapes

_NONE: To = "none"
_KEPT_BYTES = 64 << 20

Input = tuple[int, Seen, bool]
"""Which argument, the tensor, and whether gradients flow back to it."""
Way = tuple["int | Seen", int] | None
"""Where a gradient goes: a backward node by number or a leaf, and which output of it."""


class Reader:
    """Reads one run. Every public method that is not `read` is the meaning of one kind of entry."""

    def __init__(self, stream: Stream, scopes: Scopes, limit: int, stop: Callable[[str], None]) -> None:
        """`stop` ends the recording and says why."""
        self.cell = 0
        self.operations = 0
        """Forward and backward operations that ran, recorded or not."""
        self.full = False
        """Nothing is recorded any more, only counted."""
        self.records: list[NodeRecord] = []
        self.last: NodeRecord | None = None
        """The last operation, whose result may still turn out to have no name."""
        self.failing: tuple[NodeRecord, str] | None = None
        """The last operation that raised an error, or whose backward did, and what it said."""
        self.profiler = Profiler()
        self.ledger = Ledger(_KEPT_BYTES, self._new, stream.add)
        self._stream = stream
        self._scopes = scopes
        self.room = limit
        """How many more nodes and steps may be recorded."""
        self._stop = stop
        self._call = -1
        self._call_line = 0
        self._returned = False
        self._steps = 0
        self._retained: tuple[ref[Tensor], Seen] | None = None

    def read(self, entry: Entry) -> None:
        """The next entry."""
        if type(entry[0]) is Op:
            self._hot(entry)
        else:
            entry[0](*entry[1:])

    # --- Forward -----------------------------------------------------------------------------------------------------

    def _hot(self, entry: Entry) -> None:
        """An operation by its hot closure. Most entries are this one, so it is written out."""
        op, site, targets, start, end, made, array, node, grad_mode, statics, *inputs = entry
        self.operations += 1
        line = 0 if site is None else site.line
        there = not op.view and is_elsewhere(array)
        if self.full:
            self._stream.omitted += 1
            shapes = tuple([inputs[k + 1].shape for k in range(0, len(inputs), 3) if inputs[k] is not None])
            self.profiler.op(op.aten, shapes, start, end, line, -1, there)
            return
        ledger = self.ledger
        known, writers = ledger.known, ledger.writers
        recorded = node is not None and node >= 0
        sources: list[Source] = []
        numbers: list[tuple[int, Any]] = []
        lengths = []
        place = -1
        for k in range(0, len(inputs), 3):
            place += 1
            t = inputs[k]
            if t is None:
                numbers.append((place, inputs[k + 1]))
                continue
            x, edge = inputs[k + 1], inputs[k + 2]
            lengths.append(x.shape)
            found = known.get(id(t))
            # The way through `lookup` that nearly every tensor takes, without the call.
            if found is not None and not writers and found[1].kind != "constant":
                _, source, output = found
            else:
                seen = t, x, edge
                if x.ndim == 0 and ledger.is_number(seen):
                    numbers.append((place, Tensor._wrap(x)))
                    continue
                source, output = ledger.lookup(seen)
            if recorded and edge is not None and op.differentiable[place]:
                source.requires_grad[output] = True  # what an operation made may have been made a leaf since
                sources.append((source, output, place, False))
            else:
                sources.append((source, output, place, edge is not None or source.requires_grad[output]))
        record = self._new("op", op.aten, site)
        record.op = op
        record.statics = statics
        record.sources = sources
        record.targets = targets
        if numbers:
            record.numbers = tuple(numbers)
        if recorded:
            record.grad_fn = op.node.__name__
            ledger.by_sequence[node] = record
        elif not grad_mode and any(s[3] or "no_grad" in s[0].flags for s in sources):
            # Of a tensor that requires grad, or of one that would have, had it not been made here.
            record.flags = ("no_grad",)
        if op.view:
            record.flags += ("view",)
            record.base = first(sources)
        record.tensors = (made,)
        record.requires_grad = [node is not None]
        record.kept = (ledger.keeper.keep(array, record),)
        known[id(made)] = made, record, 0
        self._stream.add(record)
        self.last = record
        self.profiler.op(op.aten, tuple(lengths), start, end, line, record.id, there)

    def op(
        self,
        op: Op,
        site: Site | None,
        targets: tuple[Target, ...],
        start: int,
        end: int,
        outputs: Sequence[Seen],
        node: int | None,
        grad_fn: str,
        grad_mode: bool,
        args: tuple[Any, ...],
        inputs: Sequence[Input],
        custom: Any,
        version: int | None,
    ) -> None:
        """An operation of any other kind. `version` is that of what it changed in place, None if it did not."""
        self.operations += 1
        ledger = self.ledger
        inplace = version is not None
        label = op.aten + "_" if inplace and op.aten[-1] != "_" else op.aten
        shapes = tuple([seen[1].shape for _, seen, _ in inputs])
        line = 0 if site is None else site.line
        there = not op.view and any(is_elsewhere(array) for _, array, _ in outputs)
        if self.full:
            self._stream.omitted += 1
            self.profiler.op(label, shapes, start, end, line, -1, there)
            return
        kind: Kind = "op"
        sources: list[Source] = []
        if inplace:
            ledger.will_write(outputs[0][0])
        if inputs:
            args, sources = self._sources(op, args, inputs)
        else:
            kind = "leaf" if outputs and outputs[0][2] is not None else "constant"
        record = self._new(kind, label, site)
        record.op = op
        record.args = args
        record.sources = sources
        record.targets = targets
        record.custom = custom
        if node is not None:
            record.grad_fn = grad_fn
            ledger.by_sequence[node] = record
        elif not grad_mode and any(s[3] or "no_grad" in s[0].flags for s in sources):
            record.flags = ("no_grad",)
        if version is not None:
            record.flags += ("inplace",)
            record.base = first(sources)
            record.version = version
            edge = outputs[0][2]
            if sources and (edge is None or edge < 0):
                record.origin = sources[0][0].origin or sources[0][0]
        elif op.view:
            record.flags += ("view",)
            record.base = first(sources)
        if op.name == "detach":
            record.flags = ("detach",)
            record.base = first(sources)
        ledger.hold(record, outputs)
        if inplace:
            ledger.wrote(outputs[0][1], record)
            self._tell(
                ledger.gradients.written(
                    op.name, record.kept[0], outputs[0][1], line, len(self.records), self._steps
                )
            )
        self.last = record
        self.profiler.op(label, shapes, start, end, line, record.id, there)

    def hidden(
        self,
        op: Op,
        inplace: bool,
        site: Site,
        start: int,
        end: int,
        arrays: Sequence[Any],
        shapes: Shapes,
    ) -> None:
        """An operation by which a module that is being constructed made or filled `arrays`."""
        self.operations += 1
        for array in arrays:
            self.ledger.filled(array, site)
        self._stream.omitted += self.full
        label = op.aten + "_" if inplace and op.aten[-1] != "_" else op.aten
        self.profiler.op(label, shapes, start, end, site.line, -1, any(map(is_elsewhere, arrays)))

    def _sources(
        self, op: Op, args: tuple[Any, ...], inputs: Sequence[Input]
    ) -> tuple[tuple[Any, ...], list[Source]]:
        """`args`, in which a number that the engine made a tensor of is a tensor again, and the nodes of the others."""
        found: list[Source] = []
        for place, seen, flows in inputs:
            if self.ledger.is_number(seen):
                number = Tensor._wrap(seen[1])
                if op.variadic:
                    args = ((*args[0][:place], number, *args[0][place + 1 :]), *args[1:])
                else:
                    args = (*args[:place], number, *args[place + 1 :])
                continue
            source, output = self.ledger.lookup(seen)
            if flows:
                source.requires_grad[output] = True
            cut = not flows and (seen[2] is not None or source.requires_grad[output])
            found.append((source, output, place, cut))
        return args, found

    def failed(self, op: Op, site: Site | None, inputs: Sequence[Input], message: str) -> None:
        """An operation has raised an error: a node without outputs, with the message."""
        if not self.full:
            _, sources = self._sources(op, (HERE,) * len(inputs), inputs)
            record = self._new("op", op.aten, site)
            record.sources = sources
            record.failed = clean(message, 4_000)
            self.failing = record, record.failed
            if self.last is not None and self.last.site is site:
                self.unnamed()
            self._stream.add(record)

    def call_failed(self, name: str, site: Site | None, tensors: Sequence[Seen], message: str) -> None:
        """A function of the engine has raised an error before any operation ran."""
        found = [(place, *self.ledger.lookup(seen)) for place, seen in enumerate(tensors)]
        record = self._new("op", f"aten::{name}", site)
        record.sources = [(source, output, place, False) for place, source, output in found]
        record.failed = message
        self.failing = record, message
        self._stream.add(record)

    def unnamed(self) -> None:
        """The same instruction goes on to call another operation: the name belongs to what that makes."""
        if self.last is not None:
            self.last.targets = ()

    def returned(self, site: Site, parts: Sequence[ref[Tensor] | None]) -> None:
        """A module of several operations returns so many tensors, and the program gives each a name."""
        if self.last is not None and self.last.site is site:
            self.unnamed()
        if len(parts) != len(site.targets):
            return
        for part, target in zip(parts, site.targets, strict=True):
            record = None if part is None else self.ledger.made(part)
            if record is not None and record.site is site and len(record.kept) == 1:
                record.targets = (target,)

    def filled(self, t: ref[Tensor], array: Any, site: Site) -> None:
        """A parameter is filled where a module is constructed: that line of the program is where it comes from."""
        if not self.ledger.knows(t):
            self.ledger.filled(array, site)

    def written(self, t: ref[Tensor], memory: Any) -> None:
        """The memory of `t` has been written to."""
        self.ledger.keeper.written(memory)
        self.ledger.changes(t)

    def counted(self, op: Op, shapes: Shapes, start: int, end: int, there: bool) -> None:
        """An operation has run that is not recorded."""
        if not self.full:
            self._end()
        self.operations += 1
        self._stream.omitted += 1
        self.profiler.op(op.aten, shapes, start, end, 0, -1, there)

    # --- Scopes ------------------------------------------------------------------------------------------------------

    def composite_begin(self, name: str, shapes: Shapes, now: int) -> None:
        """A function made of several operations begins."""
        self.profiler.enter(name, shapes, now)

    def moved(self, path: Path) -> None:
        """What comes now belongs to that part of the program."""
        self._scopes.path = path

    def scope_begin(self, kind: str, name: str, owner: object, line: int, now: int) -> None:
        """A module call, a labelled range or an optimizer step begins."""
        self._scopes.enter(kind, name, owner, line)
        row = {"module": "", "optimizer": f"Optimizer.step#{name}"}.get(kind, name)
        there = kind == "optimizer" and self.profiler.timeline is not None and steps_on_device(owner)
        self.profiler.enter(row, (), now, f"nn.Module: {name}" if kind == "module" else row, there)

    def scope_end(self, now: int) -> None:
        """It has ended."""
        self.profiler.leave(now)
        self._scopes.leave()

    def updated(self, seen: Seen, version: int, site: Site | None) -> None:
        """An optimizer has changed a parameter: a node that the next forward pass starts from."""
        self.operations += 1
        if self.full:
            self._stream.omitted += 1
            return
        before, output = self.ledger.lookup(seen)
        record = self._new("op", self._scopes.optimizer or "step", site)
        record.sources = ((before, output, 0, before.requires_grad[output]),)
        record.flags = ("no_grad", "inplace")
        record.base = before.base or before
        record.version = version
        record.origin = before.origin or before
        self.ledger.hold(record, (seen,))
        self.ledger.wrote(seen[1], record)

    # --- Backward ----------------------------------------------------------------------------------------------------

    def backward_begin(self, line: int, accumulate: bool, now: int) -> None:
        """A backward pass begins."""
        self.last = None
        self._call += 1
        self._call_line = line
        self._returned = not accumulate
        self.profiler.backward_begin(line, now)

    def step(
        self,
        name: str,
        node: int,
        entering: Sequence[Any],
        leaving: Sequence[Any],
        ways: Sequence[Way] | None,
        start: int,
        end: int,
    ) -> None:
        """A backward node has run. Without `ways`, gradients go where the inputs of its operation came from."""
        wanted = 0
        for place, g in enumerate(leaving):
            if g is not None:
                wanted |= 1 << place
        there = any(g is not None and is_elsewhere(g) for g in entering)
        record = self._stepped(self.ledger.by_sequence.get(node), name, start, end, wanted, there)
        retained, self._retained = self._retained, None
        if record is None:
            return
        step = self._step(record, name, entering, start, end)
        if retained is not None:
            step.accumulated = self.ledger.accumulated(*retained, record)
        keep = self.ledger.keep_gradient
        if ways is None:
            for source, output, place, cut in record.sources:
                if not cut and place < len(leaving) and leaving[place] is not None:
                    step.leaving.append((source, output, keep(leaving[place])))
        else:
            for way, g in zip(ways, leaving, strict=False):
                if way is not None and g is not None:
                    at, output = way
                    target = (
                        self.ledger.by_sequence.get(at) if isinstance(at, int) else self.ledger.lookup(at)[0]
                    )
                    if target is not None:
                        step.leaving.append((target, output, keep(g)))

    def arrived(
        self, leaf: Seen | None, name: str, entering: Any, grad: Seen | None, start: int, end: int
    ) -> None:
        """A gradient has arrived at a leaf, whose ``grad`` holds the sum."""
        found = None if leaf is None or self.full else self.ledger.lookup(leaf)[0]
        record = self._stepped(found, name, start, end, there=is_elsewhere(entering))
        if record is not None:
            # It arrives at the leaf, however often an optimizer has changed it since it was made.
            shown = record.origin or record
            step = self._step(shown, name, (entering,), start, end)
            record.grads = step.entering
            if grad is not None and leaf is not None:
                step.accumulated = self.ledger.accumulated(leaf[0], grad, shown)

    def retained(self, t: ref[Tensor], grad: Seen) -> None:
        """The node that is told of next made a tensor that keeps its gradient: what its ``grad`` holds."""
        self._retained = t, grad

    def gradients_set(self, tensors: Sequence[tuple[Seen, Seen | None]], zeros: bool, line: int) -> None:
        """The ``grad`` of these tensors has been filled with zeros, dropped or assigned."""
        if self.full:
            return
        gradients = self.ledger.gradients
        for seen, grad in tensors:
            t, to = seen[0], _NONE
            if grad is not None and not zeros:
                kept = self.ledger.keeper.keep(grad[1])
                to = "zero" if kept.array is not None and not kept.array.any() else "value"
                record = gradients.knows(t)
                if record is None:
                    record = self.ledger.lookup(seen)[0]
                    record = record.origin or record
                    gradients.arrived(t, record, grad[1], kept)
            elif grad is not None:
                to = "zero"
            self._tell(gradients.set(t, to, line, len(self.records), self._steps))

    def _tell(self, clear: Clear | None) -> None:
        if clear is not None:
            self._stream.add(clear)

    def _stepped(
        self,
        record: NodeRecord | None,
        name: str,
        start: int,
        end: int,
        wanted: int = -1,
        there: bool = False,
    ) -> NodeRecord | None:
        """Count a step; its record, if it is to be recorded."""
        self.operations += 1
        if self.full:
            record = None
            self._stream.omitted += 1
        self.profiler.backward_node(name, start, end, -1 if record is None else record.id, wanted, there)
        return record

    def _step(
        self, record: NodeRecord, name: str, entering: Sequence[Any], start: int, end: int
    ) -> StepRecord:
        took = (end - start) / 1000
        step = StepRecord(self._steps, self._call, record, name, self._call_line, took, len(self.records))
        keep = self.ledger.keep_gradient
        step.returned = self._returned
        step.entering = record.grads = [None if g is None else keep(g) for g in entering]
        self._stream.add(step)
        self._steps += 1
        self._count()
        return step

    def step_failed(self, name: str, node: int, entering: Sequence[Any], message: str) -> None:
        """A backward node has raised an error: a step that nothing leaves."""
        record = self.ledger.by_sequence.get(node)
        if not self.full and record is not None:
            step = self._step(record, name, entering, 0, 0)
            step.failed = clean(message, 4_000)
            self.failing = record, step.failed

    def backward_end(self) -> None:
        """The pass is over."""
        self.profiler.backward_end()
        self.ledger.backward_ended()

    # --- Records -----------------------------------------------------------------------------------------------------

    def _new(self, kind: Kind, label: str, site: Site | None) -> NodeRecord:
        records = self.records
        record = NodeRecord(len(records), kind, label, self.cell, self._scopes.current(), site)
        records.append(record)
        self._count()
        return record

    def _count(self) -> None:
        self.room -= 1
        if self.room == 0:
            self._end()

    def _end(self) -> None:
        self.full = True
        recorded = len(self.records) + self._steps
        self._stop(
            f"The first {recorded:,} operations are recorded; the program goes on, and the graph ends there."
        )


def first(sources: Sequence[Source]) -> NodeRecord | None:
    """Of the first input of an operation that shares its memory: the record that had that memory first."""
    if not sources:
        return None
    record = sources[0][0]
    return record.base or record

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
from playground.worker.ledger import Ledger
from playground.worker.output import Channel, Outbox, clean
from playground.worker.places import Places, Site
from playground.worker.profile import Profiler
from playground.worker.records import Kind, NodeRecord, Source, StepRecord
from playground.worker.scopes import Scopes
from playground.worker.stream import Stream

_KEPT_BYTES = 64 * MIB
_MODULES = os.path.join(os.path.dirname(engine.__file__), "nn", "")
_BATCH = 400
"""Records that wait at most before they are described and sent."""


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
        self._scopes = Scopes()
        self._profiler = Profiler()
        self._stream = Stream(channel, outbox, self._scopes)
        self._ledger = Ledger(_KEPT_BYTES, self._new, self._stream.add)
        self._records: list[NodeRecord] = []
        self._last: NodeRecord | None = None
        self._last_flush = 0
        self._full = False
        self._call = -1
        self._call_line = 0
        self._steps = 0

    # --- Beginning and end -------------------------------------------------------------------------------------------

    def watch(self, names: dict[str, Any]) -> Recorder:
        """The program's variables, among which tensors without a name are looked for. Returns self."""
        self._stream.program = names
        return self

    def __enter__(self) -> Recorder:
        self._outbox.also = self._flush
        self._last_flush = perf_counter_ns()
        self._profiler.begin()
        add_observer(self)
        return self

    def __exit__(self, *_: object) -> None:
        remove_observer(self)

    def end_cell(self) -> None:
        """A cell has ended: send what it did."""
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
        number = -1
        if self._full or hidden:
            if hidden and site is not None:
                for t in outputs:
                    self._ledger.filled(t._data, site)
            self._stream.omitted += self._full
        else:
            try:
                last = self._last
                if last is not None and last.targets and site is last.site and frame is not None:
                    self._confirm(last, frame)
                record = self._record_op(op, label, args, inputs, outputs, node, inplace, site)
                if site is not None:
                    record.targets = site.targets
                    if site.returns and not inplace and frame is not None:
                        record.targets = self._places.names(site, frame)[0]
                self._last = record
                number = record.id
                self._flush_if_due(end)
            except Exception as problem:
                self._give_up(problem)
        self._profiler.op(label, inputs, start, end, site, number)
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
        ledger = self._ledger
        kind: Kind = "op"
        sources: Sequence[Source] = ()
        if inplace:
            ledger.will_write(outputs[0])
        if inputs:
            args, sources = ledger.sources(op, args, node)
        else:
            kind = "leaf" if outputs and outputs[0]._edge is not None else "constant"
        record = self._new(kind, label, site)
        record.op = op
        record.args = args
        record.sources = sources
        if node is not None:
            record.grad_fn = type(node).__name__
            if op.n_inputs == 0:
                record.custom = getattr(node, "function", None)
            ledger.follow(node, record)
        elif not S.grad_enabled and any(source[3] or "no_grad" in source[0].flags for source in sources):
            # Of a tensor that requires grad, or of one that would have, had it not been made here.
            record.flags = ("no_grad",)
        if inplace:
            record.flags += ("inplace",)
            record.version = outputs[0]._version
            if sources and outputs[0].is_leaf:
                record.origin = sources[0][0].origin or sources[0][0]
        elif op.view:
            record.flags += ("view",)
        if op.name == "detach":
            record.flags = ("detach",)
        ledger.hold(record, outputs)
        if inplace:
            ledger.wrote(outputs[0], record)
        return record

    def op_failed(self, op: Op, args: tuple[Any, ...], inputs: Sequence[Tensor], error: Exception) -> None:
        """An operation has raised: a node without outputs, with the message."""
        if self._full:
            return
        _, site, _ = self._where()
        _, sources = self._ledger.sources(op, args, None)
        record = self._new("op", op.aten, site)
        record.sources = sources
        record.failed = clean(str(error), 4_000) or type(error).__name__
        self._stream.add(record)

    def before_write(self, tensor: Tensor) -> None:
        """Copy what is kept of memory that is about to change."""
        self._ledger.before_write(tensor)
        if isinstance(tensor, Parameter) and not self._ledger.knows(tensor):
            # A module that is being constructed fills it: that line of the program is where the parameter comes from.
            _, site, _ = self._where()
            if site is not None:
                self._ledger.filled(tensor._data, site)

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
        self.operations += 1
        if self._full:
            self._stream.omitted += 1
            return
        now = perf_counter_ns()
        before, output = self._ledger.lookup(parameter)
        _, site, _ = self._where()
        record = self._new("op", self._scopes.optimizer or "step", site)
        record.sources = ((before, output, 0, before.requires_grad[output]),)
        record.flags = ("no_grad", "inplace")
        record.version = parameter._version
        record.origin = before.origin or before
        self._ledger.hold(record, (parameter,))
        self._ledger.wrote(parameter, record)
        self._flush_if_due(now)
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
        record = None if self._full else self._ledger.of_node(node)
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
        ledger = self._ledger
        # The gradient arrives at the leaf, however often an optimizer has changed it since it was made.
        shown = (record.origin or record) if node.is_leaf_node else record
        step = StepRecord(self._steps, self._call, shown, name, self._call_line, time_us)
        step.entering = [None if g is None else ledger.keep_gradient(g) for g in entering]
        shown.grads = record.grads = step.entering
        leaf = node.variable if isinstance(node, AccumulateGrad) else None
        if leaf is not None:
            step.accumulated = ledger.accumulated(leaf, shown)
        for edge, g in zip(node.next_edges, leaving, strict=False):
            if edge is not None and g is not None:
                target = ledger.of_node(edge[0])
                if target is not None:
                    step.leaving.append((target, edge[1], ledger.keep_gradient(g)))
        self._steps += 1
        self._stream.add(step)
        self._count()

    def backward_end(self) -> None:
        """The pass is over."""
        self._profiler.backward_end()
        self._ledger.backward_ended()

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
        records = self._records
        record = NodeRecord(len(records), kind, label, self.cell, self._scopes.current, site)
        records.append(record)
        self._count()
        return record

    def _count(self) -> None:
        if not self._full and len(self._records) + self._steps >= self._limit:
            self._full = True
            self._outbox.notice_once(
                f"The first {self._limit:,} operations are recorded; the program goes on, and the graph ends there."
            )

    def _confirm(self, record: NodeRecord, frame: FrameType) -> None:
        """The same instruction has called a second operation. Either a loop has come round, and the first result has
        been stored; or the instruction calls several operations, and the name belongs to the last of them."""
        if record.site is not None:
            targets, holder = self._places.names(record.site, frame)
            names = holder.f_locals
            for target, tensor in zip(targets, record.tensors, strict=False):
                if not target.holds(names, tensor()):
                    record.targets = ()
                    return

    # --- Sending -----------------------------------------------------------------------------------------------------

    def _give_up(self, problem: Exception) -> None:
        """Recording must never be what makes a program fail."""
        self._full = True
        if isinstance(problem, MemoryError):
            self._ledger.keeper.let_go()
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

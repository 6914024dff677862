"""Watches the engine and records the computation: noted while the program runs, read and explained afterwards.

Every forward operation becomes a node, every tensor that comes from elsewhere (a leaf, a parameter, a constant) a
node of its own, every backward node that runs a step. Here is what happens while the program waits: each method of the
observer appends one entry to the tape (`tape.py`). What the entries mean is worked out by the `Reader`, and sent by the
`Stream`, a little at a time while the program is busy and the rest when it is not.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter_ns
from types import FrameType
from typing import Any
from weakref import ref

import numpy as np

from engine.graph import Node
from engine.nn.parameter import Parameter
from engine.registry import OPS, Op
from engine.state import Observer, S, add_observer, remove_observer
from engine.tensor import Tensor
from engine.timeline import Timeline
from playground.protocol import Detail, Inspect, Jacobian, JacobianResult, Local, LocalResult
from playground.runner.limits import KIB, MIB
from playground.worker.blocks import Blocks
from playground.worker.explain import explain
from playground.worker.failing import failing_call
from playground.worker.jacobian import differentiate
from playground.worker.keeping import owner_of
from playground.worker.local import differentiate_locally
from playground.worker.noting import bare, in_order, parts_of, taken, way
from playground.worker.output import Channel, Outbox, clean
from playground.worker.places import Site
from playground.worker.reader import Reader
from playground.worker.records import NodeRecord
from playground.worker.scopes import Scopes
from playground.worker.stream import Stream
from playground.worker.tape import SMALL, Call, RunHot, Tape, seen

_SHARE = 0.2
"""The part of a busy program's time that may go into explaining what it has done so far."""
_SHARE_AT_THE_END = 0.5
"""The same when nothing more is recorded, and only the rest is left to explain."""
_TOGETHER = 400
"""Entries that are read before what they say is described and sent."""
_HELD_BYTES = 32 * MIB
"""Of arrays on the tape; then it is read, busy or not."""
_SET_ASIDE = 64 * KIB
"""Memory up to which its old contents are copied without asking whether anything recorded needs them."""
_AS_STRIDED = OPS["as_strided"].node


class Recorder(Observer):
    """Records one run. Use as a context manager around the program; ask it afterwards."""

    def __init__(
        self, outbox: Outbox, channel: Channel, blocks: Blocks | None = None, *, streamed: bool = True
    ) -> None:
        """`blocks` are those of the program that will run. Unless it is `streamed` nothing is explained while it
        runs, and there is no profile."""
        limits = channel.limits
        self._outbox = outbox
        self._streamed = streamed
        self._preview = limits.preview_values
        self._batch_s, self._batch_ns = limits.batch_s, int(limits.batch_s * 1e9)
        self._scopes = Scopes()
        self._stream = Stream(channel, outbox, self._scopes)
        self._reader = Reader(self._stream, self._scopes, limits.operations, self._stop)
        self._keeper = self._reader.ledger.keeper
        self.records = self._reader.records
        """All nodes, as far as they have been read."""
        self._profiler = self._reader.profiler
        self._profiler.timeline = Timeline.start() if streamed else None  # before the tape asks for the clock
        self._tape = Tape(blocks or Blocks(), self._reader.unnamed, self._reader.moved)
        self._entries = self._tape.entries
        self._note = self._entries.append
        self._calls: list[Call | None] = []
        """`Tape.call` outside each scope that is open."""
        self._step_site: Site | None = None
        """While an optimizer steps."""
        self._busy, self._depth = False, 0
        self._closed = False
        """What runs is not recorded any more, though the reader may be behind."""
        self.over = False
        """And the reader has: everything is only counted."""
        self._explained = 0
        self._unsure: object = None
        self.gone = False
        """It has left."""
        self.on_call: Callable[[Any, tuple[Any, ...], Any, int], None] | None = None
        """Told of every module that is called, with what it is given and returns; 1 is one that no other calls."""
        self.run_hot = self._tape.recorder(self, self._large)

    # --- Beginning and end -------------------------------------------------------------------------------------------

    @property
    def operations(self) -> int:
        """Forward and backward operations that ran, recorded or not, as far as they have been read."""
        return self._reader.operations

    def watch(self, names: dict[str, Any]) -> Recorder:
        """The program's variables, among which tensors without a name are looked for. Returns self."""
        self._stream.program = names
        return self

    def __enter__(self) -> Recorder:
        if self._streamed:
            self._outbox.also = self._explain_some
        add_observer(self)
        self._profiler.begin(self._tape.price() if self._streamed else 0)
        self._ticking = self._streamed and threading.current_thread() is threading.main_thread()
        if self._ticking:
            # Of processor time: a program that computes without end is not told of otherwise.
            self._before = signal.signal(signal.SIGPROF, self._tick)
            signal.setitimer(signal.ITIMER_PROF, self._batch_s, self._batch_s)
        return self

    def __exit__(self, *_: object) -> None:
        if self._ticking:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, self._before)
        if self in S.observers:
            remove_observer(self)

    def read(self) -> None:
        """Put together everything that was noted, and send nothing."""
        with self._working():
            self._read(len(self._entries))

    def find(self, t: ref[Tensor]) -> tuple[NodeRecord, int] | None:
        """The record that has a tensor, which may be no more, and which of its outputs it is."""
        found = self._reader.ledger.known.get(id(t))
        return None if found is None else found[1:]

    def leave(self) -> None:
        """Watch no more, though the program goes on: nothing is noted or counted, and what is kept stays as it is."""
        if self in S.observers:
            remove_observer(self)
            self.explain_all()
            self._keeper.secure()
            self._closed = self.over = self._reader.full = self.gone = True

    def also_ran(self, operations: int) -> None:
        """So many operations, about, have run since it left."""
        self._reader.operations += operations
        self._stream.omitted += operations

    def begin_cell(self, index: int) -> None:
        """What comes now belongs to that cell."""
        self._reader.cell = index

    def end_cell(self) -> None:
        """A cell has ended: send what it did."""
        self._reader.last = self._tape.last = None
        self.explain_all()

    def finish(self, patience_s: float) -> None:
        """Send what has not been sent, as far as it can be explained in that time, and the profile."""
        self._reader.last = self._tape.last = None
        self._explain(int(patience_s * 1e9))
        if self._entries and not self._reader.full:
            self._stop("The graph ends here: the run was stopped before the rest could be explained.")
        self.explain_all()
        self._outbox.also = None
        if self._streamed:
            self._stream.send_profile(self._profiler.profile())

    def forget(self) -> None:
        """Nothing is asked about it any more: let go of the arrays, whatever still refers to them in a circle."""
        for record in self._reader.records:
            for kept in (*record.kept, *record.grads):
                if kept is not None:
                    kept.array = None
        self._reader.records.clear()

    def failing(self, error: BaseException) -> NodeRecord | None:
        """The operation that raised `error`, or whose backward did, if that was recorded."""
        reader, said = self._reader, error.args[:1]
        # By what it says: its own `str` may be the program's, and holding on to it would hold its frames.
        if not said or not isinstance(said[0], str):
            return None
        message = clean(said[0], 4_000)
        if reader.failing is not None and reader.failing[1] == message:
            return reader.failing[0]
        call = failing_call(error)
        if call is None or self._busy or reader.full:
            return None
        if call.name in ("backward", "grad"):  # no operation: what they were asked of is at fault
            return reader.ledger.lookup(seen(call.tensors[0]))[0]
        with self._working():
            site = self._tape.places.site(call.frame)
            reader.call_failed(call.name, site, [seen(t) for t in call.tensors], message)
            self._stream.flush()
        return None if reader.failing is None else reader.failing[0]

    def inspect(self, command: Inspect) -> Detail:
        """The values of a node and its last gradients."""
        return explain(self._reader.records, command, self._preview)

    def jacobian(self, command: Jacobian) -> JacobianResult:
        """The derivative of one recorded node with respect to others."""
        return differentiate(self._reader.records, command)

    def local(self, command: Local) -> LocalResult:
        """The derivatives of one recorded operation with respect to its inputs."""
        return differentiate_locally(self._reader.records, command)

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
        """An operation has run that has no hot closure, or is out of the ordinary."""
        tape, reader = self._tape, self._reader
        frame, site, hidden, several = tape.where(sys._getframe(1))
        if hidden and site is not None:
            shapes = tuple([t._data.shape for t in inputs])
            arrays = [t._data for t in outputs]
            self._note((reader.hidden, op, inplace, site, start, end, arrays, shapes))
            return
        made = [seen(t) for t in outputs]
        targets = () if site is None else site.targets
        if site is not None and frame is not None:
            self._move(frame, site)
            if made and not inplace:
                targets = tape.names(site, frame, several, made[0][0])
        told, found = taken(op, args, node)
        self._note(
            (
                reader.op,
                op,
                site,
                targets,
                start,
                end,
                made,
                None if node is None else node.sequence_nr,
                "" if node is None else type(node).__name__,
                S.grad_enabled,
                told,
                found,
                getattr(node, "function", None) if op.n_inputs == 0 else None,
                outputs[0]._version if inplace else None,
            )
        )
        for t in outputs:
            if t._data.size > SMALL:
                self._large(t._data.nbytes)

    def op_failed(self, op: Op, args: tuple[Any, ...], inputs: Sequence[Tensor], error: Exception) -> None:
        """An operation has raised."""
        frame, site, _, _ = self._tape.where(sys._getframe(1))
        if frame is not None and site is not None:
            self._move(frame, site)
        message = str(error) or type(error).__name__
        self._note((self._reader.failed, op, site, taken(op, args, None)[1], message))

    def before_write(self, tensor: Tensor) -> None:
        """Copy what is kept of memory that is about to change."""
        reader, data, t = self._reader, tensor._data, ref(tensor)
        if self._step_site is None and isinstance(tensor, Parameter) and not reader.ledger.knows(t):
            site = self._tape.where(sys._getframe(1))[1]
            if site is not None:
                self._note((reader.filled, t, data, site))
        memory = owner_of(data)
        if self.over:  # not before: what waits to be read has writes of its own
            self._keeper.before_write(data)
        elif type(memory) is np.ndarray and memory.nbytes <= _SET_ASIDE and memory.flags.c_contiguous:
            self._keeper.set_aside(memory)
            self._note((reader.written, t, memory))
            if memory.size > SMALL:
                self._large(memory.nbytes)
        else:
            with self._working():
                self._read(len(self._entries))
            self._keeper.before_write(data)
            reader.ledger.changes(t)

    # --- Scopes ------------------------------------------------------------------------------------------------------

    def composite_begin(self, name: str, inputs: Sequence[Tensor]) -> None:
        """A function made of several operations begins."""
        shapes = tuple([t._data.shape for t in inputs])
        self._note((self._reader.composite_begin, name, shapes, perf_counter_ns()))

    def composite_end(self, name: str) -> None:
        """It has ended."""
        self._note((self._profiler.leave, perf_counter_ns()))

    def scope_begin(self, kind: str, name: str, owner: object) -> None:
        """A module call, a labelled range or an optimizer step begins."""
        tape, around = self._tape, sys._getframe(1)
        frame, site, _, _ = tape.where(around)
        if frame is not None and site is not None:
            self._move(frame, site)
        self._note((self._reader.scope_begin, kind, name, owner, site.line if site else 0, S.clock()))
        self._calls.append(tape.call)
        if kind == "module":
            self._depth += 1
            tape.call = tape.calls(owner, around)
        elif kind == "optimizer":
            self._step_site = site
        if kind != "range":
            tape.here.enter(kind, around)

    def scope_end(self, kind: str, name: str, owner: object) -> None:
        """It has ended."""
        self._note((self._reader.scope_end, S.clock()))
        tape = self._tape
        self._depth -= kind == "module"
        tape.call = self._calls.pop() if self._calls else None
        if kind != "range":
            tape.here.exit()
        if kind == "optimizer":
            self._step_site = None

    def module_called(self, module: object, given: tuple[Any, ...], made: Any) -> None:
        """One returns."""
        call = self._tape.call
        if call is not None and len(call.site.targets) > 1 and not any(self._calls):
            self._note((self._reader.returned, call.site, parts_of(made)))
        if self.on_call is not None:
            self.on_call(module, given, made, self._depth)

    def _move(self, frame: FrameType, site: Site) -> None:
        """The program's innermost frame is that one: let what is noted next belong there."""
        tape = self._tape
        if tape.call is not None and frame is tape.call.frame:
            if tape.here.path:
                tape.here.leave()
        else:
            tape.here.move(frame, site)

    def gradients_set(self, tensors: Sequence[Tensor], zeros: bool) -> None:
        """``zero_grad`` has been called, or a ``grad`` assigned."""
        if tensors and not self._reader.full:
            site = self._tape.where(sys._getframe(1))[1]
            told = [(seen(t), None if t._grad is None else seen(t._grad)) for t in tensors]
            self._note((self._reader.gradients_set, told, zeros, 0 if site is None else site.line))

    def parameter_updated(self, parameter: Tensor, optimizer: object) -> None:
        """An optimizer has changed a parameter."""
        self._note((self._reader.updated, seen(parameter), parameter._version, self._step_site))

    # --- Backward ----------------------------------------------------------------------------------------------------

    def backward_begin(self, roots: Sequence[Tensor], nodes: Sequence[Node], accumulate: bool) -> None:
        """A backward pass begins."""
        now = perf_counter_ns()
        self._tape.last = None
        site = self._tape.where(sys._getframe(1))[1]
        self._note((self._reader.backward_begin, 0 if site is None else site.line, accumulate, now))

    def backward_node(
        self, node: Node, entering: Sequence[Any], leaving: Sequence[Any], start: int, end: int
    ) -> None:
        """A backward node has run."""
        name = type(node).__name__
        if node.is_leaf_node:
            leaf = node.variable
            grad = None if leaf is None else leaf._grad
            at, sum = None if leaf is None else seen(leaf), None if grad is None else seen(grad)
            self._note((self._reader.arrived, at, name, bare(entering[0]), sum, start, end))
            return
        number = node.sequence_nr
        if node.hooked:
            for retained in (node.retained or {}).values():
                tensor = retained()
                if tensor is not None and tensor._grad is not None:
                    self._note((self._reader.retained, retained, seen(tensor._grad)))
        if type(node).rules and type(node) is not _AS_STRIDED:
            ways = None
            if type(entering[0]) is np.ndarray:
                self._note((self._reader.step, name, number, entering, tuple(leaving), None, start, end))
                for g in leaving:
                    if g is not None and g.size > SMALL:
                        self._large(g.nbytes)
                return
        else:
            ways = [way(edge) for edge in node.next_edges]
        arrived, sent = [bare(g) for g in entering], [bare(g) for g in leaving]
        self._note((self._reader.step, name, number, arrived, sent, ways, start, end))
        for g in sent:
            if g is not None and g.size > SMALL:
                self._large(g.nbytes)

    def backward_failed(self, node: Node, entering: Sequence[Any], error: Exception) -> None:
        """A backward node has raised."""
        message = str(error) or type(error).__name__
        arrived = [bare(g) for g in entering]
        self._note((self._reader.step_failed, type(node).__name__, node.sequence_nr, arrived, message))

    def backward_end(self) -> None:
        """The pass is over."""
        self._note((self._reader.backward_end,))

    # --- Explaining --------------------------------------------------------------------------------------------------

    def explain_all(self) -> None:
        """Read, describe and send everything: the program has ended or waits."""
        self._explain(None)

    def _tick(self, number: int, frame: FrameType | None) -> None:
        """Some processor time has passed, and the program is somewhere in the middle of something."""
        if not (self._busy or self._outbox.busy):
            self._outbox.flush_if_due()
            self._explain_some()

    def _explain_some(self) -> None:
        """The program is busy: send as much as may be."""
        if perf_counter_ns() - self._explained > self._batch_ns // 2:
            self._explain(int(self._batch_ns * (_SHARE_AT_THE_END if self._closed else _SHARE)))

    def _explain(self, budget: int | None) -> None:
        if self._busy or not (self._entries or self._stream.waiting):
            return
        since = perf_counter_ns()
        with self._working():
            if not self._closed and len(self._entries) > 2 * self._reader.room:
                # Enough for all that may be recorded: what comes now is only counted, when its turn has come.
                self._closed = True
                self._run_hot(self._tape.counter(self, self._note_count))
            self._explain_until(None if budget is None else since + budget)
            if self._reader.full and not self.over:
                self._read(len(self._entries))
                self._closed = self.over = True
                self._note = in_order(self._entries, self._reader.read)
                self._run_hot(self._tape.counter(self, self._reader.counted))
        self._explained = perf_counter_ns()
        self._profiler.paused(since, self._explained)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Around everything that reads the tape. Recording must never be what makes a program fail."""
        self._busy = True
        try:
            yield
        except MemoryError:
            self._keeper.let_go()
            self._stop("The graph ends here: there was no memory left to record more.")
        except Exception as problem:
            self._stop(f"The graph ends here: recording failed ({type(problem).__name__}: {problem}).")
        finally:
            self._busy = False

    def _explain_until(self, end: int | None) -> None:
        tape, entries, stream = self._tape, self._entries, self._stream
        # A result whose name is not sure yet is held back, but not for ever.
        unsure = tape.last is not None and tape.last is not self._unsure
        self._unsure = tape.last
        while True:
            self._read(_TOGETHER)
            stream.flush(self._reader.last if unsure and not entries else None)
            if stream.full and not self._reader.full:
                self._stop("The graph ends here: it is larger than what a run may send. The program goes on.")
            if not entries:
                tape.bytes = 0
                break
            if end is not None and perf_counter_ns() > end:
                break

    def _run_hot(self, run_hot: RunHot) -> None:
        self.run_hot = run_hot
        if self in S.observers:
            remove_observer(self)
            add_observer(self)

    def _note_count(self, *what: Any) -> None:
        self._note((self._reader.counted, *what))

    def _read(self, count: int) -> None:
        """Put together what the next entries say."""
        entries, read = self._entries, self._reader.read
        while entries and count:
            count -= 1
            read(entries.popleft())

    def _stop(self, why: str) -> None:
        self._reader.full = True
        self._outbox.notice_once(why)

    def _large(self, size: int) -> None:
        """An array that is not small is on the tape."""
        self._tape.bytes += size
        if self._tape.bytes > _HELD_BYTES:
            self.explain_all()

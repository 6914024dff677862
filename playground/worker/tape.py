"""What is noted while the program runs: one flat tuple for whatever happens, to be read later (`reader.py`).

This is the part of recording that the program waits for, a budget of its own (`test_cost.py` holds it). A tuple has
references, nothing that has to be worked out: tensors weakly, so that they die when they would; arrays strongly, so
that what they hold can still be described; the instruction that ran (`places.Site`) instead of its names.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any, ClassVar
from weakref import ref

import numpy as np

import engine
from engine.backend import is_elsewhere
from engine.registry import OPS, Op
from engine.state import Observer, S
from engine.tensor import Tensor
from playground.runner.channel import PROGRAM
from playground.worker.blocks import Blocks
from playground.worker.here import Here, Path
from playground.worker.places import Places, Site, Target

Seen = tuple["ref[Tensor]", Any, int | None]
"""A tensor at one moment: itself, its array, and the number of the backward node behind it, negative for a leaf, None
where it does not require grad."""
Entry = tuple[Any, ...]
"""Begins with the `Op` that ran, for one with a hot closure, or else with the reader's function for the rest."""

RunHot = Callable[[Op, tuple[Any, ...]], Any]
Shapes = tuple[tuple[int, ...], ...]

SMALL = 256
"""Elements up to which an array counts as nothing beside its entry."""
_ENGINE = os.path.dirname(engine.__file__)
_MODULES = os.path.join(_ENGINE, "nn", "")
_SINGLES = tuple(os.path.join(_ENGINE, name) for name in ("<op", "closures.py", "dispatch.py", "methods.py"))
"""Files whose functions of the following names run one operation each: an operation's own, and an operator's."""
_CALLS = ("call", "otherwise", "rest", "run")
_PROGRAM, _SINGLE, _SEVERAL, _CONSTRUCTOR = range(4)
"""What a function is: the program's, one that runs one operation, another, a constructor of the engine's modules."""
_OUTSIDE = 3
"""Frames between a hot operation and `run_hot`, which is called by `engine.dispatch.run`."""
_ROUNDS, _OPERATIONS = 20, 20
_LOOP = compile(f"def loop():\n    for _ in range({_OPERATIONS}): neg(x)", PROGRAM, "exec")


def seen(t: Tensor) -> Seen:
    """`t` as it is now."""
    edge = t._edge
    return ref(t), t._data, edge and edge[0].sequence_nr


class Call:
    """The program has called a module of the engine: what runs inside belongs to that instruction."""

    __slots__ = ("frame", "site")

    def __init__(self, frame: FrameType, site: Site) -> None:
        self.frame = frame
        self.site = site


class Tape:
    """What has been noted and not been read."""

    _price: ClassVar[int | None] = None
    __slots__ = ("_kinds", "bytes", "call", "entries", "here", "last", "places", "unnamed")

    def __init__(self, blocks: Blocks, unnamed: Callable[[], None], moved: Callable[[Path], None]) -> None:
        """Both are the reader's: `unnamed`, the last operation's result has no name after all; `moved`, the program is
        in another part of itself."""
        self.entries: deque[Entry] = deque()
        self.bytes = 0
        """Of the arrays that are not small, since the last time there was nothing to read."""
        self.places = Places(blocks)
        self.here = Here(self.places, lambda path: self.entries.append((moved, path)))
        self._kinds: dict[int, tuple[int, CodeType]] = {}
        """By identity of the code, which is held."""
        self.call: Call | None = None
        """The module call around everything, if only the engine's functions are in between."""
        self.last: tuple[Site, ref[Tensor], Call | None] | None = None
        """The operation before, if the same instruction may call more of them: the name belongs to the last."""
        self.unnamed = unnamed

    def where(self, frame: FrameType | None) -> tuple[FrameType | None, Site | None, bool, bool]:
        """The program's innermost frame at or around `frame`, its site, whether a module of the engine is being
        constructed there, and whether a function of the engine, which may call several operations, is in between."""
        kinds = self._kinds
        hidden = several = False
        while frame is not None:
            code = frame.f_code
            known = kinds.get(id(code))
            kind = self._kind(code) if known is None else known[0]
            if kind == _PROGRAM:
                return frame, self.places.site(frame), hidden, several
            if kind != _SINGLE:
                several = True
                hidden = hidden or kind == _CONSTRUCTOR
            frame = frame.f_back
        return None, None, False, False

    def calls(self, module: object, frame: FrameType | None) -> Call | None:
        """The call of a module that begins; None if the program may say what it does."""
        forward = getattr(type(module).forward, "__code__", None)  # type: ignore[attr-defined]
        if forward is None or not forward.co_filename.startswith(_ENGINE):
            return None
        if self.call is not None:
            return self.call
        outer, site, hidden, _ = self.where(frame)
        return None if outer is None or site is None or hidden else Call(outer, site)

    def _kind(self, code: CodeType) -> int:
        name = code.co_filename
        if name == PROGRAM:
            kind = _PROGRAM
        elif code.co_name == "__init__" and _MODULES in name:
            kind = _CONSTRUCTOR
        elif name == __file__ or (name.startswith(_SINGLES) and (code.co_name in _CALLS or name[-1] == ">")):
            kind = _SINGLE
        else:
            kind = _SEVERAL
        self._kinds[id(code)] = kind, code
        return kind

    def names(self, site: Site, frame: FrameType, several: bool, made: ref[Tensor]) -> tuple[Target, ...]:
        """What the program calls the result `made` of an operation that ran at `site`."""
        last, call = self.last, self.call
        if several:
            if last is not None and last[0] is site:
                # The same instruction has called a second operation, unless a loop has come round.
                same = call is last[2] if call is not None else not self._holds(last, frame)
                if same:
                    self.entries.append((self.unnamed,))
            self.last = site, made, call
        else:
            self.last = None
        return self.places.names(site, frame)[0] if site.returns else site.targets

    def _holds(self, last: tuple[Site, ref[Tensor], Call | None], frame: FrameType) -> bool:
        """Whether the result of the last operation, at the same place, has been stored since."""
        targets, holder = self.places.names(last[0], frame)
        return not targets or targets[0].holds(holder.f_locals, last[1]())

    def recorder(self, observer: Observer, large: Callable[[int], None]) -> RunHot:
        """The function that runs an operation with a hot closure and notes it: `engine.state.Observer.run_hot`.

        What is out of the ordinary goes to `observer`; `large` is told the bytes of arrays that are not small.
        """
        tape, note, getframe, now = self, self.entries.append, sys._getframe, S.clock
        sites, where, names, here = self.places.sites, self.where, self.names, self.here

        def run_hot(op: Op, args: tuple[Any, ...]) -> Any:
            S.slow = False
            start = now()
            try:
                made = op.call(*args)
                end = now()
            except Exception as error:
                observer.op_failed(op, args, _tensors(args), error)
                raise
            finally:
                S.slow = True
            if op.variadic:
                edge = made._edge
                observer.op(op, args, _tensors(args), (made,), edge and edge[0], False, start, end)
                return made
            result = ref(made)
            frame: Any = getframe(_OUTSIDE)
            code = frame.f_code
            if code.co_filename != PROGRAM and code.co_name == "call":
                frame = frame.f_back  # an operator, or the way of an operation with optional arguments
                code = frame.f_code
            site: Site | None
            if code.co_filename == PROGRAM:
                site = sites.get((id(code), frame.f_lasti)) or tape.places.site(frame)
                block = site.block
                if block is not here.block or block.row[block.at] != here.tick:
                    here.move(frame, site)
                tape.last = None
                targets = names(site, frame, False, result) if site.returns else site.targets
            elif tape.call is not None:
                targets = names(tape.call.site, tape.call.frame, True, result)
                site = tape.call.site
                if here.path:
                    here.leave()
            else:
                frame, site, hidden, several = where(frame)
                if hidden:
                    observer.op(op, args, _tensors(args), (made,), None, False, start, end)
                    return made
                targets = ()
                if site is not None:
                    targets = names(site, frame, several, result)
                    here.move(frame, site)
            edge = made._edge
            y = made._data
            count = op.n_inputs
            if count == 1:
                a = args[0]
                edge_a = a._edge
                note((
                    op, site, targets, start, end, result, y, edge and edge[0].sequence_nr, S.grad_enabled,
                    args[1:], ref(a), a._data, edge_a and edge_a[0].sequence_nr,
                ))  # fmt: skip
            elif count == 2:
                a, b = args[0], args[1]
                if isinstance(a, Tensor):
                    a_ref, a_data, edge_a = ref(a), a._data, a._edge
                else:
                    a_ref, a_data, edge_a = None, a, None
                if isinstance(b, Tensor):
                    b_ref, b_data, edge_b = ref(b), b._data, b._edge
                else:
                    b_ref, b_data, edge_b = None, b, None
                note((
                    op, site, targets, start, end, result, y, edge and edge[0].sequence_nr, S.grad_enabled,
                    args[2:], a_ref, a_data, edge_a and edge_a[0].sequence_nr,
                    b_ref, b_data, edge_b and edge_b[0].sequence_nr,
                ))  # fmt: skip
            else:
                inputs: list[Any] = []
                for t in args[:count]:
                    if isinstance(t, Tensor):
                        edge_a = t._edge
                        inputs += ref(t), t._data, edge_a and edge_a[0].sequence_nr
                    else:
                        inputs += None, t, None
                note((
                    op, site, targets, start, end, result, y, edge and edge[0].sequence_nr, S.grad_enabled,
                    args[count:], *inputs,
                ))  # fmt: skip
            if y.size > SMALL:
                large(y.nbytes)
            return made

        return run_hot

    def counter(self, observer: Observer, count: Callable[[Op, Shapes, int, int, bool], None]) -> RunHot:
        """The same when nothing is recorded any more: operations are only told to `count`."""
        now = S.clock

        def run_hot(op: Op, args: tuple[Any, ...]) -> Any:
            S.slow = False
            start = now()
            try:
                made = op.call(*args)
                end = now()
            except Exception as error:
                observer.op_failed(op, args, _tensors(args), error)
                raise
            finally:
                S.slow = True
            shapes = tuple([t._data.shape for t in args[: op.n_inputs] if isinstance(t, Tensor)])
            count(op, shapes, start, end, not op.view and is_elsewhere(made._data))
            return made

        return run_hot

    def price(self) -> int:
        """What it costs to have one operation noted, in nanoseconds. `run_hot` must be in place; the tape be empty.

        Measured once a process, and for a child in the one it was forked from."""
        if Tape._price is None:
            Tape._price = self._measured_price()
        return Tape._price

    def _measured_price(self) -> int:
        x = Tensor._wrap(np.ones(1, np.float32))
        names: dict[str, Any] = {"neg": OPS["neg"].call, "x": x}
        exec(_LOOP, names)  # noqa: S102
        times = []
        for S.slow in (True, False):
            for _ in range(_ROUNDS):
                start = perf_counter_ns()
                names["loop"]()
                times.append((perf_counter_ns() - start) // _OPERATIONS)
        S.slow = True
        self.entries.clear()
        return max(min(times[:_ROUNDS]) - min(times[_ROUNDS:]), 0)


def _tensors(args: tuple[Any, ...]) -> list[Tensor]:
    first = args[0] if args and isinstance(args[0], (list, tuple)) else args
    return [a for a in first if isinstance(a, Tensor)]

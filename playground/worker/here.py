"""Where the program is: in which call of which function, in which iteration of which loop.

Asked for every operation, so the usual answer, "where the last one was", is two comparisons (`tape.py` makes them
itself). The program's own counting (`blocks.py`) makes them exact: if the block and the number of times it has begun
are the same, nothing has begun in between that this operation would belong to. Where a function runs more than once at
the same time its frame is compared too; and the callers are looked at again only for another call.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

from playground.runner.channel import PROGRAM
from playground.worker.blocks import Block, Entry, Function
from playground.worker.places import Places, Site

Path = tuple[Entry, ...]
"""From the innermost module call or optimizer step, or else from the whole program, inwards."""
_NOWHERE = Function("", 0, -1, False)
_OWN = {"module": "forward", "optimizer": "step"}
"""What a scope calls; the scope stands for it."""


class Here:
    """Follows the program. `moved` is told of every new path."""

    __slots__ = (
        "_anchor",
        "_function",
        "_invocation",
        "_moved",
        "_outer",
        "_own",
        "_places",
        "_run",
        "_saved",
        "block",
        "frame",
        "path",
        "tick",
    )

    def __init__(self, places: Places, moved: Callable[[Path], None]) -> None:
        self._places = places
        self._moved = moved
        self._anchor = 0
        """The address of the frame that has the innermost scope open."""
        self._own = ""
        self._saved: list[tuple[Any, ...]] = []
        self.path: Path = ()
        self._forget()

    def _forget(self) -> None:
        self.block: Block = _NOWHERE
        """Where the last operation was, if its function's counts alone can tell whether the next one is there too."""
        self.tick = 0
        self.frame = self._invocation = 0
        self._run = -1
        """Of the loop, if `block` is a loop's body."""
        self._function: Function = _NOWHERE
        self._outer: Path | None = ()

    def move(self, frame: FrameType, site: Site) -> None:
        """The program is at `site` in `frame`."""
        block = site.block
        if block is self.block:
            row = block.row
            if block.start and row[block.start] == self._run:
                self.tick = tick = row[block.at]
                self.path = path = (*self.path[:-1], (block, tick - self._run - 1))
                self._moved(path)
                return
        while block is None:  # in a lambda or a comprehension, which is where its caller is
            caller = frame.f_back
            while caller is not None and caller.f_code.co_filename != PROGRAM:
                if id(caller) == self._anchor:
                    caller = None
                    break
                caller = caller.f_back
            if caller is None:
                self.leave()
                return
            frame = caller
            block = self._places.site(frame).block
        function = block.function
        counts, address = function.counts(frame), id(frame)
        if (
            function is not self._function
            or address != self.frame
            or counts[0] != self._invocation
            or function.loose
        ):
            self._outer = self._around(frame, function, counts[0])
            self._function, self._invocation, self.frame = function, counts[0], address
        inside = self._outer is not None
        self._run = counts[block.start] if inside and block.start else -1
        self.block = block if function.apart is None and not function.loose else _NOWHERE
        self.tick = block.row[block.at]
        self._set(self._outer + block.steps(counts) if self._outer is not None else ())

    def leave(self) -> None:
        """The program is in none of its own functions within the innermost scope."""
        self._forget()
        self._set(())

    def enter(self, kind: str, frame: FrameType) -> None:
        """A module call or an optimizer step begins, which `frame` waits for."""
        self._saved.append((self._anchor, self._own, self.path, self.block, self.frame, self.tick,
                            self._run, self._function, self._invocation, self._outer))  # fmt: skip
        self._anchor, self._own = id(frame), _OWN.get(kind, "")
        self._forget()
        self.path = ()

    def exit(self) -> None:
        """It has ended."""
        if not self._saved:
            return
        (self._anchor, self._own, self.path, self.block, self.frame, self.tick,
         self._run, self._function, self._invocation, self._outer) = self._saved.pop()  # fmt: skip

    def _set(self, path: Path) -> None:
        if path != self.path:
            self.path = path
            self._moved(path)

    def _around(self, frame: FrameType, function: Function, invocation: int) -> Path | None:
        """The path to a call of a function, itself included; None if that began before the innermost scope."""
        found: list[Entry] = []
        called: tuple[Function, int] | None = (function, invocation) if function.has_scope else None
        outer, anchor = frame.f_back, self._anchor
        while outer is not None and id(outer) != anchor:
            if outer.f_code.co_filename == PROGRAM:
                site = self._places.site(outer)
                if called is not None:
                    found.append((*called, site.line))
                    called = None
                block = site.block
                if block is not None:
                    function = block.function
                    counts = function.counts(outer)
                    found += reversed(block.steps(counts))
                    if function.has_scope:
                        called = function, counts[0]
            outer = outer.f_back
        if outer is None and anchor:
            return None
        if called is not None and not (anchor and called[0].name == self._own):
            found.append((*called, 0))
        return tuple(reversed(found))

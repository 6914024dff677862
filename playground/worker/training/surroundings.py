"""What the program has around a training step: how far its loops are, its own numbers, what it calls its tensors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from engine.nn.modules.module import Module
from engine.tensor import Tensor
from playground.protocol import Number, Progress
from playground.runner.channel import PROGRAM
from playground.worker.blocks import Block, Blocks
from playground.worker.output import clean
from playground.worker.places import Places
from playground.worker.values import number

_WORD = re.compile(r"[A-Za-z]{2,}[A-Za-z0-9_]*|[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]+")
_OURS = frozenset(("loss", "lr", "grad_norm"))
"""Names of series that have another source."""
_MOST_NUMBERS = 8
_MOST_LOOPS = 8
_LOOK_AGAIN = 50
"""Steps after which new names are looked for; until then those found are asked."""


def program_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the program at or around `frame`."""
    while frame is not None and frame.f_code.co_filename != PROGRAM:
        frame = frame.f_back
    return frame


class Surroundings:
    """Of one run."""

    def __init__(self, blocks: Blocks, names: dict[str, Any]) -> None:
        self._places = Places(blocks)
        self.names = names
        """The program's global variables."""
        self.frame: FrameType | None = None
        """Where the program is, while a step's end is looked at."""
        self._values = _Values()

    def loop(self, frame: FrameType | None) -> tuple[Block, FrameType] | None:
        """The body of the innermost loop around where the program is, and the frame that runs it."""
        while (frame := program_frame(frame)) is not None:
            block = self._places.site(frame).block
            bodies = [] if block is None else [body for _, body in block.chain if body is not None]
            if bodies:
                return bodies[-1], frame
            frame = frame.f_back
        return None

    def line(self, frame: FrameType | None) -> int:
        """The line the program is at; of the innermost loop's frame, if there is a loop."""
        frame = program_frame(frame)
        return 0 if frame is None else self._places.site(frame).line

    def progress(self, frame: FrameType | None) -> list[Loop]:
        """The loops of known length around where the program is, outermost first."""
        found: list[Loop] = []
        while (frame := program_frame(frame)) is not None:
            block = self._places.site(frame).block
            if block is not None:
                counts = block.function.counts(frame)
                inside = []
                for loop, body in block.chain:
                    total = None if body is None else body.length()
                    if body is not None and total:
                        inside.append(Loop(body, counts, counts[loop.at], total))
                found[:0] = inside
            frame = frame.f_back
        return found[:_MOST_LOOPS]

    def numbers(self, frame: FrameType | None, step: int, losses: Sequence[Any]) -> dict[str, Number]:
        """The program's own numbers in the frame of the innermost loop: those that have changed since training began.

        `losses` are the arrays that ``backward`` was called on: tensors that are one of those are left out.
        """
        found = self.loop(frame)
        if found is not None:
            body, frame = found
            counters = frozenset().union(*(b.counters for _, b in body.chain if b is not None))
        else:
            frame, counters = program_frame(frame), frozenset()
        if frame is None:
            return {}
        return self._values.read(frame.f_locals, step, counters, losses)

    def tensor_names(self, tensors: Iterable[Tensor]) -> list[str]:
        """What the program calls them: by the module they are a parameter of, or by their variable."""
        return _names_of(list(tensors), list(self._variables(self.frame)))

    def module_names(self) -> dict[int, str]:
        """What the modules that the program's variables hold are called, by identity, as `tensor_names` does."""
        found: dict[int, str] = {}
        roots = _roots(list(self._variables(self.frame)))
        several = sum(_trains(root) for _, root in roots) > 1
        for name, root in roots:
            for path, part in root.named_modules():
                found.setdefault(id(part), f"{name}.{path}".rstrip(".") if several or not path else path)
        return found

    def name_of(self, value: object, frame: FrameType | None) -> str:
        """The variable that holds `value`; empty if there is none."""
        return next((name for name, held in self._variables(frame) if held is value), "")[:200]

    def _variables(self, frame: FrameType | None) -> Iterator[tuple[str, Any]]:
        while (frame := program_frame(frame)) is not None:
            if frame.f_locals is not self.names:
                yield from list(frame.f_locals.items())
            frame = frame.f_back
        yield from list(self.names.items())

    def variables(self) -> Iterator[tuple[str, Any]]:
        """All there are where the last step ended, innermost first."""
        return self._variables(self.frame)


class Loop:
    """A loop that runs."""

    def __init__(self, body: Block, counts: Sequence[int], start: int, total: int) -> None:
        self.body = body
        self.total = total
        self._counts = counts
        self._start = start

    @property
    def begun(self) -> int:
        """Iterations that have begun, the one that runs included."""
        return self._counts[self.body.at] - self._start

    @staticmethod
    def told(loops: Sequence[Loop], over: bool = False) -> list[Progress]:
        """For the page: the innermost one's iteration is as good as done, the others' are not, unless all is `over`."""
        found = []
        for depth, loop in enumerate(loops):
            done = loop.begun if over or depth == len(loops) - 1 else loop.begun - 1
            total = min(loop.total, 100_000_000)
            found.append(
                Progress(line=loop.body.line, done=max(min(done, total), 0), total=total, depth=depth)
            )
        return found


class _Values:
    """Which of the program's variables are numbers worth a line, and what they are."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[Number, int]] = {}
        """Of every number seen: its first value, and at which step."""
        self._last: dict[str, tuple[Number, int]] = {}
        self._shown: dict[str, None] = {}
        self._counting: dict[str, float] = {}
        """How much a whole number grew a step, at first."""
        self._losses: set[str] = set()
        self._looks = 0

    def read(
        self, names: Mapping[str, Any], step: int, counters: frozenset[str], losses: Sequence[Any]
    ) -> dict[str, Number]:
        self._looks += 1
        new = self._looks <= 20 or self._looks % _LOOK_AGAIN == 0
        found: dict[str, Number] = {}
        for name in list(names) if new else list(self._first):
            value = names.get(name)
            if name in counters or name in _OURS or name in self._losses or not _is_number(value):
                continue
            if type(value) is not int and type(value) is not float:
                array: Any = getattr(value, "_data", value)
                if any(array is loss for loss in losses):
                    self._losses.add(name)
                    self._shown.pop(name, None)
                    continue
                value = array.item()
            if name not in self._first and not _WORD.fullmatch(name):
                continue
            shown = number(float(value))
            first = self._first.setdefault(name, (shown, step))
            if name not in self._shown and shown != first[0] and not self._counts(name, value, step):
                if len(self._shown) >= _MOST_NUMBERS:
                    continue
                self._shown[name] = None
            if name in self._shown:
                found[name[:200]] = shown
        return found

    def _counts(self, name: str, value: Any, step: int) -> bool:
        """Whether it seems to count steps: a whole number that always grows by the same, or was only seen twice."""
        if type(value) is not int:
            return False
        first, since = self._first[name]
        before, at = self._last.get(name, (first, since))
        self._last[name] = (value, step)
        if isinstance(before, str) or step == at:
            return True
        growth = (value - before) / (step - at)
        known = self._counting.setdefault(name, growth)
        return growth > 0 and growth == known


def _is_number(value: Any) -> bool:
    kind = type(value)
    if kind is float or kind is int:
        return True
    if isinstance(value, Tensor):
        return value._data.ndim == 0 and value._data.dtype.kind in "fiu"
    return getattr(value, "ndim", None) == 0 and getattr(getattr(value, "dtype", None), "kind", "") in "fiu"


def _names_of(tensors: list[Tensor], variables: list[tuple[str, Any]]) -> list[str]:
    found: dict[int, str] = {}
    roots = [(name, root) for name, root in _roots(variables) if _trains(root)]
    for prefix, root in roots:
        for path, parameter in root.named_parameters():
            found.setdefault(id(parameter), path if len(roots) == 1 else f"{prefix}.{path}")
    for name, value in variables:
        if isinstance(value, Tensor):
            found.setdefault(id(value), name)
        elif isinstance(value, (list, tuple)) and len(value) <= 64:
            for place, part in enumerate(value):
                if isinstance(part, Tensor):
                    found.setdefault(id(part), f"{name}[{place}]")
    return [clean(found.get(id(t)) or f"parameter {place}", 200) for place, t in enumerate(tensors)]


def _roots(variables: list[tuple[str, Any]]) -> list[tuple[str, Module]]:
    """The modules among variables, each once, that are no part of another one."""
    found: dict[int, tuple[str, Module]] = {}
    for name, value in variables:
        # One whose constructor has failed has no parts, and is none.
        if isinstance(value, Module) and name[:1] != "_" and "_modules" in value.__dict__:
            found.setdefault(id(value), (name, value))
    inner = {id(part) for _, root in found.values() for part in root.modules() if part is not root}
    return [item for key, item in found.items() if key not in inner]


def _trains(module: Module) -> bool:
    """Whether it has parameters; a loss has none."""
    return next(module.parameters(), None) is not None

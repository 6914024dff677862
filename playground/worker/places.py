"""Where in the program an operation was called, and the name its result is given there.

Both are read off the running frames: the exact columns from the code object's position table, and the name from the
instruction after the call (``STORE_NAME loss``). What a code object says about an instruction is worked out once.
"""

from __future__ import annotations

import dis
import os
from bisect import bisect_right
from types import CodeType, FrameType
from typing import Any

from playground.protocol import Place
from playground.runner.channel import PROGRAM
from playground.worker.blocks import Block, Blocks

_STORES = ("STORE_NAME", "STORE_FAST", "STORE_GLOBAL", "STORE_DEREF")
_LOADS = ("LOAD_NAME", "LOAD_FAST", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLOSURE")
_PASS_ON = (
    os.path.join("engine", "nn", "modules", "module.py"),
    os.path.join("engine", "autograd", "grad_mode.py"),
)
"""Files of the engine that call a function of the program and return just what it returned."""
_DEEPEST = 8
"""How many callers are asked for the name of what a function returns."""


class Target:
    """A name that a result is bound to: a variable, or an attribute of one (``self.w``)."""

    __slots__ = ("attribute", "text", "variable")

    def __init__(self, variable: str, attribute: str | None = None) -> None:
        self.variable = variable
        self.attribute = attribute
        self.text = (variable if attribute is None else f"{variable}.{attribute}")[:200]

    def holds(self, names: Any, value: object) -> bool:
        """Whether it is bound to `value` in a frame's locals."""
        found = names.get(self.variable)
        if self.attribute is None:
            return found is value
        owned = getattr(found, "__dict__", {})
        # A module keeps parameters and submodules in dictionaries of their own.
        return owned.get(self.attribute) is value or owned.get("_parameters", {}).get(self.attribute) is value


class Site:
    """One instruction of the program that called an operation."""

    __slots__ = ("block", "code", "line", "place", "returns", "targets")

    def __init__(
        self, code: CodeType, place: Place, targets: tuple[Target, ...], returns: bool, block: Block | None
    ) -> None:
        self.block = block
        """The innermost part of the program it is in; None in a lambda, a comprehension and the like."""
        self.code = code  # held, because sites are found by its address
        self.place = place
        self.line = place.line
        self.targets = targets
        self.returns = returns
        """The result is what the function returns, so that its caller may have a better name for it."""


class Places:
    """Finds sites, remembering every one it has worked out."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self.sites: dict[tuple[int, int], Site] = {}
        """By identity of the code and position in it."""
        self._instructions: dict[int, tuple[CodeType, list[dis.Instruction], list[int]]] = {}

    def site(self, frame: FrameType) -> Site:
        """The site of a frame that belongs to the program."""
        code = frame.f_code
        key = id(code), frame.f_lasti
        site = self.sites.get(key)
        if site is None:
            site = self.sites[key] = self._work_out(code, frame.f_lasti)
        return site

    def names(self, site: Site, frame: FrameType) -> tuple[tuple[Target, ...], FrameType]:
        """The names that what was called at `site` is given, and the frame they are in."""
        best, holder = site.targets, frame
        for _ in range(_DEEPEST):
            if not site.returns:
                break
            caller = frame.f_back
            while caller is not None and caller.f_code.co_filename.endswith(_PASS_ON):
                caller = caller.f_back
            if caller is None or caller.f_code.co_filename != PROGRAM:
                break
            frame, site = caller, self.site(caller)
            if site.targets:
                best, holder = site.targets, frame
        return best, holder

    def _work_out(self, code: CodeType, lasti: int) -> Site:
        entry = self._instructions.get(id(code))
        if entry is None:
            listing = list(dis.get_instructions(code))
            entry = (code, listing, [instruction.offset for instruction in listing])
            self._instructions[id(code)] = entry
        _, listing, offsets = entry
        # While a call runs, `f_lasti` may be within the cache entries that follow the instruction.
        here = max(bisect_right(offsets, lasti) - 1, 0)
        spot = listing[here].positions
        line = (spot.lineno if spot else None) or code.co_firstlineno
        place = Place(line=line)
        if spot is not None and spot.lineno is not None and spot.end_lineno is not None:
            place.column, place.end_line = spot.col_offset or 0, spot.end_lineno
            place.end_column = spot.end_col_offset or 0
        targets, returns = _after(listing, here + 1)
        function = self._blocks.of(code)
        block = None if function is None else function.at_position((line, place.column))
        return Site(code, place, targets, returns, block)


def _after(listing: list[dis.Instruction], here: int) -> tuple[tuple[Target, ...], bool]:
    """What becomes of the value that is on the stack before instruction `here`."""
    if here >= len(listing):
        return (), False
    instruction = listing[here]
    if instruction.opname == "RETURN_VALUE":
        return (), True
    if instruction.opname == "UNPACK_SEQUENCE":
        targets = []
        wanted, at = instruction.arg or 0, here + 1
        while wanted and at < len(listing):
            store = listing[at]
            if store.opname == "UNPACK_SEQUENCE":  # out, (h, c) = lstm(x)
                wanted += store.arg or 0
            elif store.opname in _STORES:
                targets.append(Target(str(store.argval)))
            else:
                return (), False
            wanted, at = wanted - 1, at + 1
        return tuple(targets), False
    if instruction.opname in _STORES:
        name = str(instruction.argval)
        following = listing[here + 1 : here + 3]
        returns = (
            len(following) == 2
            and following[0].opname in _LOADS
            and following[0].argval == name
            and following[1].opname == "RETURN_VALUE"
        )
        return (Target(name),), returns
    if instruction.opname in _LOADS and here + 1 < len(listing) and listing[here + 1].opname == "STORE_ATTR":
        return (Target(str(instruction.argval), str(listing[here + 1].argval)),), False
    return (), False

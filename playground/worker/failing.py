"""Which function of the engine an error came out of, for errors that were raised before any operation ran.

A check of shapes in `conv2d` or `cross_entropy` raises them, `einsum`, indexing, or a write that is not allowed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import FrameType
from typing import NamedTuple

import engine
from engine.tensor import Tensor
from playground.runner.channel import PROGRAM

_ENGINE = os.path.dirname(engine.__file__) + os.sep
_NAMES = {"getitem": "index", "setitem": "index_put_"}


class Failing(NamedTuple):
    """A call that raised."""

    name: str
    """``conv2d``."""
    tensors: list[Tensor]
    """Its arguments that are tensors, in order."""
    frame: FrameType
    """The program's, from which it was called."""


def failing_call(error: BaseException) -> Failing | None:
    """The innermost call of a function of PyTorch's, with tensors, that `error` came out of.

    None if the program raised it itself, or if there is no such call.
    """
    program: FrameType | None = None
    found: Failing | None = None
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_filename == PROGRAM:
            program, found = frame, None
        elif frame.f_code.co_filename.startswith(_ENGINE) and program is not None:
            name = _name(frame)
            if name and (tensors := list(_tensors(frame))):
                found = Failing(name, tensors, program)
        trace = trace.tb_next
    return found


def _name(frame: FrameType) -> str:
    """What PyTorch calls the function; empty for one of the engine's own."""
    name = frame.f_code.co_name
    if name == "apply_inplace":
        return f"{frame.f_locals['op'].name}_"
    if name == "call":  # made by another function, which knows what it is called
        name = frame.f_locals.get("name", "")
    if name in _NAMES:
        return _NAMES[name]
    public = name and name[0] != "_" and any(hasattr(o, name) for o in (engine, engine.nn.functional, Tensor))
    return name if public and name != "forward" else ""


def _tensors(frame: FrameType) -> Iterator[Tensor]:
    code, held = frame.f_code, frame.f_locals
    names = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    if code.co_flags & 0x04:  # *args
        names.append(code.co_varnames[code.co_argcount + code.co_kwonlyargcount])
    for name in names:
        value = held.get(name)
        for one in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(one, Tensor):
                yield one

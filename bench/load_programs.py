"""What the pages run: programs of the tutorial's size whose every printed number is known beforehand.

The short one has numbers of its own each time, worked out here with plain Python; those of the gallery say which run
they are, and what else they print is what they print in a process of their own.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path

import msgspec

from playground.protocol import Error, Event, Finished, Graph, Output
from playground.worker.console import show

EXAMPLES = Path(__file__).resolve().parents[1] / "playground" / "examples"
SECTIONS = (
    "01_graph_tracing",
    "02_tiny_model",
    "03_accumulation",
    "04_switching_off",
    "05_in_place",
    "07_vector_jacobian",
    "08_functional",
)
"""The tutorial's, but for the profiler, which prints times."""


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """Code and all that can be known of its run."""

    name: str
    code: str
    output: str
    """All it prints, and the values of its last expressions, in the order of the events."""
    nodes: int
    """Of its graph as it is sent."""
    operations: int
    status: str = "ok"
    errors: int = 0


_SHORT = """\
import torch
a = torch.tensor([{a}.0, {b}.0], requires_grad=True)
out = (2 * a * a + 1).sum()
out.backward()
print(out.item(), a.grad.tolist())
"""


def short(number: int) -> Program:
    """Five lines; another program for every `number` below a million."""
    a, b = number // 1000, number % 1000
    plain = _alone("five lines", _SHORT.format(a=1, b=2))
    out, gradient = 2 * (a * a + b * b) + 2, [4.0 * a, 4.0 * b]
    return Program(
        name="five lines",
        code=_SHORT.format(a=a, b=b),
        output=f"{float(out)} {gradient}\n",  # whole numbers below 2**24: exact in float32
        nodes=plain.nodes,
        operations=plain.operations,
    )


def section(name: str, number: int) -> Program:
    """One of `SECTIONS`, that says at the end which run it is."""
    program = _alone(name, (EXAMPLES / f"{name}.py").read_text())
    return msgspec.structs.replace(
        program,
        code=f"{program.code}\nprint('run', {number})\n",
        output=f"{program.output}run {number}\n",
    )


def mixed(number: int) -> Program:
    """The short one and the sections, in turn."""
    place = number % (1 + len(SECTIONS))
    return section(SECTIONS[place - 1], number) if place else short(number)


@functools.cache
def _alone(name: str, code: str) -> Program:
    """A program and what it does when it is run in this process, on its own."""
    out = io.StringIO()
    show(code, 0, as_json=True, out=out)
    events = [msgspec.json.decode(line, type=Event) for line in out.getvalue().splitlines()]
    finished = next(event for event in events if isinstance(event, Finished))
    return Program(
        name=name,
        code=code,
        output="".join(event.text for event in events if isinstance(event, Output)),
        nodes=sum(len(event.nodes) for event in events if isinstance(event, Graph)),
        operations=finished.operations,
        status=finished.status,
        errors=sum(isinstance(event, Error) for event in events),
    )

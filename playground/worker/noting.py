"""What is noted of arguments and gradients that are out of the ordinary: see `recorder.py`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import ref

from engine.graph import AccumulateGrad, Node
from engine.registry import Op
from engine.tensor import Tensor
from playground.worker.reader import Input, Way
from playground.worker.records import HERE
from playground.worker.tape import Entry, seen


def in_order(entries: deque[Entry], read: Callable[[Entry], None]) -> Callable[[Entry], None]:
    """Reads what is noted at once, after what may have been noted meanwhile: a signal comes at any time, and what it
    interrupted still uses the tape."""

    def note(entry: Entry) -> None:
        while entries:
            read(entries.popleft())
        read(entry)

    return note


def taken(op: Op, args: tuple[Any, ...], node: Node | None) -> tuple[tuple[Any, ...], list[Input]]:
    """`args` with `HERE` for every tensor that is an input, and those; what is left (indices) has no graph."""
    edges: tuple[Any, ...] = () if node is None else node.next_edges
    flowing = len(edges)
    custom = op.n_inputs == 0  # a custom function has edges for tensors only
    count = len(args) if custom else op.n_inputs
    inputs = list(args[0] if op.variadic else args[:count])
    found: list[Input] = []
    for place, t in enumerate(inputs):
        if isinstance(t, Tensor):
            at = len(found) if custom else place
            found.append((place, seen(t), at < flowing and edges[at] is not None))
            inputs[place] = HERE
    if op.variadic:
        return (tuple(inputs), *args[1:]), found
    return (*inputs, *args[count:]), found


def way(edge: Any) -> Way:
    if edge is None:
        return None
    node, output = edge
    if not isinstance(node, AccumulateGrad):
        return node.sequence_nr, output
    leaf = node.variable
    return None if leaf is None else (seen(leaf), output)


def bare(g: Any) -> Any:
    return g._data if isinstance(g, Tensor) else g


def parts_of(made: Any) -> list[ref[Tensor] | None]:
    """The tensors in tuples at any depth, one for each name in ``out, (h, c) = lstm(x)``; None for what is none."""
    if isinstance(made, tuple | list):
        return [one for part in made for one in parts_of(part)]
    return [ref(made) if isinstance(made, Tensor) else None]

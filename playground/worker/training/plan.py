"""Runs a recorded part of a training step again: on other data, and with the parameters as they are now.

Only operations of the engine run, on arrays, outside every graph: no code of the program's, no hook, no buffer, no
random number. What a model does otherwise in evaluation than in training is known by what was recorded: dropout is left
out, and batch normalisation takes the running statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import ref

import numpy as np

from engine.dispatch import run
from engine.state import S, unobserved
from engine.tensor import Tensor
from playground.worker.records import HERE, NodeRecord
from playground.worker.training.scene import is_mask
from playground.worker.values import host

_MOST_CALLS = 2_000
_SHAPED = ("view", "reshape", "reshape_alias", "unsafe_view", "expand", "broadcast_to")
"""Operations that are told a shape."""


class NotPossible(Exception):
    """This part of the step cannot be run again."""


@dataclass
class _Value:
    """An input that the plan does not make: what it was, and the tensor it is now, if that is a parameter."""

    array: Any
    live: ref[Tensor] | None = None

    def now(self) -> Any:
        tensor = None if self.live is None else self.live()
        return self.array if tensor is None else tensor._data


@dataclass
class _Call:
    record: int
    op: Any
    arguments: tuple[Any, ...]
    sources: list[tuple[int, int] | _Value]
    """Of each tensor among the arguments: the call and which of its outputs, or where else it comes from."""
    statistics: tuple[ref[Tensor], ref[Tensor]] | None = None


@dataclass
class Plan:
    """How an output is computed from an input (or from nothing but what was there)."""

    given: Any
    """The input as it was; None if there is none."""
    calls: list[_Call] = field(default_factory=list)
    result: tuple[int, int] = (-1, 0)

    def __call__(self, given: Any = None) -> Any:
        """The output for another input of the same shape but for its length; for the same one without.

        Raises:
            NotPossible: if an operation does not take it.
        """
        old = 0 if self.given is None else self.given.shape[0] if self.given.ndim else 0
        given = self.given if given is None else given
        new = 0 if given is None or not given.ndim else given.shape[0]
        made: list[tuple[Any, ...]] = [] if given is None else [(Tensor._wrap(given),)]
        before, S.grad_enabled = S.grad_enabled, False
        try:
            with unobserved(), np.errstate(all="ignore"):
                for call in self.calls:
                    made.append(self._run(call, made, old, new))
        except NotPossible:
            raise
        except Exception as problem:
            raise NotPossible(str(problem)) from None
        finally:
            S.grad_enabled = before
        return made[self.result[0]][self.result[1]]._data

    def _run(self, call: _Call, made: list[tuple[Any, ...]], old: int, new: int) -> tuple[Any, ...]:
        tensors: list[Any] = []
        for source in call.sources:
            if isinstance(source, tuple):
                tensors.append(made[source[0]][source[1]])
            else:
                tensors.append(Tensor._wrap(_stretched(source, old, new)))
        if call.op is None:
            return (tensors[0],)
        waiting = iter(tensors)
        args: list[Any] = []
        for place, arg in enumerate(call.arguments):
            if arg is HERE:
                args.append(next(waiting))
            elif type(arg) is tuple and any(item is HERE for item in arg):
                args.append(tuple(next(waiting) if item is HERE else item for item in arg))
            elif old != new and call.op.name in _SHAPED and place == call.op.n_inputs and _leads(arg, old):
                args.append((new, *arg[1:]))
            else:
                args.append(arg)
        if call.statistics is not None:
            mean, var = (statistic() for statistic in call.statistics)
            if mean is not None and var is not None:
                args[3:5] = mean._data, var._data
        result = run(call.op, tuple(args))
        return result if isinstance(result, tuple) else (result,)


def plan(
    output: tuple[NodeRecord, int],
    given: tuple[NodeRecord, int] | None,
    first: int,
    statistics: dict[int, tuple[Tensor, Tensor]],
) -> Plan:
    """How `output` comes from `given`, among the records from number `first` on.

    `statistics` are the running ones of batch normalisations, by number of the record.

    Raises:
        NotPossible: if there is a function of the program's own in between, a write through a view, or if values that
            are needed were not kept.
    """
    needed = _between(output[0], given, first)
    made = Plan(None if given is None else _array(*given))
    places: dict[int, int] = {}
    count = 0
    if given is not None:
        places[given[0].id] = 0
        count = 1
    for record in sorted(needed, key=lambda r: r.id):
        call = _call(record, places, given, statistics)
        made.calls.append(call)
        places[record.id] = count
        count += 1
    if output[0].id not in places:
        raise NotPossible("the output does not come from there")
    made.result = places[output[0].id], output[1]
    return made


def _between(output: NodeRecord, given: tuple[NodeRecord, int] | None, first: int) -> list[NodeRecord]:
    """What has to be run: all operations behind `output` in the step, up to `given`, parameters and other values."""
    found: dict[int, NodeRecord] = {}
    waiting = [output]
    while waiting:
        record = waiting.pop()
        if record.id in found or (given is not None and record is given[0]) or not _runs(record, first):
            continue
        found[record.id] = record
        if len(found) > _MOST_CALLS:
            raise NotPossible("it is too large")
        waiting += [source for source, *_ in record.sources]
    return list(found.values())


def _runs(record: NodeRecord, first: int) -> bool:
    """Whether it is an operation to run again, and not something that is there: a parameter, data, a random tensor."""
    if record.id < first or record.kind != "op" or not record.sources or _live(record, 0) is not None:
        return False
    if record.gradient_of is not None or record.label.endswith(".step"):
        return False
    if record.custom is not None or record.op is None:
        raise NotPossible("a function of the program's own, or a write through a view")
    return True


def _call(
    record: NodeRecord,
    places: dict[int, int],
    given: tuple[NodeRecord, int] | None,
    statistics: dict[int, tuple[Tensor, Tensor]],
) -> _Call:
    sources: list[tuple[int, int] | _Value] = []
    for source, output, _, _ in record.sources:
        place = places.get(source.id)
        if place is None:
            sources.append(_Value(_array(source, output), _live(source, output)))
        elif given is not None and source is given[0]:
            if output != given[1]:
                raise NotPossible("another output of what is given")
            sources.append((place, 0))
        else:
            sources.append((place, output))
    call = _Call(record.id, record.op, record.arguments(), sources)
    name = record.op.name if record.op is not None else ""
    if name == "mul" and len(record.sources) == 2 and is_mask(*record.sources[1][:2]):
        call.op, call.sources = None, sources[:1]  # dropout
    elif name == "native_batch_norm" and record.id in statistics:
        mean, var = statistics[record.id]
        call.statistics = ref(mean), ref(var)
    elif given is not None and name in ("dropout", "bernoulli", "normal", "rand_like", "randn_like"):
        raise NotPossible("it draws random numbers")
    return call


def _live(record: NodeRecord, output: int) -> ref[Tensor] | None:
    """The leaf that it is, if that is still there: what it holds now counts, not what it held."""
    if output >= len(record.tensors) or not record.requires_grad[output]:
        return None
    tensor = record.tensors[output]()
    if tensor is None or tensor._edge is None or not tensor._edge[0].is_leaf_node:
        return None
    return ref(tensor)


def _array(record: NodeRecord, output: int) -> Any:
    array = record.kept[output].array if output < len(record.kept) else None
    if array is None:
        raise NotPossible("a value was not kept")
    return array


def _leads(shape: Any, length: int) -> bool:
    return isinstance(shape, Sequence) and len(shape) > 0 and shape[0] == length > 1


def _stretched(source: _Value, old: int, new: int) -> Any:
    """A value with a row for each row of the data has one for each of the new data, if all its rows are the same."""
    array = source.now()
    if old == new or source.live is not None or not array.ndim or array.shape[0] != old or old < 2:
        return array
    rows = host(array)
    if (rows != rows[:1]).any():
        raise NotPossible("there is something else of the data's length")
    return np.broadcast_to(rows[:1], (new, *rows.shape[1:]))

"""Derivatives of one recorded node with respect to others: the part of the recording between them is run again.

The operations are the recorded ones and the values around them those of that moment, so the answer is about what the
program computed, whatever its tensors hold by now. Where the program cut the graph (`detach`, `no_grad`), so does this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from engine.backend import module_of
from engine.backward import grad
from engine.dispatch import run
from engine.state import S
from engine.tensor import Tensor
from playground.protocol import Jacobian, JacobianBlock, JacobianResult
from playground.worker.explain import Refusal, find
from playground.worker.records import HERE, NodeRecord
from playground.worker.values import host

_MOST = 10_000
"""Numbers in one answer."""


def differentiate(records: list[NodeRecord], command: Jacobian) -> JacobianResult:
    """The Jacobian, or for order 2 the Hessian, of the first tensor of a node.

    Raises:
        Refusal: if the output does not depend on an input, a value is not there any more, or the answer is too large.
    """
    output = find(records, command.output)
    inputs = [find(records, node) for node in command.inputs]
    for record in (output, *inputs):
        _check(record)
    rows, columns = _numel(output), sum(map(_numel, inputs))
    if command.order == 2:
        if rows != 1:
            raise Refusal(
                f"A Hessian is that of a single number, but {called(output)} has {rows}. Choose a sum or a loss."
            )
        rows = columns
    if rows * columns > _MOST:
        raise Refusal(
            f"This would be {rows:,} x {columns:,} numbers; at most {_MOST:,} in all are worked out. "
            "Choose smaller tensors."
        )
    grad_mode, S.grad_enabled = S.grad_enabled, True
    try:
        leaves, y = _replay(records, output, inputs)
        blocks = _hessian(y, leaves, inputs) if command.order == 2 else _jacobian(y, leaves, output, inputs)
    finally:
        S.grad_enabled = grad_mode
    return JacobianResult(output=output.id, order=command.order, blocks=blocks)


def _replay(
    records: list[NodeRecord], output: NodeRecord, inputs: Sequence[NodeRecord]
) -> tuple[list[Tensor], Tensor]:
    """The inputs as leaves, and the output computed from them again."""
    made: dict[int, tuple[Tensor, ...]] = {}
    for record in inputs:
        leaf = Tensor._wrap(array_of(record, 0).copy()).requires_grad_()
        made[record.id] = (leaf, *(Tensor._wrap(array_of(record, n)) for n in range(1, len(record.kept))))
    needed = _needed(output)
    for record in records[min(made) : output.id + 1]:
        if record.id in made or record.id not in needed:
            continue
        if any(source.id in made and not cut for source, _, _, cut in record.sources):
            if record.op is None:
                raise Refusal(
                    f"Between them, memory is changed in place through a view ({called(record)}), "
                    "which cannot be run again."
                )
            if record.op.vjp or record.custom is not None:
                made[record.id] = _again(record, made)
    for record in inputs:
        _check_dependence(record, output)
    if output.id not in made:
        raise Refusal(
            f"{called(output)} does not depend on {called(inputs[0])} in a way that has a derivative."
        )
    y = made[output.id][0]
    if not np.allclose(host(y._data), host(array_of(output, 0)), rtol=1e-3, atol=1e-5, equal_nan=True):
        raise Refusal(
            f"Running the operations again gave another value for {called(output)}: one of them draws random numbers."
        )
    return [made[record.id][0] for record in inputs], y


def _needed(output: NodeRecord) -> set[int]:
    """Everything that `output` was computed from, itself included."""
    found = {output.id}
    stack = [output]
    while stack:
        for source, *_ in stack.pop().sources:
            if source.id not in found:
                found.add(source.id)
                stack.append(source)
    return found


def _check_dependence(start: NodeRecord, output: NodeRecord) -> None:
    """Raise if no path that is not cut leads from `start` to `output`."""
    seen, stack, cut = {output.id}, [output], False
    while stack:
        record = stack.pop()
        if record is start:
            return
        for source, _, _, is_cut in record.sources:
            cut = cut or is_cut
            if not is_cut and source.id not in seen:
                seen.add(source.id)
                stack.append(source)
    if cut and start.id in _needed(output):
        raise Refusal(
            f"Between {called(start)} and {called(output)} the graph is cut (detach, no_grad or .data), "
            "so no derivative passes."
        )
    raise Refusal(f"{called(output)} does not depend on {called(start)}.")


def _again(record: NodeRecord, made: dict[int, tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """Run one recorded operation on what has been made again, and on recorded values for the rest."""
    return again(
        record,
        (
            made[source.id][output]
            if source.id in made and not cut
            else Tensor._wrap(array_of(source, output))
            for source, output, _, cut in record.sources
        ),
    )


def again(record: NodeRecord, tensors: Iterator[Tensor]) -> tuple[Tensor, ...]:
    """Run one recorded operation on `tensors`, one for each of its sources, in their order."""
    args: list[Any] = []
    for arg in record.arguments():
        if arg is HERE:
            args.append(next(tensors))
        elif type(arg) is tuple and any(item is HERE for item in arg):
            args.append(tuple(next(tensors) if item is HERE else item for item in arg))
        else:
            args.append(arg)
    assert record.op is not None
    result = run(record.op, tuple(args)) if record.custom is None else record.custom.apply(*args)
    return result if isinstance(result, tuple) else (result,)


def _jacobian(
    y: Tensor, leaves: list[Tensor], output: NodeRecord, inputs: Sequence[NodeRecord]
) -> list[JacobianBlock]:
    found = rows_of(y, leaves)
    return [
        JacobianBlock(
            input=record.id,
            rows=list(output.kept[0].shape),
            columns=list(record.kept[0].shape),
            values=rows.tobytes(),
        )
        for record, rows in zip(inputs, found, strict=True)
    ]


def _hessian(y: Tensor, leaves: list[Tensor], inputs: Sequence[NodeRecord]) -> list[JacobianBlock]:
    one = Tensor._wrap(np.ones(y._data.shape, y._data.dtype))
    first = grad((y,), leaves, (one,), create_graph=True, allow_unused=True)
    blocks = []
    for record, leaf, g in zip(inputs, leaves, first, strict=True):
        if g is None or not g.requires_grad:
            rows = [np.zeros((leaf.numel(), other.numel())) for other in leaves]
        else:
            rows = rows_of(g, leaves)
        for other, block in zip(inputs, rows, strict=True):
            blocks.append(
                JacobianBlock(
                    input=record.id,
                    other=other.id,
                    rows=list(record.kept[0].shape),
                    columns=list(other.kept[0].shape),
                    values=block.tobytes(),
                )
            )
    return blocks


def rows_of(y: Tensor, leaves: list[Tensor]) -> list[np.ndarray[Any, Any]]:
    """For each leaf a float64 matrix with a row per element of `y`: one backward pass per row."""
    count = y.numel()
    found = [np.zeros((count, leaf.numel()), "<f8") for leaf in leaves]
    for row in range(count):
        start = module_of(y._data).zeros(y._data.shape, y._data.dtype)
        start.reshape(-1)[row] = 1
        gradients = grad((y,), leaves, (Tensor._wrap(start),), retain_graph=True, allow_unused=True)
        for matrix, g in zip(found, gradients, strict=True):
            if g is not None:
                matrix[row] = host(g._data).reshape(-1)
    return found


def _check(record: NodeRecord) -> None:
    if not record.kept:
        raise Refusal(f"{called(record)} made no tensor.")
    if record.kept[0].dtype.kind != "f":
        raise Refusal(
            f"{called(record)} holds {record.kept[0].dtype.name} numbers; only floating point ones have derivatives."
        )


def array_of(record: NodeRecord, output: int) -> Any:
    """What it held.

    Raises:
        Refusal: if that was not kept.
    """
    array = record.kept[output].array
    if array is None:
        raise Refusal(f"The value of {called(record)} was not kept: later ones needed the room.")
    return array


def _numel(record: NodeRecord) -> int:
    count = 1
    for length in record.kept[0].shape:
        count *= length
    return count


def called(record: NodeRecord) -> str:
    """What the program calls it, and its line."""
    name = record.names()[0] if record.kept else ""
    label = name or record.label or record.kind
    return f"{label} (line {record.site.line})" if record.site is not None else label

"""The derivatives of one operation: its local Jacobians, and a check of them by finite differences.

The operation is run again on the values it had. Small Jacobians are worked out whole; the check compares each entry, or
of large tensors the product with random directions.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from engine.autograd.grad_mode import enable_grad
from engine.backend import module_of
from engine.backward import grad
from engine.registry import POINTWISE
from engine.tensor import Tensor
from playground.protocol import Argument, Local, LocalBlock, LocalResult
from playground.worker.differences import (
    DOUBLE,
    SINGLE,
    Comparison,
    Matrix,
    Precision,
    compare,
    compare_product,
)
from playground.worker.explain import Refusal, find
from playground.worker.jacobian import again, array_of, called, rows_of
from playground.worker.records import NodeRecord
from playground.worker.values import host, number

MOST = 4_096
"""Numbers of one Jacobian."""
MOST_TOGETHER = 16_384
"""Numbers of all Jacobians in one answer."""
MOST_BLOCKS = 64
MOST_CHECKED = 1_000_000
"""Elements of the largest tensor for which differences are taken."""


@dataclass
class _Input:
    """An input through which gradients flow."""

    place: int
    source: NodeRecord
    at: int
    """Which of the operation's tensors it is."""


def differentiate_locally(records: list[NodeRecord], command: Local) -> LocalResult:
    """The Jacobian of one output with respect to each input through which gradients flow, on the recorded values.

    Raises:
        Refusal: if the operation has no derivative, or a value is not there any more.
    """
    record = find(records, command.node)
    inputs = _inputs(record)
    values = [array_of(source, output) for source, output, _, _ in record.sources]
    notes: list[str] = []
    if len(inputs) > MOST_BLOCKS:
        notes.append(f"Only the first {MOST_BLOCKS} of {len(inputs)} inputs are shown.")
        inputs = inputs[:MOST_BLOCKS]
    with _quietly(record):
        y, leaves = _run(record, values, inputs, command.output)
        _check_output(record, command.output, y)
        blocks = _blocks(record, inputs, y, leaves)
        if command.check:
            notes += _check(record, values, inputs, command.output, y, blocks)
    return LocalResult(
        node=record.id,
        output=command.output,
        blocks=blocks,
        record=record.op.name if record.op is not None else "",
        arguments=_arguments(record),
        checked=command.check,
        note=" ".join(notes),
    )


def _inputs(record: NodeRecord) -> list[_Input]:
    """Where gradients flow back to.

    Raises:
        Refusal: if they do not.
    """
    name = called(record)
    if record.kind != "op":
        raise Refusal(f"{name} is not the result of an operation, so it has no derivative of its own.")
    if record.failed:
        raise Refusal("This operation failed, so it made nothing.")
    if record.op is None:
        raise Refusal(
            f"{name} was changed in place through another tensor over the same memory; that is not an operation of "
            "its own. Select the operation that wrote."
        )
    if not record.sources:
        raise Refusal(f"{name} was made from no other tensor, so there is nothing to differentiate by.")
    if not record.op.vjp and record.custom is None:
        raise Refusal(f"{record.label} has no derivative: no gradient flows back through it.")
    flowing = [
        _Input(place, source, at)
        for at, (source, output, place, cut) in enumerate(record.sources)
        if not cut
        and source.requires_grad[output]
        and source.kept[output].dtype.kind == "f"
        and _has_rule(record, place)
    ]
    if flowing:
        return flowing
    if any(
        source.requires_grad[output] and not cut and source.kept[output].dtype.kind == "c"
        for source, output, _, cut in record.sources
    ):
        raise Refusal("Local Jacobians are shown for real numbers only; these are complex.")
    if any(cut for *_, cut in record.sources):
        raise Refusal(
            f"The graph is cut at {name} (detach or no_grad), so no gradient flows back through it."
        )
    raise Refusal(f"No input of {name} requires a gradient, so none flows back through it.")


def _has_rule(record: NodeRecord, place: int) -> bool:
    if record.op is None or record.custom is not None or record.op.variadic:
        return True
    return place >= len(record.op.vjp) or record.op.vjp[place] is not None


def _check_output(record: NodeRecord, output: int, y: Tensor) -> None:
    if y.dtype.is_complex:
        raise Refusal("Local Jacobians are shown for real numbers only; these are complex.")
    if not y.dtype.differentiable:
        raise Refusal(
            f"Output {output} of {called(record)} holds {y.dtype} numbers, which have no derivative."
        )
    if not y.requires_grad:
        raise Refusal(f"Output {output} of {called(record)} is marked as not differentiable.")
    if not np.allclose(host(y._data), host(array_of(record, output)), rtol=1e-3, atol=1e-5, equal_nan=True):
        raise Refusal(
            f"Running {called(record)} again gave another value: it draws random numbers or keeps a state, so its "
            "derivative at that moment cannot be worked out afterwards."
        )


@contextmanager
def _quietly(record: NodeRecord) -> Iterator[None]:
    """Run the operation again: what the program's own function prints was printed, and how it fails is the answer."""
    with (
        redirect_stdout(io.StringIO()),
        redirect_stderr(io.StringIO()),
        enable_grad(),
        np.errstate(all="ignore"),
    ):
        try:
            yield
        except (Refusal, MemoryError):
            raise
        except Exception as problem:
            raise Refusal(
                f"Running {called(record)} again failed: {type(problem).__name__}: {problem}"
            ) from problem


def _run(
    record: NodeRecord, values: list[Any], inputs: list[_Input], output: int
) -> tuple[Tensor, list[Tensor]]:
    """One output of the operation on `values`, and its `inputs` as leaves."""
    given = [Tensor._wrap(value.copy()) for value in values]
    leaves = [given[one.at].requires_grad_() for one in inputs]
    made = again(record, iter(given))
    if output >= len(made):
        raise Refusal(f"{called(record)} made {len(made)} tensors; there is no number {output}.")
    return made[output], leaves


def _blocks(record: NodeRecord, inputs: list[_Input], y: Tensor, leaves: list[Tensor]) -> list[LocalBlock]:
    blocks, whole, total = [], [], 0
    elementwise = record.custom is None and record.op is not None and record.op.kind == POINTWISE
    for one, leaf in zip(inputs, leaves, strict=True):
        block = LocalBlock(
            input=one.place, source=one.source.id, rows=list(y.shape), columns=list(leaf.shape)
        )
        block.diagonal = elementwise and y.shape == leaf.shape and y.numel() > 1
        size = y.numel() * (1 if block.diagonal else leaf.numel())
        blocks.append(block)
        if size > MOST or total + size > MOST_TOGETHER:
            continue
        total += size
        if block.diagonal:
            block.values = _gradients(y, [leaf], np.ones(y.shape))[0].astype("<f8").tobytes()
        else:
            whole.append((block, leaf))
    if whole:
        rows = rows_of(y, [leaf for _, leaf in whole])
        for (block, _), matrix in zip(whole, rows, strict=True):
            block.values = matrix.tobytes()
    return blocks


def _gradients(y: Tensor, leaves: list[Tensor], weights: Matrix) -> list[Matrix]:
    """The gradient of ``(weights * y).sum()`` by each leaf, flat and float64."""
    start = Tensor._wrap(module_of(y._data).asarray(weights.astype(y._data.dtype)).reshape(y._data.shape))
    found = grad((y,), leaves, (start,), retain_graph=True, allow_unused=True)
    return [
        np.zeros(leaf.numel()) if g is None else host(g._data).astype(np.float64).reshape(-1)
        for leaf, g in zip(leaves, found, strict=True)
    ]


# --- The check -------------------------------------------------------------------------------------------------------


def _check(
    record: NodeRecord,
    values: list[Any],
    inputs: list[_Input],
    output: int,
    y: Tensor,
    blocks: list[LocalBlock],
) -> list[str]:
    """Compare each block with differences; says what stands in the way."""
    largest = max(y.numel(), *(prod(block.columns) for block in blocks))
    if largest > MOST_CHECKED:
        return [f"Tensors of more than {MOST_CHECKED:,} elements are not checked; this has {largest:,}."]
    values, precision = _in_double(record, values, inputs, output)
    y, leaves = _run(record, values, inputs, output)
    base = _flat(y)
    notes = []
    if precision is SINGLE:
        notes.append("The operation rounds to float32 inside, so the check is good to about two digits.")
    kinks = undefined = 0
    for one, leaf, block in zip(inputs, leaves, blocks, strict=True):
        found = _compare(record, values, one, output, y, base, leaf, block, precision)
        block.agrees = found.agrees
        kinks, undefined = kinks + found.kinks, undefined + found.undefined
        if found.difference is not None:
            block.difference = number(found.difference)
            block.at, block.expected, block.got = found.at, number(found.expected), number(found.got)
    if kinks:
        notes.append(
            f"The function has a kink or a jump here, at {_entries(kinks)}: to the left it has another slope than to "
            "the right, and any slope in between is a valid (sub)gradient."
        )
    if undefined:
        notes.append(
            f"At {_entries(undefined)} the function or its derivative is not finite here or just beside; those are "
            "left out."
        )
    return notes


def _entries(count: int) -> str:
    return "one entry" if count == 1 else f"{count:,} entries"


def _in_double(
    record: NodeRecord, values: list[Any], inputs: list[_Input], output: int
) -> tuple[list[Any], Precision]:
    """The values in float64 if the operation takes those, and how exact it is then."""
    wide = [value.astype(np.float64) if value.dtype.kind == "f" else value for value in values]
    try:
        y, _ = _run(record, wide, inputs, output)
    except Refusal:
        raise
    except Exception:  # the program's own function may mix them with float32 numbers of its own
        return values, SINGLE
    return wide, DOUBLE if y._data.dtype == np.float64 else SINGLE


def _compare(
    record: NodeRecord,
    values: list[Any],
    one: _Input,
    output: int,
    y: Tensor,
    base: Matrix,
    leaf: Tensor,
    block: LocalBlock,
    precision: Precision,
) -> Comparison:
    shape, dtype = leaf._data.shape, leaf._data.dtype

    def function(x: Matrix) -> Matrix:
        moved = [*values]
        moved[one.at] = module_of(leaf._data).asarray(x.astype(dtype)).reshape(shape)
        given = [Tensor._wrap(value.copy()) for value in moved]
        return _flat(again(record, iter(given))[output])

    x = host(values[one.at]).astype(np.float64).reshape(-1)
    if not (base.size and x.size):
        return Comparison(None)
    if base.size * x.size <= MOST:
        return compare(rows_of(y, [leaf])[0], function, x, base, precision)
    weights = np.random.default_rng(0).standard_normal(base.size)
    return compare_product(_gradients(y, [leaf], weights)[0], weights, function, x, base, precision)


def _flat(y: Tensor) -> Matrix:
    return host(y._data).astype(np.float64).reshape(-1)


# --- Arguments -------------------------------------------------------------------------------------------------------


def _arguments(record: NodeRecord) -> list[Argument]:
    """Numbers and words beside the tensors of the graph, by name."""
    if record.op is None or record.custom is not None or record.op.variadic:
        return []
    found = []
    for place, (name, value) in enumerate(zip(record.op.params, record.arguments(), strict=False)):
        if isinstance(value, Tensor) and value.numel() == 1:
            value = value.item()
        if not isinstance(value, (int, float, str)):
            continue
        text = f"{value:.6g}" if isinstance(value, float) else str(value)[:40]
        found.append(Argument(name=name, value=text, input=place if place < record.op.n_inputs else None))
    return found[:16]

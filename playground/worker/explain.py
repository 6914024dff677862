"""Answers about one node of the recording."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.protocol import Detail, Inspect, Values
from playground.worker.keeping import Kept
from playground.worker.records import NodeRecord
from playground.worker.values import describe, host, numbers

_MOST = 64
"""Tensors of one node that are told of."""


class Refusal(Exception):
    """A question that cannot be answered; the message says why, and what can be asked instead."""


def explain(records: list[NodeRecord], command: Inspect, most: int) -> Detail:
    """The values of a node's tensors and their last gradients, up to `most` elements each.

    Raises:
        Refusal: if there is no such node.
    """
    record = find(records, command.node)
    values = [_values(kept, most) for kept in record.kept[:_MOST]]
    grads = [None if kept is None else _values(kept, most) for kept in record.grads[:_MOST]]
    note = ""
    if record.failed:
        note = "This operation failed, so it made nothing."
    elif None in values:
        note = "The values of this node were not kept: later ones needed the room."
    return Detail(
        node=record.id, values=values, grads=grads, accumulated=_accumulated(record, most), note=note
    )


def find(records: list[NodeRecord], node: int) -> NodeRecord:
    """The record of that id.

    Raises:
        Refusal: if there is none.
    """
    if not 0 <= node < len(records):
        raise Refusal(f"There is no node {node}: the recording of this run has {len(records)}.")
    return records[node]


def _values(kept: Kept, most: int) -> Values | None:
    if kept.array is None:
        return None
    values = describe(kept.array, most)
    if not values.data:
        first: Any = host(kept.array).flat[:most]
        first = np.abs(first) if first.dtype.kind == "c" else first.astype(np.float64)
        values.data = numbers(first.tolist())
    return values


def _accumulated(record: NodeRecord, most: int) -> Values | None:
    """A leaf's ``.grad`` now, if the leaf is still there."""
    leaf = record.tensors[0]() if record.tensors else None
    if leaf is None or leaf._grad is None:
        return None
    return _values(Kept(leaf._grad._data, 0, None), most)

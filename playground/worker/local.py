"""The derivatives of one operation: its local Jacobians, and a check of them by finite differences."""

from __future__ import annotations

from typing import Any

from engine.state import S
from engine.tensor import Tensor
from playground.protocol import Local, LocalBlock, LocalResult
from playground.worker.explain import Refusal, find
from playground.worker.jacobian import again, array_of, rows_of
from playground.worker.records import NodeRecord

MOST = 4_096
"""Numbers of one Jacobian."""


def differentiate_locally(records: list[NodeRecord], command: Local) -> LocalResult:
    """The Jacobian of one output with respect to each input through which gradients flow, on the recorded values.

    Raises:
        Refusal: if the operation has no derivative, or a value is not there any more.
    """
    record = find(records, command.node)
    if record.op is None or not record.sources or not (record.op.vjp or record.custom is not None):
        raise Refusal("This node is not an operation with a derivative.")
    leaves: list[tuple[int, NodeRecord, Tensor]] = []
    given: list[Tensor] = []
    for source, output, place, cut in record.sources:
        value: Any = array_of(source, output)
        leaf = Tensor._wrap(value.copy())
        if not cut and value.dtype.kind == "f":
            leaf.requires_grad_()
            leaves.append((place, source, leaf))
        given.append(leaf)
    grad_mode, S.grad_enabled = S.grad_enabled, True
    try:
        y = again(record, iter(given))[command.output]
        blocks = []
        for place, source, leaf in leaves:
            block = LocalBlock(input=place, source=source.id, rows=list(y.shape), columns=list(leaf.shape))
            if y.numel() * leaf.numel() <= MOST:
                block.values = rows_of(y, [leaf])[0].tobytes()
            blocks.append(block)
    finally:
        S.grad_enabled = grad_mode
    return LocalResult(node=record.id, output=command.output, blocks=blocks)

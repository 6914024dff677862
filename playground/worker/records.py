"""The recording as it is kept: what the tape said, put together, to be turned into protocol messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from weakref import ref

from engine.dtypes import ALL
from engine.registry import Op
from engine.tensor import Tensor
from playground.worker.keeping import Kept
from playground.worker.misfits import Operand
from playground.worker.places import Site, Target

Kind = Literal["op", "leaf", "parameter", "constant"]

DTYPES = {dtype.numpy: dtype._name for dtype in ALL}
"""NumPy works a dtype's name out each time it is asked, slower than the operation it is about."""


class _Here:
    """Stands for a tensor among recorded arguments; which one, `NodeRecord.sources` says in order."""

    def __repr__(self) -> str:
        return "<tensor>"


HERE = _Here()

Source = tuple["NodeRecord", int, int, bool]
"""A tensor that flowed into an operation: its record, which output of it, which argument it is, and whether no gradient
flows back."""


class NodeRecord:
    """A node of the graph: an operation and what it made, or a tensor that was there before.

    What most records do not have is a default of the class.
    """

    op: Op | None = None
    custom: Any = None
    """The program's own `autograd.Function`, if it is that."""
    args: tuple[Any, ...] | None = None
    """As the op's forward takes them, with `HERE` for each tensor, or None: `arguments` then puts them together."""
    statics: tuple[Any, ...] = ()
    """Arguments after the inputs."""
    numbers: tuple[tuple[int, Any], ...] = ()
    """Inputs that are no nodes, and their places."""
    sources: Sequence[Source] = ()
    kept: Sequence[Kept] = ()
    """What each output held."""
    tensors: Sequence[ref[Tensor]] = ()
    requires_grad: list[bool] = []  # noqa: RUF012 (replaced, never changed, until there are tensors)
    grad_fn = ""
    flags: tuple[Any, ...] = ()
    failed = ""
    version = 0
    targets: tuple[Target, ...] = ()
    """What the program calls the outputs."""
    name = ""
    """Known otherwise than from the program's text: a parameter's, or that of the tensor changed in place."""
    gradient_of: NodeRecord | None = None
    """The leaf whose ``.grad`` it is."""
    base: NodeRecord | None = None
    """Of a view or a write in place: the first record that had the memory."""
    origin: NodeRecord | None = None
    """For a leaf that was changed in place, by an optimizer or by hand: the leaf."""
    grads: Sequence[Kept | None] = ()
    """The last gradient of each output."""
    sent = False

    def __init__(self, id: int, kind: Kind, label: str, cell: int, scope: int, site: Site | None) -> None:
        self.id = id
        self.kind = kind
        self.label = label
        """``aten::sin``."""
        self.cell = cell
        self.scope = scope
        self.site = site

    def arguments(self) -> tuple[Any, ...]:
        """All arguments of the operation, with `HERE` for each tensor that is a source."""
        if self.args is not None or self.op is None:
            return self.args or ()
        inputs: list[Any] = [HERE] * self.op.n_inputs
        for place, value in self.numbers:
            inputs[place] = value
        return (*inputs, *self.statics)

    def operands(self) -> list[Operand]:
        """The tensors that went in, as sentences about them need them."""
        return [
            Operand(
                source.names()[output], source.kept[output].shape, DTYPES.get(source.kept[output].dtype, "")
            )
            for source, output, _, _ in self.sources
        ]

    def names(self) -> list[str]:
        """The name of each output, as far as known."""
        count = len(self.kept)
        if count == 1:
            return [self.targets[0].text if self.targets else self.name]
        found = [target.text for target in self.targets[:count]]
        return found + [""] * (count - len(found))


class StepRecord:
    """One backward node that ran."""

    __slots__ = (
        "accumulated",
        "after",
        "call",
        "entering",
        "failed",
        "index",
        "leaving",
        "line",
        "name",
        "record",
        "returned",
        "time_us",
    )

    def __init__(
        self, index: int, call: int, record: NodeRecord, name: str, line: int, time_us: float, after: int
    ) -> None:
        self.index = index
        self.call = call
        self.record = record
        self.name = name
        self.line = line
        self.time_us = time_us
        self.after = after
        """How many nodes there were."""
        self.failed = ""
        self.returned = False
        self.entering: Sequence[Kept | None] = ()
        self.leaving: list[tuple[NodeRecord, int, Kept]] = []
        self.accumulated: Kept | None = None

"""Turns records into `Graph` events, many at a time, and sends them within what a run may send."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from engine.tensor import Tensor
from playground.protocol import Clear, Edge, GradFlow, Graph, Node, Profile, Step, TensorInfo, Values, encode
from playground.runner.channel import FrameTooLarge
from playground.worker import misfits
from playground.worker.flat import flat_elements
from playground.worker.keeping import Kept
from playground.worker.output import Channel, Outbox, clean
from playground.worker.records import DTYPES, NodeRecord, StepRecord
from playground.worker.scopes import Scopes
from playground.worker.values import INLINE, describe_all

_HEAVY = 150_000
"""Estimated bytes of one event; a frame may have 512 KiB."""
_LAST_WORDS = 8_192
"""Bytes left for `Finished`."""
_TOGETHER = 500
"""Records looked at for one event."""
_MOST_OUTPUTS = 64
_SPARE = 0.8
"""The part of what a run may send that the graph may take; figures, text and the profile need the rest."""
_FEW = 8
"""Elements that still travel inline when there is little room left."""


Record = NodeRecord | StepRecord | Clear
"""What is sent in the order in which it happened."""


class Stream:
    """Records on their way out."""

    def __init__(self, channel: Channel, outbox: Outbox, scopes: Scopes) -> None:
        self.program: dict[str, Any] = {}
        """The program's variables, for tensors whose name was not seen."""
        self.omitted = 0
        self.restart = False
        """Whether the next event begins the graph anew."""
        self._channel = channel
        self._outbox = outbox
        self._scopes = scopes
        self._waiting: list[Record] = []
        self._told = 0
        self._flushing = False

    @property
    def waiting(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._waiting or self.omitted > self._told)

    @property
    def full(self) -> bool:
        """Whether the graph has taken its part of what a run may send."""
        return self._channel.sent_bytes > _SPARE * self._channel.limits.results_bytes

    def add(self, record: Record) -> None:
        """Let a record be sent with the next batch."""
        self._waiting.append(record)

    def flush(self, until: NodeRecord | None = None) -> None:
        """Send what waits, but not `until` and what came after it: its name may still turn out to be another's."""
        if self._flushing:
            return
        self._flushing = True
        try:
            end = len(self._waiting)
            if until is not None and not until.sent:
                end = next((n for n, record in enumerate(self._waiting) if record is until), end)
            while end > 0 or self.omitted > self._told:
                event, taken = self._next(end)
                try:
                    self._channel.emit(event)
                except FrameTooLarge:
                    self._outbox.notice_once("A part of the graph was too large to send.")
                finally:
                    # Interrupts are raised after a frame was written: it must not be sent again.
                    del self._waiting[:taken]
                    del self._scopes.unsent[: len(event.scopes)]
                    self._told = event.omitted
                    self.restart = False
                end -= taken
        finally:
            self._flushing = False

    def send_profile(self, profile: Profile) -> None:
        """Send the profile, with as many bars as there is room for."""
        limits = self._channel.limits
        room = min(limits.frame_bytes, limits.results_bytes - self._channel.sent_bytes - _LAST_WORDS)
        while (size := len(encode(profile))) > room and (
            profile.kernels or profile.spans or profile.by_shape
        ):
            rows: list[Any] = profile.kernels or profile.spans or profile.by_shape
            fewer = min(int(len(rows) * room / size), len(rows) - 1) if room > 0 else 0
            if rows is profile.spans:
                profile.spans_omitted += len(rows) - fewer
            del rows[fewer:]
        self._channel.emit(profile)

    # --- Building ----------------------------------------------------------------------------------------------------

    def _next(self, end: int) -> tuple[Graph, int]:
        """The event for the first records, as many as make one frame, and how many those are."""
        roomy = self._channel.sent_bytes < _SPARE / 2 * self._channel.limits.results_bytes
        batch = self._waiting[: min(end, _TOGETHER)]
        self._describe(batch)
        self._name(batch)
        event = Graph(omitted=self.omitted, restart=self.restart)
        nodes, edges, scopes, unsent = event.nodes, event.edges, event.scopes, self._scopes.unsent
        weight = 0
        taken = 0
        for record in batch:
            if isinstance(record, NodeRecord):
                # A scope is made for the node that is first in it, so theirs are those up to its own.
                while len(scopes) < len(unsent) and unsent[len(scopes)].id <= record.scope:
                    weight += 100
                    scopes.append(unsent[len(scopes)])
                node = self._node(record, INLINE if roomy or record.kind != "op" else _FEW)
                nodes.append(node)
                edges += [
                    Edge(
                        source=source.id,
                        target=record.id,
                        output=min(output, _MOST_OUTPUTS - 1),
                        input=place,
                        cut=cut,
                    )
                    for source, output, place, cut in record.sources
                ]
                weight += 200 + 60 * len(record.sources)
                for shown in node.outputs:
                    weight += 240 + 9 * len(shown.value.data)
                record.sent = True
                for kept in record.kept:
                    kept.values = None
            elif isinstance(record, Clear):
                event.clears.append(record)
                weight += 40
            else:
                step = _step(record, INLINE if roomy else _FEW)
                event.steps.append(step)
                weight += 100 + sum(map(_weight, (*step.entering, *step.leaving, step.accumulated)))
            taken += 1
            if weight > _HEAVY:
                break
        return event, taken

    def _describe(self, batch: Iterable[Record]) -> None:
        """Work out the statistics of all that need it, together."""
        found: list[Kept] = []
        for record in batch:
            if isinstance(record, NodeRecord):
                found += record.kept
            elif isinstance(record, StepRecord):
                found += [kept for kept in record.entering if kept is not None]
                found += [flow[2] for flow in record.leaving]
                if record.accumulated is not None:
                    found.append(record.accumulated)
        found = [kept for kept in found if not kept.may_go and kept.array is not None]
        for kept, values in zip(found, describe_all([kept.array for kept in found]), strict=True):
            kept.described(values)

    def _name(self, batch: Iterable[Record]) -> None:
        """Names for tensors whose making did not show one: a parameter's in its module, or a program's variable."""
        variables: dict[int, str] | None = None
        for record in batch:
            if not isinstance(record, NodeRecord) or not record.tensors:
                continue
            if record.gradient_of is not None:
                leaf = record.gradient_of.names()[0]
                record.name = f"{leaf}.grad"[:200] if leaf else ""
                continue
            if "inplace" in record.flags and record.sources:
                record.name = record.sources[0][0].names()[record.sources[0][1]]
            tensor = record.tensors[0]()
            if tensor is None:
                continue
            if record.kind == "constant" and tensor._edge is not None and tensor._edge[0].is_leaf_node:
                # `requires_grad` was set after it was made.
                record.kind = "leaf"
                record.requires_grad[0] = True
            if record.targets:
                continue
            if record.kind == "parameter" and not self._scopes.parameter_name(tensor):
                self._scopes.learn(self.program)
            if parameter := self._scopes.parameter_name(tensor):
                record.name = parameter[:200]
            elif not record.name and len(record.tensors) == 1:
                if variables is None:
                    named = list(self.program.items())
                    variables = {
                        id(v): name for name, v in named if isinstance(v, Tensor) and name[:1] != "_"
                    }
                record.name = variables.get(id(tensor), "")[:200]

    def _node(self, record: NodeRecord, most: int) -> Node:
        outputs = []
        flags = list(record.flags)
        for kept, name, requires_grad in zip(
            record.kept[:_MOST_OUTPUTS], record.names(), record.requires_grad, strict=False
        ):
            values = kept.values
            if values is None or len(values.data) > most:
                values = _values(kept, most)
            outputs.append(
                TensorInfo(
                    shape=list(kept.shape),
                    dtype=DTYPES.get(kept.dtype) or kept.dtype.name,
                    name=name,
                    device="cpu" if kept.on_host else "cuda",
                    requires_grad=requires_grad,
                    version=record.version,
                    value=values,
                )
            )
            if values.nonfinite and "nonfinite" not in flags:
                flags.append("nonfinite")
        return Node(
            id=record.id,
            kind=record.kind,
            op=_cleaned(record.label),
            grad_fn=_cleaned(record.grad_fn),
            cell=record.cell,
            place=None if record.site is None else record.site.place,
            scope=record.scope,
            outputs=outputs,
            flags=flags,
            failed=record.failed,
            saturated=flat_elements(record.label, record.kept[0]) if record.kept else 0,
            base=None if record.base is None else record.base.id,
            hint=clean(misfits.advice(record.failed, record.operands()), 2_000) if record.failed else "",
        )


@lru_cache(1_000)
def _cleaned(label: str) -> str:
    return clean(label, 200)


def _step(record: StepRecord, most: int) -> Step:
    return Step(
        index=record.index,
        call=record.call,
        node=record.record.id,
        name=record.name,
        line=record.line,
        entering=[None if kept is None else _values(kept, most) for kept in record.entering[:_MOST_OUTPUTS]],
        leaving=[
            GradFlow(target=target.id, output=min(output, _MOST_OUTPUTS - 1), grad=_values(kept, most))
            for target, output, kept in record.leaving[:_MOST_OUTPUTS]
        ],
        accumulated=None if record.accumulated is None else _values(record.accumulated, INLINE),
        time_us=record.time_us,
        after=record.after,
        failed=record.failed,
        returned=record.returned,
    )


def _values(kept: Kept, most: int) -> Values:
    values = kept.values
    if values is None:
        numel = 1
        for length in kept.shape:
            numel *= length
        return Values(numel=min(numel, 100_000_000))
    if len(values.data) > most:
        return msgspec.structs.replace(values, data=[])
    return values


def _weight(shown: Values | GradFlow | None) -> int:
    """Bytes that it will take, roughly."""
    if shown is None:
        return 1
    values = shown.grad if isinstance(shown, GradFlow) else shown
    return 120 + 9 * len(values.data)

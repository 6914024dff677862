"""What the page shows, as text: the same events, without a browser."""

from __future__ import annotations

import sys
from typing import TextIO

import msgspec

from playground.protocol import (
    Error,
    Figure,
    Finished,
    Graph,
    Node,
    Notice,
    Output,
    Profile,
    Run,
    Started,
    Step,
    TensorInfo,
    Values,
    WorkerEvent,
    encode,
)
from playground.runner.limits import MIB, Limits
from playground.worker.main import run_program
from playground.worker.output import OneWay

_ROWS = 40
"""Of the profile."""


def show(code: str, seed: int, as_json: bool = False, out: TextIO | None = None) -> int:
    """Run a program in this process and print what it did; returns 0 if it ended well, else 1."""
    printer = _Json(out or sys.stdout) if as_json else _Text(out or sys.stdout)
    run_program(Run(run="console", code=code, seed=seed), printer)
    return 0 if printer.status == "ok" else 1


class _Json(OneWay):
    """A channel that prints every event as a line of JSON. There is nobody to share with, so more may be sent."""

    def __init__(self, out: TextIO) -> None:
        self.limits = Limits(results_bytes=64 * MIB)
        self.sent_bytes = 0
        self.status = ""
        self._out = out

    def emit(self, event: WorkerEvent) -> None:
        """Print one event."""
        self.sent_bytes += len(encode(event))
        if isinstance(event, Finished):
            self.status = event.status
        self.print(event)

    def print(self, event: WorkerEvent) -> None:
        """As JSON."""
        self._out.write(msgspec.json.encode(event).decode() + "\n")


class _Text(_Json):
    """The same as text. The graph and the profile come at the end, as tables."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._titles: dict[int, str] = {}
        self._cell = -1
        self._nodes: list[Node] = []
        self._inputs: dict[int, list[int]] = {}
        self._steps: list[Step] = []
        self._profile: Profile | None = None

    def print(self, event: WorkerEvent) -> None:
        """As text."""
        match event:
            case Started():
                self._titles = {cell.index: cell.title for cell in event.cells}
            case Output():
                self._under(event.cell)
                self._out.write(event.text + ("\n" if event.stream == "result" else ""))
            case Figure():
                self._under(event.cell)
                names = ", ".join(trace.name or trace.type for trace in event.figure.data)
                self._out.write(f"[figure {event.index}: {names}]\n")
            case Notice():
                self._under(event.cell)
                self._out.write(f"[{event.message}]\n")
            case Error():
                self._under(event.cell)
                self._out.write((event.traceback or event.message).rstrip() + "\n")
                if event.hint:
                    self._out.write(f"Hint: {event.hint}\n")
            case Graph():
                self._nodes += event.nodes
                self._steps += event.steps
                for edge in event.edges:
                    self._inputs.setdefault(edge.target, []).append(edge.source)
            case Profile():
                self._profile = event
            case Finished():
                self._graph()
                self._table()
                took = f"{event.wall_ms:.0f} ms, {event.operations:,} operations"
                self._out.write(f"\n{event.status}: {took}. {event.message}\n")

    def _under(self, cell: int) -> None:
        if cell != self._cell and len(self._titles) > 1:
            self._out.write(f"\n# %% {self._titles.get(cell, '')}\n")
        self._cell = cell

    def _graph(self) -> None:
        """A row per node; the last gradient that entered it, and how much of it has arrived at a leaf."""
        if not self._nodes:
            return
        gradients: dict[int, Values] = {}
        for step in self._steps:
            arrived = step.accumulated or next((g for g in step.entering if g is not None), None)
            if arrived is not None:
                gradients[step.node] = arrived
        rows: list[tuple[str, ...]] = [
            ("node", "line", "operation", "name", "shape", "value", "gradient", "from")
        ]
        for node in self._nodes:
            first = node.outputs[0] if node.outputs else None
            rows.append(
                (
                    str(node.id),
                    str(node.place.line) if node.place else "",
                    f"{node.op or node.kind}{' (failed)' if node.failed else ''}",
                    ", ".join(o.name for o in node.outputs if o.name),
                    _shape(first),
                    "" if first is None else _brief(first.value),
                    _brief(gradients[node.id]) if node.id in gradients else "",
                    " ".join(map(str, self._inputs.get(node.id, ()))),
                )
            )
        self._rows(rows)

    def _table(self) -> None:
        profile = self._profile
        if profile is None or not profile.by_op:
            return
        rows: list[tuple[str, ...]] = [("operation", "self us", "total us", "calls")]
        rows += [(r.name, f"{r.self_cpu:.1f}", f"{r.cpu:.1f}", str(r.count)) for r in profile.by_op[:_ROWS]]
        self._rows(rows)
        noting, explaining = profile.overhead_us / 1000, profile.explaining_us / 1000
        self._out.write(
            f"Recording cost the program about {noting:.1f} ms while it ran; explaining it took {explaining:.1f} ms.\n"
        )

    def _rows(self, rows: list[tuple[str, ...]]) -> None:
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        self._out.write("\n")
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self._out.write("  ".join(cells).rstrip() + "\n")


def _shape(tensor: TensorInfo | None) -> str:
    if tensor is None:
        return ""
    inside = ", ".join(map(str, tensor.shape)) + ("," if len(tensor.shape) == 1 else "")
    return f"({inside})"


def _brief(values: Values) -> str:
    """The numbers if there are at most three, else how large they are."""
    if values.numel <= 3 and len(values.data) == values.numel:
        return " ".join(v if isinstance(v, str) else f"{v:.4g}" for v in values.data)
    return f"norm {values.norm if isinstance(values.norm, str) else format(values.norm, '.4g')}"

"""A run's graph put together from its events, and how its parts are called, for all that is written from it.

The events may come from a stranger: scopes whose parents are missing or go round in a circle, edges to nothing and
nesting without end are all straightened out here, so that the writers need not think of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from playground.protocol import Edge, Event, Graph, Node, Number, Output, Scope, Shape, Step, Values

DEEPEST = 24
"""Scopes within scopes; what is deeper counts to the scope around it."""
_TEXT = 16_384
_NODES = 20_000
"""Of one `Graph` event, as the protocol has it."""
_LEFT_OUT = ("detail", "jacobian", "local", "queued")


class Recording:
    """Nodes, edges, scopes and gradients of a run."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.nodes: dict[int, Node] = {}
        self.edges: list[Edge] = []
        self.scopes: dict[int, Scope] = {}
        self.gradients: dict[int, Values] = {}
        """By node, the last one that entered it; of a leaf, what has accumulated in its ``.grad``."""
        self.omitted = 0
        steps: list[Step] = []
        edges: list[Edge] = []
        scopes: dict[int, Scope] = {}
        for event in events:
            if not isinstance(event, Graph):
                continue
            for node in event.nodes:
                self.nodes.setdefault(node.id, node)
            for scope in event.scopes:
                scopes.setdefault(scope.id, scope)
            edges += event.edges
            steps += event.steps
            self.omitted = max(self.omitted, event.omitted)
        self.edges = [edge for edge in edges if edge.source in self.nodes and edge.target in self.nodes]
        for step in steps:
            arrived = step.accumulated or next((g for g in step.entering if g is not None), None)
            if arrived is not None:
                self.gradients[step.node] = arrived
        self._within = {0: 0}
        """For each scope the one that stands for it, 0 for the program itself."""
        self._depth = {0: 0}
        for scope in scopes.values():
            self._settle(scope, scopes)

    def scope_of(self, node: Node) -> int:
        """The scope a node is drawn in; 0 is the program itself."""
        return self._within.get(node.scope, 0)

    def _settle(self, scope: Scope, scopes: dict[int, Scope]) -> None:
        way = []
        while scope.id not in self._within:
            way.append(scope)
            # Should it lead back to itself, it is found here the next time round and ends.
            self._within[scope.id] = 0
            parent = scopes.get(scope.parent)
            if parent is None:
                break
            scope = parent
        for inner in reversed(way):
            around = self._within.get(inner.parent, 0)
            depth = self._depth[around] + 1
            if depth > DEEPEST:
                self._within[inner.id] = around
            else:
                self._within[inner.id] = inner.id
                self._depth[inner.id] = depth
                self.scopes[inner.id] = Scope(
                    id=inner.id,
                    parent=around,
                    kind=inner.kind,
                    name=inner.name,
                    type=inner.type,
                    line=inner.line,
                    index=inner.index,
                )


def compact(events: Iterable[Event]) -> list[Event]:
    """A run's events as one stores them: pieces of text and of the graph joined, answers to questions left out."""
    kept: list[Event] = []
    for event in events:
        last = kept[-1] if kept else None
        if event.__struct_config__.tag in _LEFT_OUT:
            continue
        match last, event:
            case Output(), Output() if (
                event.stream == last.stream != "result"
                and event.cell == last.cell
                and len(last.text) + len(event.text) <= _TEXT
            ):
                kept[-1] = Output(
                    run=event.run,
                    seq=event.seq,
                    cell=event.cell,
                    stream=event.stream,
                    text=last.text + event.text,
                )
            case Graph(), Graph() if (
                len(last.nodes) + len(event.nodes) <= _NODES and len(last.steps) + len(event.steps) <= _NODES
            ):
                kept[-1] = Graph(
                    run=event.run,
                    seq=event.seq,
                    nodes=last.nodes + event.nodes,
                    edges=last.edges + event.edges,
                    scopes=last.scopes + event.scopes,
                    steps=last.steps + event.steps,
                    clears=last.clears + event.clears,
                    omitted=max(last.omitted, event.omitted),
                )
            case _:
                kept.append(event)
    return kept


# --- Words -----------------------------------------------------------------------------------------------------------


def plain(text: str, most: int = 200) -> str:
    """A stranger's text on one line, without control characters."""
    cleaned = "".join(c if c.isprintable() else " " for c in text[:most])
    return cleaned + "…" if len(text) > most else cleaned


def op_name(node: Node) -> str:
    """``sin`` for ``aten::sin``, else what kind of tensor it is."""
    return plain(node.op.removeprefix("aten::")) or node.kind


def node_name(node: Node) -> str:
    """The variable or parameter it was assigned to, or the operation."""
    return next((plain(output.name) for output in node.outputs if output.name), "") or op_name(node)


def scope_name(scope: Scope) -> str:
    """``layer1: Linear``, ``forward()``, ``for x in xs``, ``iteration 3``."""
    name, kind = plain(scope.name, 80), plain(scope.type, 80)
    match scope.kind:
        case "module":
            return f"{name}: {kind}" if kind and kind != name else name or "module"
        case "function":
            return f"{name}()"
        case "iteration":
            return f"iteration {scope.index}"
        case _:
            return name or kind or scope.kind


def shape_text(shape: Shape) -> str:
    """``(3,)``, as Python writes it."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def number_text(x: Number) -> str:
    """Four significant digits."""
    return x if isinstance(x, str) else format(x, ".4g")


def brief(values: Values) -> str:
    """The numbers if there are at most three, else how large they are."""
    if values.unknown:
        return "not kept"
    if values.numel <= 3 and len(values.data) == values.numel:
        return ", ".join(map(number_text, values.data)) or "no elements"
    return f"norm {number_text(values.norm)}"

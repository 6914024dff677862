"""What ``engine.show(loss)`` gives: the graph as a standalone page, in a notebook inside a frame.

The engine hands over plain data (`engine.showing.trace`); nothing of the engine is imported here.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from playground.export.html import html
from playground.protocol import (
    Edge,
    Event,
    Finished,
    Graph,
    Node,
    SessionContent,
    Started,
    Step,
    TensorInfo,
    Values,
)
from playground.worker.values import describe

HEIGHT = 520
"""Of the frame, in pixels."""
_MOST_OUTPUTS = 64
_SHOWN_NAMES = 6


class GraphView:
    """A graph that a notebook shows, and that can be saved."""

    def __init__(self, content: SessionContent, words: str) -> None:
        self.content = content
        self._words = words

    def __repr__(self) -> str:
        return self._words

    def _repr_html_(self) -> str:
        """The page in a frame of its own, where it can neither reach the notebook nor be reached by it."""
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(html(self.content))}" title="Autograd graph" '
            f'style="width: 100%; height: {HEIGHT}px; border: 1px solid #8884; border-radius: 6px"></iframe>'
        )

    def save(self, path: str | Path) -> Path:
        """Write the page; returns where. Raises `playground.export.html.NotBuilt` and OSError."""
        file = Path(path)
        file.write_text(html(self.content), encoding="utf-8")
        return file


def view(graph: dict[str, Any]) -> GraphView:
    """The view of a graph as `engine.showing.trace` gives it."""
    nodes = [_node(node) for node in graph["nodes"]]
    leaves = [node for node in graph["nodes"] if node["grad"] is not None]
    steps = [
        Step(
            index=index,
            call=0,
            node=leaf["id"],
            name="AccumulateGrad",
            accumulated=describe(leaf["grad"]),
            after=len(nodes),
        )
        for index, leaf in enumerate(leaves)
    ]
    edges = [
        Edge(
            source=source,
            target=target,
            output=min(output, _MOST_OUTPUTS - 1),
            input=place,
            cut=graph["nodes"][source]["kind"] == "constant",
        )
        for source, output, target, place in graph["edges"]
    ]
    operations = sum(node.kind == "op" for node in nodes)
    events: list[Event] = [
        Started(run="show", seq=1, cells=[]),
        Graph(run="show", seq=2, nodes=nodes, edges=edges, steps=steps, omitted=graph["omitted"]),
        Finished(run="show", seq=3, status="ok", wall_ms=0.0, operations=operations),
    ]
    last = graph["nodes"][-1]
    title = next((output["name"] for output in last["outputs"] if output["name"]), "") or "Graph"
    return GraphView(SessionContent(code="", title=title[:200], events=events), _words(title, nodes))


def _node(node: dict[str, Any]) -> Node:
    outputs = [
        TensorInfo(
            shape=list(output["shape"]),
            dtype=str(output["dtype"])[:200],
            name=output["name"][:200],
            requires_grad=output["requires_grad"],
            value=_values(output),
        )
        for output in node["outputs"][:_MOST_OUTPUTS]
    ]
    return Node(
        id=node["id"], kind=node["kind"], op=node["op"][:200], grad_fn=node["grad_fn"][:200], outputs=outputs
    )


def _values(output: dict[str, Any]) -> Values:
    if output["value"] is not None:
        return describe(output["value"])
    numel = 1
    for length in output["shape"]:
        numel *= length
    return Values(numel=min(numel, 100_000_000), unknown=True)


def _words(title: str, nodes: list[Node]) -> str:
    """One line, for where no HTML is shown."""
    operations = sum(node.kind == "op" for node in nodes)
    leaves = [node.outputs[0].name or "unnamed" for node in nodes if node.kind in ("leaf", "parameter")]
    more = f" and {len(leaves) - _SHOWN_NAMES} more" if len(leaves) > _SHOWN_NAMES else ""
    named = ", ".join(leaves[:_SHOWN_NAMES]) + more
    return (
        f"<graph of {title}: {operations} operation{'s' * (operations != 1)} from {named or 'no leaf'}; "
        '.save("graph.html") writes it as a page>'
    )

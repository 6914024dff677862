"""The graph as a graph collection of Google's Model Explorer (https://github.com/google-ai-edge/model-explorer).

The format is that of ``GraphCollection`` in its ``src/ui/src/components/visualizer/common/input_graph.ts``, which its
page opens as a ``.json`` file: graphs of nodes with a namespace (``a/b/c``), attributes and incoming edges. Ids of
outputs and inputs are their numbers as text; shape and dtype of a tensor are ``outputsMetadata``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from playground.export import recording
from playground.export.recording import Recording
from playground.protocol import Edge, Node, SessionContent, TensorInfo, Values


class KeyValue(msgspec.Struct):
    """An attribute as Model Explorer shows it."""

    key: str
    value: str


class Metadata(msgspec.Struct):
    """Attributes of one output or input."""

    id: str
    attrs: list[KeyValue]


class IncomingEdge(msgspec.Struct):
    """Where an input comes from."""

    sourceNodeId: str
    sourceNodeOutputId: str
    targetNodeInputId: str


class Style(msgspec.Struct, omit_defaults=True):
    """Colours in CSS's spelling."""

    backgroundColor: str = ""
    borderColor: str = ""


class GraphNode(msgspec.Struct, omit_defaults=True):
    """A node; empty fields are left out, but for those the format demands."""

    id: str
    label: str
    namespace: str = msgspec.field()
    attrs: list[KeyValue] = []
    incomingEdges: list[IncomingEdge] = []
    outputsMetadata: list[Metadata] = []
    inputsMetadata: list[Metadata] = []
    style: Style | None = None


class Graph(msgspec.Struct):
    """One graph; `groupNodeAttributes` has those of the scopes by namespace, and of the graph under the empty one."""

    id: str
    nodes: list[GraphNode]
    groupNodeAttributes: dict[str, dict[str, str]]


class GraphCollection(msgspec.Struct):
    """What a file holds."""

    label: str
    graphs: list[Graph]


_CUT = "none: it is cut here"
_STYLES = {
    "leaf": Style(backgroundColor="#fbe8d8", borderColor="#a84a00"),
    "parameter": Style(backgroundColor="#fbe8d8", borderColor="#a84a00"),
    "constant": Style(backgroundColor="#f3f3f0", borderColor="#666d76"),
}
_FAILED = Style(backgroundColor="#fbe7e9", borderColor="#b3152e")


def collection(content: SessionContent) -> GraphCollection:
    """The last run's graph of a session."""
    found = Recording(content.events)
    title = recording.plain(content.title) or "graph"
    spaces = _namespaces(found)
    incoming: dict[int, list[Edge]] = {}
    for edge in found.edges:
        incoming.setdefault(edge.target, []).append(edge)
    nodes = [
        _node(node, spaces[found.scope_of(node)], incoming.get(node.id, ()), found)
        for node in found.nodes.values()
    ]
    told: dict[str, dict[str, str]] = {
        "": {"seed": str(content.seed), "device": content.device, "nodes": str(len(nodes))}
    }
    if found.omitted:
        told[""]["not recorded"] = f"{found.omitted:,} later operations"
    for scope in found.scopes.values():
        facts = {"kind": scope.kind, "type": recording.plain(scope.type)}
        if scope.line:
            facts["line"] = str(scope.line)
        told[spaces[scope.id]] = {key: value for key, value in facts.items() if value}
    return GraphCollection(label=title, graphs=[Graph(id=title, nodes=nodes, groupNodeAttributes=told)])


def model_explorer(content: SessionContent) -> str:
    """The same as the text of a ``.json`` file."""
    return msgspec.json.encode(collection(content)).decode()


def _namespaces(found: Recording) -> dict[int, str]:
    """A path for each scope, no two the same: Model Explorer would take two calls of one layer for one group."""
    spaces = {0: ""}
    taken: dict[str, int] = {}
    for scope in found.scopes.values():  # parents come first
        name = _segment(recording.scope_name(scope))
        path = f"{spaces[scope.parent]}/{name}" if scope.parent else name
        taken[path] = count = taken.get(path, 0) + 1
        while count > 1 and f"{path} ({count})" in taken:
            count += 1
        if count > 1:
            path = f"{path} ({count})"
            taken[path] = 1
        spaces[scope.id] = path
    return spaces


def _segment(name: str) -> str:
    """One part of a namespace: a slash is escaped, and of ``a;b`` Model Explorer would keep ``b`` alone."""
    return re.sub(r"\\+", " ", name).replace("/", "\\/").replace(";", ",").strip() or "scope"


def _node(node: Node, namespace: str, edges: Iterable[Edge], found: Recording) -> GraphNode:
    attrs = [KeyValue("kind", node.kind)]
    if name := next((recording.plain(output.name) for output in node.outputs if output.name), ""):
        attrs.append(KeyValue("name", name))
    if node.grad_fn:
        attrs.append(KeyValue("grad_fn", recording.plain(node.grad_fn)))
    if node.place:
        attrs.append(KeyValue("line", str(node.place.line)))
    if node.flags:
        attrs.append(KeyValue("flags", ", ".join(node.flags)))
    if node.failed:
        attrs.append(KeyValue("failed", recording.plain(node.failed, 1_000)))
    if node.id in found.gradients:
        attrs += [
            KeyValue(f"gradient {key}", value) for key, value in _statistics(found.gradients[node.id]).items()
        ]
    edges = list(edges)
    inputs = []
    for edge in edges:
        source = found.nodes[edge.source].outputs
        tag = recording.plain(source[edge.output].name) if edge.output < len(source) else ""
        facts = [KeyValue("__tensor_tag", tag)] if tag else []
        if edge.cut:
            facts.append(KeyValue("gradient", _CUT))
        if facts:
            inputs.append(Metadata(str(edge.input), facts))
    return GraphNode(
        id=str(node.id),
        label=recording.op_name(node) if node.op else recording.node_name(node),
        namespace=namespace,
        attrs=attrs,
        incomingEdges=[IncomingEdge(str(e.source), str(e.output), str(e.input)) for e in edges],
        outputsMetadata=[Metadata(str(k), _tensor(tensor)) for k, tensor in enumerate(node.outputs)],
        inputsMetadata=inputs,
        style=_FAILED if node.failed else _STYLES.get(node.kind),
    )


def _tensor(tensor: TensorInfo) -> list[KeyValue]:
    dtype = recording.plain(tensor.dtype, 40)
    facts = {"tensor_shape": f"{dtype}{recording.shape_text(tensor.shape)}", "dtype": dtype}
    if tensor.name:
        facts["__tensor_tag"] = recording.plain(tensor.name)
    facts["requires_grad"] = str(tensor.requires_grad)
    facts |= _statistics(tensor.value)
    return [KeyValue(key, value) for key, value in facts.items()]


def _statistics(values: Values) -> dict[str, str]:
    if values.unknown:
        return {}
    number = recording.number_text
    if values.numel <= 8 and len(values.data) == values.numel:
        return {"values": ", ".join(map(number, values.data)) or "none"}
    facts = {key: number(getattr(values, key)) for key in ("mean", "std", "min", "max", "norm")}
    if values.nonfinite:
        facts["not finite"] = f"{values.nonfinite:,}"
    return facts

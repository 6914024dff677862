"""The graph in Graphviz's language: scopes are clusters, paths no gradient takes are dashed.

Source: "The DOT Language", https://graphviz.org/doc/info/lang.html. Every text is a quoted string, never one of
Graphviz's HTML-like labels.
"""

from __future__ import annotations

from collections.abc import Iterator

from playground.export import recording
from playground.export.recording import Recording
from playground.protocol import Node, SessionContent

_HEAD = """\
  graph [rankdir=TB, fontname="Helvetica", fontsize=12, color="#c9c9c1", style=rounded, nodesep=0.3, ranksep=0.4];
  node [shape=box, style="rounded,filled", fillcolor="#ffffff", color="#7fb0df", fontname="Helvetica", fontsize=11];
  edge [color="#7fb0df", arrowsize=0.7, fontname="Helvetica", fontsize=9];
"""
_LEAF = 'fillcolor="#fbe8d8", color="#a84a00"'
_CONSTANT = 'fillcolor="#f3f3f0", color="#666d76"'
_FAILED = 'fillcolor="#fbe7e9", color="#b3152e", penwidth=2'
_CUT = 'style=dashed, color="#666d76"'


def dot(content: SessionContent) -> str:
    """The last run's graph of a session as DOT; a graph without nodes if it has none."""
    found = Recording(content.events)
    title = recording.plain(content.title) or "graph"
    lines = [
        f"digraph {_quoted(title)} {{\n",
        _HEAD,
        f"  label={_quoted(title)}; labelloc=t;\n",
        *_boxes(found),
    ]
    several = {node.id for node in found.nodes.values() if len(node.outputs) > 1}
    for edge in found.edges:
        told = [_CUT] if edge.cut else []
        if edge.source in several:
            told.append(f'taillabel="{edge.output}"')
        attributes = f" [{', '.join(told)}]" if told else ""
        lines.append(f"  n{edge.source} -> n{edge.target}{attributes};\n")
    if found.omitted:
        note = f"{found.omitted:,} later operations were not recorded"
        lines.append(f'  omitted [shape=plaintext, style="", label={_quoted(note)}];\n')
    return "".join([*lines, "}\n"])


def _boxes(found: Recording) -> Iterator[str]:
    """Scopes as clusters with their nodes in them."""
    nodes: dict[int, list[Node]] = {}
    for node in found.nodes.values():
        nodes.setdefault(found.scope_of(node), []).append(node)
    children: dict[int, list[int]] = {}
    for scope in found.scopes.values():
        children.setdefault(scope.parent, []).append(scope.id)

    def inside(scope: int, pad: str) -> Iterator[str]:
        for node in nodes.get(scope, ()):
            yield f"{pad}{_node(node, found)}\n"
        for child in children.get(scope, ()):
            yield f'{pad}subgraph "cluster_{child}" {{\n'
            yield f"{pad}  label={_quoted(recording.scope_name(found.scopes[child]))};\n"
            yield from inside(child, pad + "  ")
            yield f"{pad}}}\n"

    yield from inside(0, "  ")


def _node(node: Node, found: Recording) -> str:
    name, op = recording.node_name(node), recording.op_name(node)
    lines = [name if name == op else f"{name} = {op}" if node.op else f"{name}: {op}"]
    if node.outputs:
        first = node.outputs[0]
        lines.append(f"{recording.shape_text(first.shape)} {recording.plain(first.dtype, 40)}")
        if node.failed:
            lines.append("failed")
        else:
            lines.append(recording.brief(first.value))
    elif node.failed:
        lines.append("failed")
    if node.id in found.gradients:
        lines.append(f"grad {recording.brief(found.gradients[node.id])}")
    told = [f"label={_quoted(*lines)}"]
    hint = recording.plain(node.failed, 400) or recording.plain(node.grad_fn)
    if node.place:
        hint = f"line {node.place.line}{': ' if hint else ''}{hint}"
    if hint:
        told.append(f"tooltip={_quoted(hint)}")
    if node.failed:
        told.append(_FAILED)
    elif node.kind in ("leaf", "parameter"):
        told.append(_LEAF)
    elif node.kind == "constant":
        told.append(_CONSTANT)
    return f"n{node.id} [{', '.join(told)}];"


def _quoted(*lines: str) -> str:
    r"""A quoted string of these lines. `&` too is escaped, since Graphviz reads ``&lt;`` as ``<``."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in lines)
    return '"' + "\\n".join(escaped) + '"'

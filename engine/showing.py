"""``engine.show(loss)``: the graph behind a tensor, in a notebook or as a page of its own.

The engine only walks the graph; who draws it is found by name when it is wanted.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from engine.graph import AccumulateGrad, Node
from engine.nn.modules.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import Tensor

VIEWER = "playground.export.notebook"
"""The module that has ``view(graph)``; `graph` is what `trace` gives."""
MOST = 20_000
"""Nodes that are walked."""


def show(*tensors: Tensor, params: Mapping[str, Any] | None = None) -> Any:
    """The graph that these tensors were computed by, from what it has saved: nothing is computed or changed.

    In a notebook the result shows itself as a diagram that can be looked through; ``.save("graph.html")`` writes it as
    a page, and ``repr`` says what is in it. Shown are operations, shapes, the values that were saved for the backward
    pass (after ``backward()`` those are gone), leaves with their values and ``.grad``.

    Variables and parameters of modules are called as in the code that calls this; `params`, names to tensors or
    modules, adds to these: ``show(loss, params=dict(model.named_parameters()))``.

    Raises:
        TypeError: if one of `tensors` is not a tensor.
        RuntimeError: if no graph leads to them, or if the viewer, which is part of the playground, is not installed.
    """
    if not tensors:
        raise TypeError("show() expects at least one tensor, as in engine.show(loss)")
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"show() expects tensors, as in engine.show(loss); got {type(tensor).__name__}")
    frame = sys._getframe(1)
    variables = {**frame.f_globals, **frame.f_locals}
    graph = trace(tensors, _named(variables) | _named(params or {}))
    try:
        viewer = importlib.import_module(VIEWER)
    except ImportError as problem:
        raise RuntimeError(
            f"engine.show needs {VIEWER} to draw the graph, and it cannot be imported ({problem}). It is part of the "
            "autograd playground: start Python where its folder `playground` is, or install the playground."
        ) from problem
    return viewer.view(graph)


def trace(tensors: tuple[Tensor, ...], named: Mapping[int, tuple[str, Tensor]]) -> dict[str, Any]:
    """The graph as plain data: ``nodes`` in an order in which inputs come first, ``edges`` between them.

    A node has ``id``, ``kind`` (``op``, ``leaf``, ``parameter`` or ``constant``), ``op``, ``grad_fn``, ``outputs`` and
    ``grad`` (an array or None); an output ``shape``, ``dtype`` (NumPy's), ``name``, ``requires_grad`` and ``value`` (an
    array, or None where it was not kept). An edge is (source, output, target, input). `named` has by ``id(tensor)``
    what a tensor is called, and the tensor.

    Raises:
        RuntimeError: if a tensor has no graph.
    """
    walk = _Walk(named)
    for tensor in tensors:
        edge = tensor._fresh_edge()
        if edge is None:
            raise RuntimeError(
                "there is no graph to show: this tensor does not require grad and was not computed from one that does. "
                "Make its inputs with requires_grad=True, outside torch.no_grad()."
            )
        walk.reach(edge[0])
    walk.describe()
    for tensor in (*tensors, *(tensor for _, tensor in named.values())):
        if tensor._edge is not None:
            walk.seen(*tensor._edge, tensor)
    return {"nodes": walk.nodes, "edges": walk.edges, "omitted": walk.omitted}


class _Walk:
    """The nodes behind some tensors, and what can be said about them."""

    def __init__(self, named: Mapping[int, tuple[str, Tensor]]) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[tuple[int, int, int, int]] = []
        self.omitted = 0
        self._named = named
        self._found: dict[Node, int] = {}
        self._constants: dict[int, int] = {}

    def reach(self, start: Node) -> None:
        """Find every node from here on. Without recursion: a graph may be as deep as it is large."""
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node in self._found:
                continue
            if len(self._found) >= MOST:
                self.omitted += 1
                continue
            self._found[node] = -1
            waiting += [edge[0] for edge in node.next_edges if edge is not None]

    def describe(self) -> None:
        """Number the nodes, the oldest first, and say what is known of each."""
        order = sorted(self._found, key=lambda node: node.sequence_nr)
        for node in order:
            if node.is_leaf_node:
                self._leaf(node)
        for node in order:
            if not node.is_leaf_node:
                self._operation(node)

    def seen(self, node: Node, output: int, tensor: Tensor) -> None:
        """Note the tensor that is an output of a node."""
        place = self._found.get(node, -1)
        outputs = self.nodes[place]["outputs"] if place >= 0 else ()
        if output < len(outputs):
            found = outputs[output]
            # What was written to since is not what the node made.
            if tensor._version == 0 or tensor._fresh_edge() == (node, output):
                found["value"] = tensor._data
            found["name"] = found["name"] or self._name(tensor)

    def _add(self, **facts: Any) -> int:
        self.nodes.append({"id": len(self.nodes), **facts})
        return len(self.nodes) - 1

    def _name(self, tensor: Tensor) -> str:
        found = self._named.get(id(tensor))
        return found[0] if found is not None else ""

    def _leaf(self, node: Node) -> None:
        tensor = node.variable if isinstance(node, AccumulateGrad) else None
        self._found[node] = self._add(
            kind="parameter" if isinstance(tensor, Parameter) else "leaf",
            op="",
            grad_fn="",
            outputs=[self._output(node.out_shape, node.out_dtype, True, tensor)],
            grad=None if tensor is None or tensor._grad is None else tensor._grad._data,
        )

    def _output(self, shape: Any, dtype: Any, requires_grad: bool, tensor: Tensor | None) -> dict[str, Any]:
        return {
            "shape": tuple(shape),
            "dtype": dtype,
            "name": "" if tensor is None else self._name(tensor),
            "requires_grad": requires_grad,
            "value": None if tensor is None else tensor._data,
        }

    def _operation(self, node: Node) -> None:
        # What hooks have packed stays packed: unpacking would run them.
        inputs = () if node.freed or node.packed is not None else node.inputs or ()
        sources: list[tuple[int, int, int]] = []
        for place in range(max(len(node.next_edges), len(inputs))):
            edge = node.next_edges[place] if place < len(node.next_edges) else None
            value = inputs[place] if place < len(inputs) else None
            if edge is not None and self._found.get(edge[0], -1) >= 0:
                sources.append((self._found[edge[0]], edge[1], place))
                if isinstance(value, Tensor):
                    self.seen(edge[0], edge[1], value)
            elif edge is None and isinstance(value, Tensor):
                sources.append((self._constant(value), 0, place))
        outputs = [self._output(shape, dtype, True, None) for shape, dtype in node.meta]
        if node.saved is not None and len(node.saved) == len(outputs):
            for found, array in zip(outputs, node.saved, strict=True):
                if array is not None:
                    found["value"] = array
        op = getattr(type(node), "op", None)
        number = self._add(
            kind="op",
            op=op.aten if op is not None else type(node).__name__.removesuffix("Backward"),
            grad_fn=type(node).__name__,
            outputs=outputs,
            grad=None,
        )
        self._found[node] = number
        self.edges += [(source, output, number, place) for source, output, place in sources]

    def _constant(self, tensor: Tensor) -> int:
        """A saved input that needs no gradient."""
        known = self._constants.get(id(tensor))
        if known is None:
            output = self._output(tensor._data.shape, tensor._data.dtype, False, tensor)
            known = self._add(kind="constant", op="", grad_fn="", outputs=[output], grad=None)
            self._constants[id(tensor)] = known
        return known


def _named(variables: Mapping[str, Any]) -> dict[int, tuple[str, Tensor]]:
    """Names by ``id``: of tensors that are variables, and of the parameters of modules that are."""
    found: dict[int, tuple[str, Tensor]] = {}
    for name, value in variables.items():
        if name.startswith("_"):  # a notebook's own: _, __, _3
            continue
        if isinstance(value, Tensor):
            found.setdefault(id(value), (name, value))
        elif isinstance(value, Module):
            for inner, parameter in value.named_parameters():
                found.setdefault(id(parameter), (f"{name}.{inner}", parameter))
    return found

"""The backward pass over the graph, without recursion.

A consumer is always younger than what it consumes, so running nodes from the youngest to the oldest is a topological
order, and the whole plan is known before the first rule runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from engine.backend import module_of
from engine.gradients import PLANNED, fit, hold, send
from engine.graph import AccumulateGrad, Node
from engine.node_hooks import after_node, before_node, call_hooks
from engine.registry import TENSORS, arrays
from engine.state import S
from engine.tensor import Tensor


def run(
    roots: Sequence[Tensor],
    grads: Sequence[Tensor],
    *,
    retain_graph: bool,
    create_graph: bool,
    targets: Sequence[Tensor] | None = None,
    accumulate: bool = True,
) -> list[Any]:
    """Run a backward pass.

    Args:
        roots: tensors that require grad.
        grads: the gradient of each, of its shape.
        retain_graph: keep what the nodes saved.
        create_graph: record the pass; gradients are then Tensors with a graph of their own.
        targets: tensors whose gradients are wanted; None means all leaves.
        accumulate: add gradients to leaves' ``grad`` (those in `targets`, if given) instead of returning them.

    Returns:
        The gradient of each target as array or Tensor, None where none arrived; empty if `accumulate`.
    """
    target_edges: dict[tuple[Node, int], list[int]] | None = None
    if targets is not None:
        target_edges = {}
        for k, t in enumerate(targets):
            edge = t._fresh_edge()
            if edge is None:
                raise RuntimeError("One of the differentiated Tensors does not require grad")
            target_edges.setdefault(edge, []).append(k)
    made = _Pass(roots[0], retain_graph, create_graph, target_edges, accumulate)
    root_nodes = []
    for root, grad in zip(roots, grads, strict=True):
        edge = root._fresh_edge()
        assert edge is not None
        root_nodes.append(edge[0])
        send(made.pending, edge, grad if made.on_tensors else grad._data)
    made.plan(root_nodes)
    for observer in S.observers:
        observer.backward_begin(roots, made.nodes, accumulate)
    made.run(root_nodes)
    caught = made.caught
    if made.on_tensors and not made.as_tensors:
        caught = [None if g is None else g._data for g in caught]
    if not accumulate or targets is None:
        return caught
    for t, grad in zip(targets, caught, strict=True):
        if not t.is_leaf and grad is not None:
            new = grad if made.as_tensors else Tensor._wrap(grad)
            t._grad = new if t._grad is None else t._grad + new
    return []


def run_from(root: Tensor, edge: tuple[Node, int], retain_graph: bool) -> None:
    """`run` as it mostly is: from one tensor of one element, whose gradient is 1, into all leaves."""
    made = _Pass(root, retain_graph, False, None, True)
    xp = np if type(root._data) is np.ndarray else module_of(root._data)
    send(made.pending, edge, xp.ones(root._data.shape, root._data.dtype))
    made.plan((edge[0],))
    for observer in S.observers:
        observer.backward_begin((root,), made.nodes, True)
    made.run((edge[0],))


class _Pass:
    """One pass: what it is to do, and the gradients on their way."""

    __slots__ = (
        "F",
        "accumulate",
        "as_tensors",
        "calls_out",
        "caught",
        "create_graph",
        "inside",
        "nodes",
        "observers",
        "on_tensors",
        "pending",
        "retain_graph",
        "running",
        "targets",
        "waiting",
    )

    def __init__(
        self,
        root: Tensor,
        retain_graph: bool,
        create_graph: bool,
        targets: dict[tuple[Node, int], list[int]] | None,
        accumulate: bool,
    ) -> None:
        self.retain_graph, self.create_graph, self.accumulate = retain_graph, create_graph, accumulate
        self.targets = targets
        self.observers = observers = S.observers
        # Those who are told of the operations inside rules; if there are any, rules run on Tensors.
        self.inside = observers if create_graph else tuple([o for o in observers if o.backward_ops])
        # Layers (forward mode) must see the operations of the rules; gradients are then Tensors, but not part of a
        # graph.
        self.as_tensors = create_graph or (bool(S.layers) and any(layer.in_backward for layer in S.layers))
        self.on_tensors = self.as_tensors or bool(self.inside)
        self.F: Any = TENSORS if self.on_tensors else arrays(root._data)
        self.pending: dict[Node, Any] = {}
        self.nodes: list[Node] = []
        self.waiting: dict[Node, int] = {}
        self.running: set[Node] | None = None
        self.caught: list[Any] = [] if targets is None else [None] * sum(map(len, targets.values()))

    def plan(self, roots: Sequence[Node]) -> None:
        """All nodes the pass runs, youngest first, and the leaves it reaches (0 each, for `count`).

        With targets, only nodes from which a target can be reached; a target's own node is left out unless something
        behind it is wanted.
        """
        nodes: list[Node] = []
        waiting = self.waiting
        calls_out = False
        for node in roots:
            if node.pending is not PLANNED:
                node.pending = PLANNED
                calls_out = calls_out or node.rules is None
                if node.is_leaf_node:
                    waiting[node] = 0
                else:
                    nodes.append(node)
        for node in nodes:  # which grows as it goes
            for edge in node.next_edges:
                if edge is not None:
                    node = edge[0]
                    if node.pending is not PLANNED:
                        node.pending = PLANNED
                        if node.rules:
                            nodes.append(node)
                            continue
                        if node.rules is None:
                            calls_out = True
                        if node.is_leaf_node:
                            waiting[node] = 0
                        else:
                            nodes.append(node)
        self.calls_out = calls_out
        nodes.sort(key=_sequence_nr, reverse=True)
        targets = self.targets
        if targets is not None:
            wanted: set[Node] = set()
            for node in reversed(nodes):
                for edge in node.next_edges:
                    if edge is not None and (edge in targets or edge[0] in wanted):
                        wanted.add(node)
                        break
            for node in nodes:
                if node not in wanted:
                    node.pending = None
            nodes = [n for n in nodes if n in wanted]
            self.running = wanted
        self.nodes = nodes

    def count(self) -> None:
        """How many edges lead into each leaf: it accumulates when the last has been there."""
        waiting = self.waiting
        if self.targets is not None:
            waiting.clear()
        for node in self.nodes:
            for edge in node.next_edges:
                if edge is not None and edge[0].is_leaf_node:
                    waiting[edge[0]] = waiting.get(edge[0], 0) + 1

    def run(self, roots: Sequence[Node]) -> None:
        """Run all nodes."""
        grad_mode, S.grad_enabled = S.grad_enabled, self.create_graph
        _passes.append(self)
        plain = self.is_plain()
        if not plain:
            self.forget()
        try:
            if plain:
                self.run_plain()
            elif self.targets is None and not self.on_tensors and not self.calls_out:
                from engine.watched import run_watched

                run_watched(self)
            else:
                self.run_all(roots)
        except BaseException:
            if plain:
                self.forget()
            raise
        finally:
            _passes.pop()
            S.grad_enabled = grad_mode
            if self.observers:
                if S.observers is self.inside:  # a rule has raised
                    S.observers = self.observers
                for observer in S.observers:
                    observer.backward_end()

    def forget(self) -> None:
        """Leave no trace at the nodes."""
        for node in self.nodes:
            node.pending = None
        for node in self.waiting:
            node.pending = None

    def is_plain(self) -> bool:
        """Arrays into leaves, nobody watching, and no code of the user's that a node or a leaf would call."""
        if self.observers or self.on_tensors or self.calls_out:
            return False
        return self.targets is None or all(n.is_leaf_node for n, _ in self.targets)

    def run_plain(self) -> None:
        """The hot path. Gradients wait at the nodes themselves, since no other pass can begin inside this one; leaves
        accumulate at the end."""
        F, wanted = self.F, self.running
        free = not self.retain_graph
        if wanted is not None:
            assert self.targets is not None
            wanted.update([n for n, _ in self.targets])
        nodes = self.nodes
        for node, waiting in self.pending.items():
            node.pending = waiting
        check = bool(nodes) and nodes[-1].sequence_nr < S.written
        for node in nodes:
            g = node.pending
            node.pending = None
            if g is PLANNED:
                continue
            if node.rules:
                if check:
                    node.check_saved()
                node.step(F, g, wanted, free)
                continue
            for grad, edge in zip(self.run_node(node, g), node.next_edges):  # noqa: B905
                if edge is not None and grad is not None:
                    hold(edge, fit(F, grad, edge))
        g = grad = None  # so that a leaf can tell when it is given the only reference
        pending = self.pending
        pending.clear()
        for leaf in self.waiting:
            if leaf.pending is not PLANNED:
                pending[leaf] = leaf.pending
            leaf.pending = None
            if leaf in pending:
                self.arrive(leaf)

    def run_all(self, roots: Sequence[Node]) -> None:
        """The general way: hooks, targets inside the graph, observers, gradients that are Tensors."""
        F, pending, targets = self.F, self.pending, self.targets
        self.count()
        waiting = self.waiting
        for root in roots:
            if root.is_leaf_node and not waiting.get(root):
                self.arrive(root)
        for node in self.nodes:
            arrived = pending.pop(node, None)
            # If nothing reached it, a leaf may still be waiting for word of that.
            leaving: list[Any] = [] if arrived is None else self.run_node(node, arrived)
            arrived = None  # so that a leaf can tell when it is given the only reference
            for k, edge in enumerate(node.next_edges):
                if edge is None:
                    continue
                target = edge[0]
                if leaving:
                    grad, leaving[k] = leaving[k], None
                    if grad is not None:
                        send(pending, edge, fit(F, grad, edge))
                    del grad
                if target.is_leaf_node:
                    left = waiting[target] = waiting[target] - 1
                    if not left:
                        self.arrive(target)
        # A target that is itself a root, or whose own node did not have to run.
        for (node, nr), places in (targets or {}).items():
            if node in pending and not node.is_leaf_node:
                left_over = pending.pop(node)
                incoming = left_over if node.metas is not None else [left_over]
                if node.hooked:
                    before_node(node, incoming, F)
                pending[node] = left_over if node.metas is not None else incoming[0]
                for k in places:
                    self.caught[k] = incoming[nr]

    def arrive(self, leaf: Node) -> None:
        """All there is for a leaf has come."""
        grad = self.pending.pop(leaf, None)
        if grad is None:
            return
        if leaf.tensor_hooks:
            grad = call_hooks(leaf.tensor_hooks.get(0, ()), grad, self.F)
        if self.targets is not None:
            places = self.targets.get((leaf, 0))
            if places is None:
                return
            if not self.accumulate:
                for k in places:
                    self.caught[k] = grad
                return
        assert isinstance(leaf, AccumulateGrad)
        if not S.observers:
            holder = [grad]
            del grad
            leaf.accumulate(holder.pop(), self.as_tensors)
            return
        start = S.clock()
        leaf.accumulate(grad._data if self.on_tensors and not self.as_tensors else grad, self.as_tensors)
        end = S.clock()
        for observer in S.observers:
            observer.backward_node(leaf, (grad,), (), start, end)

    def run_node(self, node: Node, arrived: Any) -> list[Any]:
        """What `node` sends along each edge, with hooks, targets and observers."""
        F, targets, observers, running = self.F, self.targets, self.observers, self.running
        incoming: list[Any] = arrived if node.metas is not None else [arrived]
        if node.hooked:
            before_node(node, incoming, F)
        if targets is not None:
            for nr, grad in enumerate(incoming):
                for k in targets.get((node, nr), ()):
                    self.caught[k] = grad
        start = 0
        try:
            node.check_saved()
            if observers:
                start = S.clock()
                if self.on_tensors:
                    S.observers = self.inside
            needed = [
                e is not None
                and (targets is None or e in targets or (running is not None and e[0] in running))
                for e in node.next_edges
            ]
            leaving = list(node.apply(F, incoming, needed))
        except Exception as error:
            for observer in observers:
                observer.backward_failed(node, incoming, error)
            raise
        if observers:
            leaving = [
                fit(F, g, e) if g is not None and e is not None else None
                for g, e in zip(leaving, node.next_edges, strict=True)
            ]
            end = S.clock()
            S.observers = observers
        if node.hooked and node.post_hooks:
            leaving = list(after_node(node, leaving, incoming, F))
        for observer in observers:
            observer.backward_node(node, incoming, leaving, start, end)
        if not self.retain_graph:
            node.free()
        elif node.packed is not None:
            node.packed.drop(node)
        return leaving


_sequence_nr = attrgetter("sequence_nr")
_passes: list[_Pass] = []


def running_pass() -> Any:
    """The pass that is running now: its ``nodes`` and the leaves it reaches, ``waiting``."""
    return _passes[-1]

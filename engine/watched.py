"""A backward pass that somebody watches, ordinary otherwise: `run_plain` of `engine.execute`, told of node by node.

Leaves accumulate as soon as all has come that they wait for, which is the order in which PyTorch runs them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import execute
from engine.gradients import add, fit, send
from engine.graph import Node
from engine.state import S


def run_watched(made: execute._Pass) -> None:
    """Run all nodes of a pass into leaves, on arrays, with no code of the user's in between but observers."""
    F, pending, observers = made.F, made.pending, made.observers
    free = not made.retain_graph
    made.count()
    waiting = made.waiting
    for leaf in [leaf for leaf in pending if leaf.is_leaf_node and not waiting.get(leaf)]:
        made.arrive(leaf)
    g: Any = None
    get, pop = pending.get, pending.pop
    ndarray, now = np.ndarray, S.clock
    node: Node | None = None
    try:
        for node in made.nodes:
            g, edges = pop(node, None), node.next_edges
            if g is None:  # if nothing reached it, a leaf may still be waiting for word of that
                leaving: list[Any] = [None] * len(edges)
            elif not node.rules:
                leaving = made.run_node(node, g)
            else:
                start = now()
                node.check_saved()
                leaving = []
                for rule, edge in zip(node.rules, edges):  # noqa: B905 (as long as each other; `strict` costs)
                    grad = None if edge is None else rule(F, g, node)
                    if grad is not None:
                        target: Node = edge[0]  # type: ignore[index]
                        if (
                            type(grad) is not ndarray
                            or grad.dtype is not target.out_dtype
                            or grad.shape != target.out_shape
                        ):
                            grad = fit(F, grad, edge)
                    leaving.append(grad)
                end = now()
                for observer in observers:
                    observer.backward_node(node, (g,), leaving, start, end)
                if free:
                    node.free()
            for grad, edge in zip(leaving, edges):  # noqa: B905
                if edge is None:
                    continue
                target = edge[0]
                if grad is not None:
                    if target.metas is not None:
                        send(pending, edge, grad)
                    else:
                        old = get(target)
                        pending[target] = grad if old is None else add(old, grad)
                if target.is_leaf_node:
                    waiting[target] -= 1
                    if not waiting[target]:
                        made.arrive(target)
    except Exception as error:
        if node is not None and node.rules:  # of others `run_node` has told
            for observer in observers:
                observer.backward_failed(node, (g,), error)
        raise

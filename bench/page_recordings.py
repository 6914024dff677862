"""Recordings as a worker would send them, made up: a transformer, a chain, an unrolled RNN. For measuring the page.

The numbers of their tensors are random, from a seed; names, shapes, scopes, edges and the order of the backward pass
are those that such programs have.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from playground import protocol as wire

WIDE = [8, 128, 512]


class Recording:
    """Builds one, node by node."""

    def __init__(self, seed: int = 0) -> None:
        self.nodes: list[wire.Node] = []
        self.edges: list[wire.Edge] = []
        self.scopes: list[wire.Scope] = []
        self.steps: list[wire.Step] = []
        self._random = Random(seed)
        self._into: dict[int, list[int]] = {}

    def values(self, shape: list[int], scale: float = 1.0) -> wire.Values:
        """Statistics of normal numbers; the numbers themselves if they are few."""
        numel = 1
        for size in shape:
            numel *= size
        draw = self._random.gauss
        data: list[wire.Number] = [round(draw(0, scale), 6) for _ in range(numel)] if numel <= 16 else []
        return wire.Values(
            numel=numel,
            data=data,
            mean=round(draw(0, 0.01 * scale), 7),
            std=round(abs(draw(scale, 0.1 * scale)), 7),
            min=round(-3.5 * scale + draw(0, 0.1 * scale), 7),
            max=round(3.5 * scale + draw(0, 0.1 * scale), 7),
            norm=round(scale * numel**0.5, 7),
        )

    def scope(self, name: str, type_: str, parent: int = 0) -> int:
        """A call of a module; gives its id."""
        self.scopes.append(
            wire.Scope(id=len(self.scopes) + 1, parent=parent, kind="module", name=name, type=type_)
        )
        return len(self.scopes)

    def leaf(self, name: str, shape: list[int], *, parameter: bool = False, line: int = 1) -> int:
        """A tensor that requires grad; gives its id."""
        return self._node("parameter" if parameter else "leaf", "", "", name, shape, 0, line)

    def op(
        self, op: str, inputs: list[int], shape: list[int], *, name: str = "", scope: int = 0, line: int = 1
    ) -> int:
        """An operation; gives its id."""
        grad_fn = "".join(part.capitalize() for part in op.split("_")) + "Backward0"
        node = self._node("op", f"aten::{op}", grad_fn, name, shape, scope, line)
        self.edges += [wire.Edge(source=source, target=node, input=i) for i, source in enumerate(inputs)]
        self._into[node] = inputs
        return node

    def _node(
        self, kind: str, op: str, grad_fn: str, name: str, shape: list[int], scope: int, line: int
    ) -> int:
        info = wire.TensorInfo(
            shape=shape, dtype="float32", name=name, requires_grad=True, value=self.values(shape)
        )
        self.nodes.append(
            wire.Node(
                id=len(self.nodes),
                kind="op" if kind == "op" else "parameter" if kind == "parameter" else "leaf",
                op=op,
                grad_fn=grad_fn,
                place=wire.Place(line=line, column=4, end_line=line, end_column=24),
                scope=scope,
                outputs=[info],
            )
        )
        return len(self.nodes) - 1

    def backward(self, loss: int) -> None:
        """The pass from `loss` to every leaf: the youngest node first."""
        needed = {loss}
        for node in range(loss, -1, -1):
            if node not in needed:
                continue
            one = self.nodes[node]
            grad = self.values(one.outputs[0].shape, 0.01)
            step = wire.Step(
                index=len(self.steps),
                call=0,
                node=node,
                name=one.grad_fn or "AccumulateGrad",
                line=99,
                entering=[grad],
                after=len(self.nodes),
            )
            if one.kind == "op":
                inputs = self._into[node]
                needed.update(inputs)
                step.leaving = [
                    wire.GradFlow(target=i, grad=self.values(self.nodes[i].outputs[0].shape, 0.01))
                    for i in inputs
                ]
            else:
                step.accumulated = grad
            self.steps.append(step)

    def batches(self, size: int = 40) -> list[wire.Graph]:
        """As events: so many nodes with their scopes and edges at a time, then the steps. `run` is filled in later."""
        events = []
        scopes = edges = 0
        for start in range(0, len(self.nodes), size):
            nodes = self.nodes[start : start + size]
            last_scope = max([scopes, *(node.scope for node in nodes)])
            end = edges
            while end < len(self.edges) and self.edges[end].target < start + size:
                end += 1
            events.append(
                wire.Graph(
                    run="",
                    seq=0,
                    nodes=nodes,
                    scopes=self.scopes[scopes:last_scope],
                    edges=self.edges[edges:end],
                )
            )
            scopes, edges = last_scope, end
        events += [
            wire.Graph(run="", seq=0, steps=self.steps[start : start + size])
            for start in range(0, len(self.steps), size)
        ]
        return events


def transformer(size: int) -> Recording:
    """About `size` nodes: blocks of attention and a feed-forward net, every fifth of another class."""
    r = Recording()
    root = r.scope("Transformer", "Transformer")
    mask = r.leaf("mask", [128, 128])
    x = r.op(
        "embedding",
        [r.leaf("embedding.weight", [32000, 512], parameter=True)],
        WIDE,
        scope=r.scope("embedding", "Embedding", root),
        line=30,
    )

    def linear(name: str, parent: int, source: int) -> int:
        scope = r.scope(name, "Linear", parent)
        weight = r.leaf(f"{name}.weight", [512, 512], parameter=True)
        bias = r.leaf(f"{name}.bias", [512], parameter=True)
        turned = r.op("t", [weight], [512, 512], scope=scope, line=40)
        return r.op("addmm", [bias, source, turned], WIDE, scope=scope, line=40)

    def norm(name: str, parent: int, source: int) -> int:
        scope = r.scope(name, "LayerNorm", parent)
        mean = r.op("mean", [source], [8, 128, 1], scope=scope, line=50)
        centred = r.op("sub", [source, mean], WIDE, scope=scope, line=51)
        power = r.op("pow", [centred], WIDE, scope=scope, line=52)
        root_ = r.op(
            "rsqrt", [r.op("mean", [power], [8, 128, 1], scope=scope, line=52)], [8, 128, 1], scope=scope
        )
        scaled = r.op("mul", [centred, root_], WIDE, scope=scope, line=54)
        return r.op(
            "mul", [scaled, r.leaf(f"{name}.weight", [512], parameter=True)], WIDE, scope=scope, line=54
        )

    layers = r.scope("layers", "ModuleList", root)
    block = 0
    while len(r.nodes) < size - 60:
        path = f"layers.{block}"
        scope = r.scope(path, "SparseBlock" if block % 5 == 4 else "Block", layers)
        attention = r.scope(f"{path}.attention", "Attention", scope)
        n1 = norm(f"{path}.norm1", scope, x)
        q, k, v = (linear(f"{path}.attention.{name}", attention, n1) for name in "qkv")
        turned = r.op("transpose", [k], [8, 512, 128], scope=attention, line=61)
        scores = r.op("bmm", [q, turned], [8, 128, 128], name="scores", scope=attention, line=62)
        masked = r.op("masked_fill", [scores, mask], [8, 128, 128], scope=attention, line=63)
        weights = r.op("softmax", [masked], [8, 128, 128], scope=attention, line=64)
        mixed = r.op("bmm", [weights, v], WIDE, scope=attention, line=65)
        total = r.op(
            "add", [x, linear(f"{path}.attention.out", attention, mixed)], WIDE, scope=scope, line=71
        )
        mlp = r.scope(f"{path}.mlp", "Sequential", scope)
        up = linear(f"{path}.mlp.0", mlp, norm(f"{path}.norm2", scope, total))
        act = r.op("gelu", [up], WIDE, scope=r.scope(f"{path}.mlp.1", "GELU", mlp), line=74)
        x = r.op("add", [total, linear(f"{path}.mlp.2", mlp, act)], WIDE, name="x", scope=scope, line=75)
        block += 1
    logits = r.op(
        "matmul",
        [norm("norm", root, x), r.leaf("head.weight", [32000, 512], parameter=True)],
        [8, 128, 32000],
        name="logits",
        scope=root,
        line=80,
    )
    r.backward(r.op("sum", [logits], [], name="loss", line=90))
    return r


def chain(size: int) -> Recording:
    """`size` operations, each taking the one before."""
    r = Recording()
    x = r.leaf("x", [2, 3], line=2)
    for i in range(size):
        x = r.op(
            ("sin", "mul", "exp", "tanh")[i % 4], [x], [2, 3], name="x" if i % 4 == 3 else "", line=5 + i % 4
        )
    r.backward(r.op("sum", [x], [], name="loss", line=10))
    return r


def rnn(steps: int) -> Recording:
    """A cell called once for each of so many steps, without a loop that is known; its weights are used by all."""
    r = Recording()
    w, u, b = (r.leaf(name, [32, 32], parameter=True) for name in ("cell.w", "cell.u", "cell.b"))
    h = r.leaf("h", [8, 32])
    for _ in range(steps):
        x = r.leaf("x", [8, 32], line=4)
        cell = r.scope("cell", "Cell")
        both = r.op(
            "add",
            [
                r.op("matmul", [x, w], [8, 32], scope=cell, line=7),
                r.op("matmul", [h, u], [8, 32], scope=cell, line=7),
            ],
            [8, 32],
            scope=cell,
            line=7,
        )
        h = r.op(
            "tanh",
            [r.op("add", [both, b], [8, 32], scope=cell, line=7)],
            [8, 32],
            name="h",
            scope=cell,
            line=8,
        )
    r.backward(r.op("sum", [h], [], name="loss", line=12))
    return r


RECORDINGS: dict[str, Callable[[int], Recording]] = {"transformer": transformer, "chain": chain, "rnn": rnn}

"""A naive autograd engine: one tape node per number, no array arithmetic, no fast path.

It is the judge of the random programs in `test_random_graphs`, and itself judged by PyTorch (`random_graphs.py`). It
has PyTorch's names, so that one program text runs in it, in the engine and in PyTorch; only what those programs use is
there.

What a number depends on is a tape of `Scalar`s, so a gradient under views and in-place writes needs no thought: an
element that was overwritten is another scalar. What is asked of whole tensors (is a saved tensor still what it was, was
the graph freed, which leaves are reached at all) is a second, coarser graph of `Node`s. A view is a NumPy view of the
numbers 0, 1, 2, ... of its memory: NumPy says where an element lies, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np

_number = count().__next__
_grad_enabled = [True]

FREED = "backward through the graph a second time"
MODIFIED = "modified by an inplace operation"
LEAF = "a leaf Variable that requires grad is being used in an in-place operation"
VIEW_OF_LEAF = "a view of a leaf Variable that requires grad is being used in an in-place operation"
NO_GRAD_VIEW = "created in no_grad mode"
ONE_OF_SEVERAL = "This view is the output of a function that returns multiple views."


class Refused(RuntimeError):
    """What PyTorch refuses too; the text is a part of its message."""


class no_grad:
    """Operations inside are not recorded."""

    def __enter__(self) -> None:
        self._before = _grad_enabled[0]
        _grad_enabled[0] = False

    def __exit__(self, *_: object) -> None:
        _grad_enabled[0] = self._before


class Scalar:
    """One number on the tape: the scalars it was computed from, each with the partial derivative."""

    __slots__ = ("parents",)

    def __init__(self, *parents: tuple[Scalar, float]) -> None:
        self.parents = parents


class Counter:
    """How often a piece of memory was written to."""

    def __init__(self) -> None:
        self.version = 0


class Node:
    """One operation on whole tensors."""

    def __init__(self, edges: Sequence[Node | None], saved: Sequence[Counter], keeps: bool) -> None:
        self.number = _number()
        self.edges = tuple(edges)
        self.saved = [(c, c.version) for c in saved]
        self.keeps = keeps or bool(saved)
        self.freed = False
        self.scalars: list[Scalar] = []
        self.hooks: list[tuple[list[Scalar], float]] = []
        self.retained: list[Tensor] = []
        self.leaf: Tensor | None = None


class Memory:
    """Numbers that several tensors may look at; `counter` is not shared with ``data``."""

    def __init__(self, numbers: list[float]) -> None:
        self.numbers = numbers
        self.counter = Counter()


class Tensor:
    """A view of numbers, and for each number the scalar it is on the tape."""

    def __init__(self, memory: Memory, index: Any) -> None:
        self.memory = memory
        self.index = index
        self.base: Tensor | None = None
        self.fn: Node | None = None
        self.leaf: Node | None = None
        self.scalars: Any = None
        self.grad: Tensor | None = None
        self.retains_grad = False
        self.version = memory.counter.version
        self.origin = "default"
        """How a view was made: default, no_grad, or several (one of several outputs)."""
        self.ordered = True
        """Whether its memory is laid out as here: PyTorch's results follow operands that are not in row-major order."""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.index.shape)

    def values(self) -> list[float]:
        return [self.memory.numbers[k] for k in self.index.flat]

    def size(self, dim: int) -> int:
        return self.shape[dim]

    @property
    def _version(self) -> int:
        return self.memory.counter.version

    @property
    def _base(self) -> Tensor | None:
        return self.base

    # --- Its place in the graph ------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        return (
            self.leaf is not None
            or self.fn is not None
            or (self.base is not None and self.base.requires_grad)
        )

    @property
    def grad_fn(self) -> Node | None:
        """The node, made anew for a view whose memory was written to since."""
        if self.base is None or (self.fn is None and not self.base.requires_grad):
            return self.fn
        if self.version != self._version:
            if self.origin == "no_grad":
                raise Refused(NO_GRAD_VIEW)
            if self.origin == "several":
                raise Refused(ONE_OF_SEVERAL)
            above = self.base.edge
            old = self.fn
            self.fn = Node([above], [], False)
            places = self._places_in_base()
            self._hang(
                [Scalar((self.base.scalars[k], 1.0)) for k in places] if above else [Scalar() for _ in places]
            )
            self.version = self._version
            _move_retained(self, old)
        return self.fn

    @property
    def is_leaf(self) -> bool:
        return self.grad_fn is None

    @property
    def edge(self) -> Node | None:
        """Where a gradient of this tensor goes."""
        return self.grad_fn or self.leaf

    def _places_in_base(self) -> list[int]:
        """Which element of the base each element is; a base has each of its numbers once."""
        assert self.base is not None
        where = {int(k): n for n, k in enumerate(self.base.index.flat)}
        return [where[int(k)] for k in self.index.flat]

    def _hang(self, scalars: list[Scalar]) -> None:
        self.scalars = scalars
        node = self.fn or self.leaf
        assert node is not None
        node.scalars += scalars

    def requires_grad_(self) -> Tensor:
        self.leaf = Node([], [], False)
        self.leaf.leaf = self
        self._hang([Scalar() for _ in range(self.index.size)])
        return self

    def detach(self) -> Tensor:
        return self._look(self.memory)

    @property
    def data(self) -> Tensor:
        return self._look(Memory(self.memory.numbers))

    def _look(self, memory: Memory) -> Tensor:
        t = Tensor(memory, self.index)
        t.ordered = self.ordered
        return t

    def detach_(self) -> Tensor:
        if self.base is not None:
            raise Refused("Can't detach views in-place")
        self.fn = self.leaf = self.scalars = None
        return self

    def retain_grad(self) -> None:
        if not self.requires_grad:
            raise Refused("can't retain_grad on Tensor that has requires_grad=False")
        if self.fn is None or self.retains_grad:  # as it was before the writes that `grad_fn` would look for
            return
        self.retains_grad = True
        assert self.grad_fn is not None
        self.grad_fn.retained.append(self)

    def double_gradient(self) -> None:
        """``register_hook(lambda g: g * 2)``."""
        if not self.requires_grad:
            raise Refused("cannot register a hook on a tensor that doesn't require gradient")
        node = self.edge
        if node is not None:
            node.hooks.append((self.scalars, 2.0))

    # --- Operations ------------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        """``x.sin()``, ``x.sin_()``, ``x.mul(y)``, ``x.mul_(y)`` from `ELEMENTWISE`."""
        rule = ELEMENTWISE.get(name.removesuffix("_"))
        if rule is None or name.startswith("_"):
            raise AttributeError(name)
        run = _inplace if name.endswith("_") else _elementwise
        return lambda *others: run(rule, self, *others)

    def copy_(self, other: Tensor) -> Tensor:
        return _inplace(COPY, self, other)

    def zero_(self) -> Tensor:
        return _inplace(FILL, self, 0.0)

    def fill_(self, value: float) -> Tensor:
        return _inplace(FILL, self, value)

    def __setitem__(self, key: Any, value: Any) -> None:
        part = np.asarray(self.index[key])
        everything = (part.shape, part.strides) == (self.shape, self.index.strides)
        target = self if everything else self[key]
        if isinstance(value, Tensor):
            if _broadcast([target, value]) != target.shape:
                raise Refused("")
            target.copy_(value)
        else:
            target.fill_(value)

    def __iadd__(self, other: Any) -> Tensor:
        return self.add_(other)  # type: ignore[no-any-return]

    def __imul__(self, other: Any) -> Tensor:
        return self.mul_(other)  # type: ignore[no-any-return]

    def __matmul__(self, other: Tensor) -> Tensor:
        if self.index.ndim != 2 or other.index.ndim != 2 or self.shape[1] != other.shape[0]:
            raise Refused("")
        (n, m), p = self.shape, other.shape[1]
        a, b = self.values(), other.values()
        numbers, parents = [], []
        for i in range(n):
            for j in range(p):
                numbers.append(sum(a[i * m + k] * b[k * p + j] for k in range(m)))
                parents.append(
                    [(0, i * m + k, b[k * p + j]) for k in range(m)]
                    + [(1, k * p + j, a[i * m + k]) for k in range(m)]
                )
        return _record(numbers, (n, p), [self, other], parents, [(0, 1), (1, 0)])

    def sum(self, dim: int | None = None) -> Tensor:
        return self._reduce(dim, 1.0)

    def mean(self, dim: int | None = None) -> Tensor:
        return self._reduce(dim, 1.0 / (self.index.size if dim is None else self.shape[dim]))

    def _reduce(self, dim: int | None, factor: float) -> Tensor:
        values = self.values()
        places = np.arange(len(values)).reshape(self.shape)
        shape: tuple[int, ...] = ()
        groups = [places.ravel()]
        if dim is not None:
            moved = np.moveaxis(places, dim, -1)
            shape = moved.shape[:-1]
            groups = list(moved.reshape(-1, moved.shape[-1]))
        numbers = [sum(values[k] for k in group) * factor for group in groups]
        return _record(numbers, shape, [self], [[(0, k, factor) for k in group] for group in groups], [])

    def clone(self) -> Tensor:
        return _record(self.values(), self.shape, [self], [[(0, k, 1.0)] for k in range(self.index.size)], [])

    # --- Views -----------------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Tensor:
        return _view(self, lambda x: x[key])

    def view(self, *shape: int) -> Tensor:
        try:
            np.reshape(self.index, shape, copy=False)
        except ValueError:
            raise Refused("") from None
        return _view(self, lambda x: np.reshape(x, shape))

    def reshape(self, *shape: int) -> Tensor:
        try:
            return self.view(*shape)
        except Refused:
            copied = self.clone()  # and PyTorch's _unsafe_view of it, which is not a view
            return _record(
                copied.values(), shape, [copied], [[(0, k, 1.0)] for k in range(self.index.size)], []
            )

    def transpose(self, a: int, b: int) -> Tensor:
        return _view(self, lambda x: np.swapaxes(x, a, b))

    def permute(self, *dims: int) -> Tensor:
        return _view(self, lambda x: np.transpose(x, dims))

    def unsqueeze(self, dim: int) -> Tensor:
        return _view(self, lambda x: np.expand_dims(x, dim))

    def squeeze(self) -> Tensor:
        return _view(self, np.squeeze)

    def expand(self, *shape: int) -> Tensor:
        return _view(self, lambda x: np.broadcast_to(x, shape))

    def diagonal(self) -> Tensor:
        return _view(self, np.diagonal)

    def unbind(self, dim: int) -> list[Tensor]:
        return _views(self, lambda x: list(np.moveaxis(x, dim, 0)))

    def split(self, size: int, dim: int) -> list[Tensor]:
        cuts = list(range(size, self.shape[dim], size))
        return _views(self, lambda x: np.split(x, cuts, dim))

    # --- Backward --------------------------------------------------------------------------------------------------

    def backward(self, gradient: Tensor | None = None, retain_graph: bool = False) -> None:
        _run(self, [1.0] if gradient is None else gradient.values(), retain_graph, None)


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    array = np.asarray(data, dtype=float)
    t = _tensor([float(v) for v in array.flat], array.shape)
    return t.requires_grad_() if requires_grad else t


float64 = None


def _tensor(numbers: list[float], shape: tuple[int, ...]) -> Tensor:
    return Tensor(Memory(numbers), np.arange(len(numbers)).reshape(shape))


def cat(tensors: Sequence[Tensor]) -> Tensor:
    """Along the first dimension."""
    numbers = [v for t in tensors for v in t.values()]
    parents = [[(k, j, 1.0)] for k, t in enumerate(tensors) for j in range(t.index.size)]
    shape = (sum(t.shape[0] for t in tensors), *tensors[0].shape[1:])
    if any(t.shape[1:] != shape[1:] for t in tensors):
        raise Refused("")
    return _record(numbers, shape, list(tensors), parents, [])


def grad(output: Tensor, wanted: Tensor, gradient: Tensor, retain_graph: bool) -> Tensor | None:
    """``torch.autograd.grad(..., allow_unused=True)[0]``."""
    return _run(output, gradient.values(), retain_graph, wanted)


# --- Rules: the value and the partial derivative for each operand ----------------------------------------------------


class Rule:
    """An elementwise operation. `saves[k]` says what the derivative for operand k reads: operands, or ``y``."""

    def __init__(
        self, value: Callable[..., float], *derivatives: Callable[..., float], saves: Sequence[Any]
    ) -> None:
        self.value = value
        self.derivatives = derivatives
        self.saves = saves


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


ELEMENTWISE = {
    "neg": Rule(lambda x: -x, lambda x, y: -1.0, saves=[()]),
    "sin": Rule(math.sin, lambda x, y: math.cos(x), saves=[(0,)]),
    "cos": Rule(math.cos, lambda x, y: -math.sin(x), saves=[(0,)]),
    "tanh": Rule(math.tanh, lambda x, y: 1 - y * y, saves=[("y",)]),
    "sigmoid": Rule(_sigmoid, lambda x, y: y * (1 - y), saves=[("y",)]),
    "relu": Rule(lambda x: max(x, 0.0), lambda x, y: float(y > 0), saves=[("y",)]),
    "abs": Rule(abs, lambda x, y: float((x > 0) - (x < 0)), saves=[(0,)]),
    "square": Rule(lambda x: x * x, lambda x, y: 2 * x, saves=[(0,)]),
    "add": Rule(lambda a, b: a + b, lambda a, b, y: 1.0, lambda a, b, y: 1.0, saves=[(), ()]),
    "sub": Rule(lambda a, b: a - b, lambda a, b, y: 1.0, lambda a, b, y: -1.0, saves=[(), ()]),
    "mul": Rule(lambda a, b: a * b, lambda a, b, y: b, lambda a, b, y: a, saves=[(1,), (0,)]),
    "div": Rule(lambda a, b: a / b, lambda a, b, y: 1 / b, lambda a, b, y: -a / b / b, saves=[(1,), (0, 1)]),
}
COPY = Rule(lambda a, b: b, lambda a, b, y: 0.0, lambda a, b, y: 1.0, saves=[(), ()])
FILL = Rule(lambda a, b: b, lambda a, b, y: 0.0, saves=[()])


def _operands(
    first: Tensor, others: Sequence[Any], shape: tuple[int, ...]
) -> Iterator[tuple[list[int], list[float]]]:
    """For each element of the result: the place of each operand's element, and its value."""
    operands = [first, *others]
    places = [
        np.broadcast_to(np.arange(t.index.size).reshape(t.shape), shape).ravel()
        if isinstance(t, Tensor)
        else None
        for t in operands
    ]
    values = [t.values() if isinstance(t, Tensor) else t for t in operands]
    for k in range(math.prod(shape)):
        at = [0 if p is None else int(p[k]) for p in places]
        yield at, [v[j] if isinstance(v, list) else v for v, j in zip(values, at, strict=True)]


def _broadcast(operands: Sequence[Any]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*(t.shape for t in operands if isinstance(t, Tensor)))
    except ValueError:
        raise Refused("") from None


def _compute(
    rule: Rule, first: Tensor, others: Sequence[Any], shape: tuple[int, ...]
) -> tuple[list[float], list[Any]]:
    """The results, and for each result ``(operand, place, partial derivative)`` of each operand."""
    numbers, parents = [], []
    for at, values in _operands(first, others, shape):
        y = float(rule.value(*values))
        numbers.append(y)
        parents.append([(k, at[k], rule.derivatives[k](*values, y)) for k in range(len(rule.derivatives))])
    return numbers, parents


def _elementwise(rule: Rule, first: Tensor, *others: Any) -> Tensor:
    shape = _broadcast([first, *others])
    numbers, parents = _compute(rule, first, others, shape)
    return _record(numbers, shape, [first, *others], parents, rule.saves)


# --- Recording -------------------------------------------------------------------------------------------------------


def _record(
    numbers: list[float],
    shape: tuple[int, ...],
    operands: list[Any],
    parents: list[Any],
    saves: Sequence[Any],
) -> Tensor:
    """A new tensor of these numbers, on the tape if an operand is."""
    out = _tensor(numbers, shape)
    out.ordered = all(t.ordered and t.index.flags.c_contiguous for t in operands if isinstance(t, Tensor))
    if not _grad_enabled[0] or not any(isinstance(t, Tensor) and t.requires_grad for t in operands):
        return out
    edges = [t.edge if isinstance(t, Tensor) else None for t in operands]
    counters, keeps = _what_is_saved(operands, edges, saves, out.memory.counter)
    out.fn = Node(edges, counters, keeps)
    out._hang(_scalars(operands, edges, parents))
    return out


def _what_is_saved(
    operands: list[Any], edges: Sequence[Any], saves: Sequence[Any], result: Counter
) -> tuple[list[Counter], bool]:
    wanted = {s for edge, reads in zip(edges, saves, strict=False) if edge is not None for s in reads}
    counters = [result] if "y" in wanted else []
    counters += [operands[s].memory.counter for s in wanted if s != "y" and isinstance(operands[s], Tensor)]
    return counters, bool(wanted)


def _scalars(operands: list[Any], edges: Sequence[Any], parents: list[Any]) -> list[Scalar]:
    return [
        Scalar(*((operands[k].scalars[j], d) for k, j, d in links if edges[k] is not None))
        for links in parents
    ]


def _view(of: Tensor, look: Callable[[Any], Any]) -> Tensor:
    return _views(of, lambda x: [look(x)], "default")[0]


def _views(of: Tensor, look: Callable[[Any], list[Any]], origin: str = "several") -> list[Tensor]:
    """Views of a tensor: `look` takes them of any array of its shape."""
    node = None
    if _grad_enabled[0] and of.requires_grad:
        node = Node([of.edge], [], False)
    made = []
    for index, places in zip(look(of.index), look(np.arange(of.index.size).reshape(of.shape)), strict=True):
        t = Tensor(of.memory, np.asarray(index))
        t.base = of if of.base is None else of.base
        t.ordered = of.ordered
        t.origin = origin if _grad_enabled[0] else "no_grad"
        if t.origin == "default" and of.base is not None:
            t.origin = of.origin
        if node is not None:
            t.fn = node
            t._hang(
                [Scalar((of.scalars[k], 1.0)) if node.edges[0] else Scalar() for k in np.asarray(places).flat]
            )
        made.append(t)
    return made


# --- Writing in place ------------------------------------------------------------------------------------------------


def _inplace(rule: Rule, target: Tensor, *others: Any) -> Tensor:
    operands = [target, *others]
    recording = _grad_enabled[0] and any(isinstance(t, Tensor) and t.requires_grad for t in operands)
    if recording:
        _check_writable(target)
    edges = [t.edge if isinstance(t, Tensor) and recording else None for t in operands]
    if _broadcast(operands) != target.shape:
        raise Refused("")
    if rule is not FILL and any(
        n > 1 and s == 0 for n, s in zip(target.shape, target.index.strides, strict=True)
    ):
        raise Refused("more than one element of the written-to tensor refers to a single memory location")
    if any(isinstance(t, Tensor) and _overlap(target, t) == "partly" for t in others):
        raise Refused(
            "some elements of the input tensor and the written-to tensor refer to a single memory location"
        )
    # Like PyTorch: the target's old values are saved apart, the values of another operand are not.
    counters, keeps = _what_is_saved(
        operands,
        edges,
        [[s for s in reads if s not in (0, "y")] for reads in rule.saves],
        target.memory.counter,
    )
    keeps = keeps or _what_is_saved(operands, edges, rule.saves, target.memory.counter)[1]
    node = Node(edges, counters, keeps)
    numbers, parents = _compute(rule, target, others, target.shape)
    for k, v in zip(target.index.flat, numbers, strict=True):
        target.memory.numbers[k] = v
    target.memory.counter.version += 1
    if not recording:
        return target
    if any("y" in reads for e, reads in zip(edges, rule.saves, strict=False) if e is not None):
        node.saved.append((target.memory.counter, target.memory.counter.version))
    if target.base is None:
        scalars = _scalars(operands, edges, parents)
        old, target.fn = target.fn, node
        target._hang(scalars)
        _move_retained(target, old)
        return target
    _rewrite_base(target, node, operands, edges, parents)
    return target


def _rewrite_base(
    target: Tensor, inner: Node, operands: list[Any], edges: list[Any], parents: list[Any]
) -> None:
    """The base's elements inside the view become the results; it keeps its own scalars elsewhere."""
    base = target.base
    assert base is not None
    above = base.edge
    outer = Node([above, *edges[1:]], [], True)
    outer.saved = inner.saved
    places = target._places_in_base()
    before = [Scalar((s, 1.0)) for s in base.scalars] if above else [Scalar() for _ in range(base.index.size)]
    after = list(before)
    for place, links in zip(places, parents, strict=True):
        own = [(base.scalars[place], d) for k, j, d in links if k == 0 and above is not None]
        rest = [(operands[k].scalars[j], d) for k, j, d in links if k and edges[k] is not None]
        after[place] = Scalar(*own, *rest)
    old, base.fn = base.fn, outer
    base._hang(after)
    _move_retained(base, old)
    assert target.grad_fn is not None


def _move_retained(tensor: Tensor, old: Node | None) -> None:
    """A retained gradient is that of the tensor as it is now."""
    if tensor.retains_grad and old is not None and tensor.fn is not None:
        old.retained = [t for t in old.retained if t is not tensor]
        tensor.fn.retained.append(tensor)


def _check_writable(target: Tensor) -> None:
    if target.base is not None:
        if target.origin == "no_grad":
            raise Refused(NO_GRAD_VIEW)
        if target.origin == "several":
            raise Refused(ONE_OF_SEVERAL)
        if target.requires_grad and target.base.is_leaf:
            raise Refused(VIEW_OF_LEAF)
    if target.requires_grad and target.fn is None:
        raise Refused(LEAF)


def _overlap(a: Tensor, b: Tensor) -> str:
    """PyTorch's quick answer: no, same, partly, or unclear (for tensors with gaps)."""
    if a is b:
        return "same"
    if a.memory.numbers is not b.memory.numbers or not (a.index.size and b.index.size):
        return "no"
    if not (_dense(a.index) and _dense(b.index)):
        return "unclear"
    (p, q), (r, s) = ((int(t.index.min()), int(t.index.max())) for t in (a, b))
    if (p, q) == (r, s):
        return "same" if a.index.strides == b.index.strides else "partly"
    return "partly" if p <= s and r <= q else "no"


def _dense(index: Any) -> bool:
    return index.size == 1 or bool(
        index.size == index.max() - index.min() + 1 and len(np.unique(index)) == index.size
    )


def unclear(target: Tensor, other: Any) -> bool:
    """Whether PyTorch would write to memory that it still reads, with whatever result."""
    if not isinstance(other, Tensor) or other is target:
        return False
    if target.memory.numbers is not other.memory.numbers:
        return False
    if not target.ordered:
        return True
    if target.shape == other.shape and np.array_equal(target.index, other.index):
        return False
    if np.array_equal(target.index.ravel(), other.index.ravel()):
        return True
    shared = set(target.index.flat) & set(other.index.flat)
    return bool(shared) and (target.shape != other.shape or _overlap(target, other) == "unclear")


# --- Backward --------------------------------------------------------------------------------------------------------


def _reach(root: Node) -> list[Node]:
    seen = {root}
    stack = [root]
    while stack:
        for node in stack.pop().edges:
            if node is not None and node not in seen:
                seen.add(node)
                stack.append(node)
    return sorted(seen, key=lambda n: -n.number)


def reaches(root: Tensor, wanted: Tensor) -> bool:
    """Whether a gradient of `root` comes to `wanted`."""
    try:
        start, target = root.edge, wanted.edge
    except Refused:
        return False
    return start is not None and target in _reach(start)


def _run(root: Tensor, gradient: Sequence[float], retain_graph: bool, wanted: Tensor | None) -> Tensor | None:
    if not root.requires_grad:
        raise Refused("does not require grad and does not have a grad_fn")
    start = root.edge
    if start is None:
        raise Refused("does not require grad and does not have a grad_fn")
    target = None if wanted is None else wanted.edge
    if wanted is not None and target is None:
        if not wanted.requires_grad:
            raise Refused("does not require grad")
        return None
    nodes = _reach(start)
    if wanted is not None:
        useful: set[Node] = {target} if target in nodes else set()  # type: ignore[arg-type]
        for node in reversed(nodes):
            if any(e in useful for e in node.edges):
                useful.add(node)
        nodes = [n for n in nodes if n in useful]
    grads: dict[Scalar, float] = dict(zip(root.scalars, gradient, strict=True))
    waiting = {n: sum(1 for m in nodes for e in m.edges if e is n) for n in nodes if n.leaf is not None}
    found: list[float] | None = None

    def arrive(node: Node) -> None:
        """The hooks, the retained gradients and the wanted one."""
        nonlocal found
        for scalars, factor in node.hooks:
            for s in scalars:
                if s in grads:
                    grads[s] *= factor
        if node is target:
            assert wanted is not None
            found = [grads.get(s, 0.0) for s in wanted.scalars]
        for t in node.retained:
            if not any(s in grads for s in t.scalars):
                continue  # another output of the node is the one that was used
            new = _tensor([grads.get(s, 0.0) for s in t.scalars], t.shape)
            if t.grad is not None:
                new.memory.numbers = [a + b for a, b in zip(t.grad.values(), new.values(), strict=True)]
            t.grad = new

    def accumulate(node: Node) -> None:
        arrive(node)
        leaf = node.leaf
        assert leaf is not None
        if wanted is not None:
            return
        if leaf.fn is not None:
            raise Refused("leaf variable has been moved into the graph interior")
        if not leaf.requires_grad:
            return
        new = [grads.get(s, 0.0) for s in node.scalars]
        if leaf.grad is None:
            leaf.grad = _tensor(new, leaf.shape)
        else:
            for k, v in zip(leaf.grad.index.flat, new, strict=True):
                leaf.grad.memory.numbers[k] += v
            leaf.grad.memory.counter.version += 1

    for node in nodes:
        if node.leaf is not None:
            if node is start:
                accumulate(node)
            continue
        arrive(node)
        if node is target and not any(e in nodes for e in node.edges):
            continue
        if node.freed:
            raise Refused(FREED)
        if any(counter.version != version for counter, version in node.saved):
            raise Refused(MODIFIED)
        for s in node.scalars:
            g = grads.get(s, 0.0)
            for parent, derivative in s.parents:
                grads[parent] = grads.get(parent, 0.0) + g * derivative
        if not retain_graph and node.keeps:
            node.freed = True
        for e in node.edges:
            if e in waiting:
                waiting[e] -= 1
                if not waiting[e]:
                    accumulate(e)
    if wanted is None or found is None:
        return None
    return _tensor(found, wanted.shape)

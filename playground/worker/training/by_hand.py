"""Finds training steps that no optimizer takes: ``w -= lr * w.grad``, or Newton's, in a loop after a backward pass.

If between two passes from the same line the leaves have changed, that loop trains, and from then on each of its
iterations that has had a pass is a step. Its end is where the loop comes round (`blocks.py` tells), so that a step has
all that belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any
from weakref import ref

import numpy as np

from engine.tensor import Tensor
from playground.worker.blocks import Block
from playground.worker.training.surroundings import Surroundings, program_frame
from playground.worker.values import host

_MOST_NODES = 2_000
_MOST_LEAVES = 64
_LOOKED_AT = 32
"""Elements of a leaf that are compared."""
_TRIES = 200
"""Backward passes after which a program that has not trained by then is taken not to."""


class ByHand:
    """Of one run, as long as it has no optimizer."""

    def __init__(
        self, around: Surroundings, stepped: Callable[[], None], missed: Callable[[int], None]
    ) -> None:
        """`stepped` is told at the end of every step but the first few, and `missed` how many those were."""
        self.leaves: list[Tensor] = []
        """Those that are trained, while there is a step to come."""
        self._around = around
        self._stepped = stepped
        self._missed = missed
        self._passes = 0
        self._passed: dict[tuple[int, int], _Pass] = {}
        """By function and line: the last pass there."""
        self._gathers = False
        """Whether several passes make one step."""
        self._seen: list[tuple[ref[Tensor], bytes]] = []
        self._loop: Block | None = None
        self._pending = False
        self._over = False

    def differentiated(self, root: Tensor, given: object, frame: FrameType | None) -> bool:
        """A pass has ended. Whether it may be part of a training step: then `leaves` are those it was about."""
        if self._over:
            return False
        here = program_frame(frame)
        if here is None:
            return False
        if self._loop is None:
            self._passes += 1
            self._over = self._passes > _TRIES
        leaves = _given(given) if given is not None else leaves_of(root)
        if not leaves:
            return False
        looks = [_look(leaf) for leaf in leaves]
        if self._loop is None:
            line = id(here.f_code), here.f_lineno
            before, now = self._passed.get(line), _Pass(leaves, looks)
            self._passed[line] = now
            if before is not None and now.follows(before):
                self._gathers = before.stayed > 0
                self._found(here, now.steps)
        if given is None or not self._pending:
            self.leaves = leaves
            self._seen = [(ref(leaf), look) for leaf, look in zip(leaves, looks, strict=True)]
        if self._loop is not None:
            if self._loop.function.apart is not None and self._pending:
                self.finish()  # where the loop comes round is not told there
            self._pending = True
        return self._loop is not None

    def finish(self) -> None:
        """The loop has come round, or is over: if something was trained, that was a step."""
        if self._pending and (not self._gathers or self._changed()):
            self._pending = False
            self._stepped()
            self.leaves = []

    def end(self) -> None:
        """There is an optimizer."""
        self._over = True
        self.leaves, self._seen = [], []
        if self._loop is not None:
            self._loop.function.tell(None, None)

    def _found(self, frame: FrameType, steps: int) -> None:
        found = self._around.loop(frame)
        if found is None:
            return
        self._loop = found[0]
        self._passed.clear()
        self._missed(steps)
        if self._loop.function.apart is None:
            self._loop.function.tell(self._loop, self.finish)

    def _changed(self) -> bool:
        return any((leaf := t()) is None or _look(leaf) != before for t, before in self._seen)


class _Pass:
    """A pass that may be part of a training loop, as compared with the one before from the same line."""

    def __init__(self, leaves: Sequence[Tensor], looks: list[bytes]) -> None:
        self.stayed = 0
        """Passes before this one since the leaves changed."""
        self.steps = 1
        """Changes that were seen, this pass included."""
        self._leaves = [ref(leaf) for leaf in leaves]
        self._shapes = [leaf._data.shape for leaf in leaves]
        self._looks = looks
        self._values = _joined([leaf._data for leaf in leaves])
        self._slope = _joined([None if leaf._grad is None else leaf._grad._data for leaf in leaves])
        self._rate: float | None = None

    def follows(self, before: _Pass) -> bool:
        """Whether the leaves have been trained in between.

        The same leaves with other values have. Others in their places have if twice in a row they lie where steps of
        one size down the gradient lead; else they are simply others.
        """
        if self._shapes != before._shapes:
            return False
        if all(a() is not None and a() is b() for a, b in zip(self._leaves, before._leaves, strict=True)):
            self.stayed = before.stayed + 1 if self._looks == before._looks else 0
            return self.stayed == 0
        self._rate = _rate(before._values, self._values, before._slope)
        self.steps = before.steps + 1 if before._rate is not None else 1
        return (
            self._rate is not None and before._rate is not None and abs(self._rate / before._rate - 1) < 1e-2
        )


def _joined(arrays: Sequence[Any]) -> Any:
    if any(array is None for array in arrays):
        return None
    return np.concatenate([host(array).reshape(-1)[:_LOOKED_AT] for array in arrays]).astype(np.float64)


def _rate(old: Any, new: Any, slope: Any) -> float | None:
    """The learning rate of a step from `old` to `new`, if it goes straight down the gradient."""
    if slope is None or not np.abs(slope).max() > 0:
        return None
    rate = float(np.dot(old - new, slope) / np.dot(slope, slope))
    straight = np.allclose(old - new, rate * slope, rtol=1e-3, atol=1e-5 * float(np.abs(old).max() or 1))
    return rate if rate > 0 and straight else None


def leaves_of(root: Tensor) -> list[Tensor]:
    """The leaves that a tensor depends on, in the order in which they are come upon."""
    if root._edge is None:
        return []
    waiting = [root._edge[0]]
    seen = {id(waiting[0])}
    found: list[Tensor] = []
    for node in waiting:  # which grows as it goes
        if node.is_leaf_node:
            leaf = node.variable
            if leaf is not None:
                found.append(leaf)
        for edge in node.next_edges:
            if edge is not None and id(edge[0]) not in seen:
                seen.add(id(edge[0]))
                waiting.append(edge[0])
        if len(waiting) > _MOST_NODES or len(found) >= _MOST_LEAVES:
            break
    return found


def _given(leaves: object) -> list[Tensor]:
    given: Sequence[Any] = leaves if isinstance(leaves, (list, tuple)) else (leaves,)
    return [t for t in given if isinstance(t, Tensor) and t._edge is not None and t._edge[0].is_leaf_node]


def _look(leaf: Tensor) -> bytes:
    flat = host(leaf._data).reshape(-1)
    step = max(flat.size // _LOOKED_AT, 1)
    return flat[::step][:_LOOKED_AT].tobytes()

"""What a training step is about: from the loss backwards through the recording to what was predicted and from what.

A loss compares: somewhere on the way from it to the parameters, a tensor that depends on parameters meets one that does
not, of as many elements, or class numbers for its rows. These are the prediction and its target; what else the
prediction comes from and does not depend on parameters is the input.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.tensor import Tensor
from playground.worker.keeping import owner_of
from playground.worker.records import NodeRecord
from playground.worker.values import host

Kind = Literal["classes", "probability", "logit", "number"]
"""What a prediction is: scores of classes, the probability of one of two, its logit, or simply a number."""
Made = tuple[NodeRecord, int]
"""A record, and which of its outputs."""

_COMPARING: dict[str, Kind] = {
    "mse_loss": "number",
    "smooth_l1_loss": "number",
    "huber_loss": "number",
    "sub": "number",
    "rsub": "number",
    "kl_div": "number",
    "binary_cross_entropy": "probability",
    "binary_cross_entropy_with_logits": "logit",
}
_UNDER_LOG = ("log", "clamp", "clamp_min", "add", "log1p")
"""Between a probability and the product with its target, in a cross entropy that is written out."""
_FORM = ("view", "reshape", "reshape_alias", "unsafe_view", "contiguous_copy", "transpose", "permute", "flatten",
         "squeeze_dim", "squeeze_all", "unsqueeze", "alias", "squeeze_dims")  # fmt: skip
"""Operations that only change the form."""
_RANDOM = ("aten::randn_like", "aten::rand_like", "aten::bernoulli")
_MOST = 3_000


@dataclass
class Called:
    """A module the program itself has called, and not another module."""

    module: Any
    given: tuple[Tensor, ...]
    made: Tensor


@dataclass
class Scene:
    """A prediction beside what it should be."""

    kind: Kind
    output: Made
    """As the loss got it."""
    target: np.ndarray[Any, Any]
    input: Made | None = None
    tokens: np.ndarray[Any, Any] | None = None
    """Class numbers that the prediction comes from, (N, T), if it does: what went into an embedding."""

    @property
    def predicted(self) -> np.ndarray[Any, Any]:
        """What was predicted."""
        record, output = self.output
        array = record.kept[output].array
        return np.zeros(0) if array is None else host(array)


def understand(loss: Made, first: int) -> Scene | None:
    """What the step with this loss is about; `first` is the number of its first record. None if that is not plain."""
    best: Scene | None = None
    for scene in _comparisons(loss[0], first):
        scene.input, scene.tokens = _input(scene, first)
        if scene.input is not None or scene.tokens is not None:
            return scene
        best = best or scene
    return best


def _comparisons(loss: NodeRecord, first: int) -> Iterator[Scene]:
    seen = {loss.id}
    waiting = deque([loss])
    while waiting and len(seen) < _MOST:
        record = waiting.popleft()
        scene = _comparison(record)
        if scene is not None:
            yield scene
            continue  # what is behind it is the model
        for source, output, _, cut in record.sources:
            if not cut and source.requires_grad[output] and source.id not in seen and source.id >= first:
                seen.add(source.id)
                waiting.append(source)


def _comparison(record: NodeRecord) -> Scene | None:
    name = record.op.name if record.op is not None else ""
    flowing = [(s, o) for s, o, _, cut in record.sources if not cut and s.requires_grad[o] and s.sources]
    if name.startswith("nll_loss") and flowing:
        target = _array(record.statics[0][0]) if record.statics else None
        return None if target is None else Scene("classes", _before_log(flowing[0]), target)
    if name in ("index", "gather") and flowing and _is_log(flowing[0][0]):
        target = _picked(record)
        return None if target is None else Scene("classes", _before_log(flowing[0]), target)
    if len(flowing) != 1 or len(record.sources) != 2:
        return None
    other = next(((s, o) for s, o, _, _ in record.sources if (s, o) != flowing[0]), None)
    if other is None or other[0].requires_grad[other[1]] or (other[0].kind == "op" and other[0].label == ""):
        return None
    target = _array(other[0].kept[other[1]].array)
    shape = flowing[0][0].kept[flowing[0][1]].shape
    if target is None or target.size != int(np.prod(shape)) or target.size < 2:
        return None
    if name in _COMPARING:
        return Scene(_COMPARING[name], flowing[0], target)
    if name == "mul" and _is_log(flowing[0][0]):
        found = _under_log(flowing[0])
        if found is not None and found[0].kept[found[1]].shape == shape:
            return Scene("probability", found, target)
    return None


def _is_log(record: NodeRecord) -> bool:
    return record.op is not None and record.op.name in ("log", "log_softmax_dim")


def _before_log(made: Made) -> Made:
    """Scores: before the logarithm of the softmax that a cross entropy begins with; forms are looked through."""
    record = made[0]
    if record.op is not None and record.op.name == "log_softmax_dim" and record.sources:
        return record.sources[0][:2]
    return made


def _under_log(made: Made) -> Made | None:
    record = made[0]
    while record.op is not None and record.op.name in _UNDER_LOG:
        flowing = [(s, o) for s, o, _, cut in record.sources if not cut and s.requires_grad[o]]
        if len(flowing) != 1:
            return None
        made = flowing[0]
        record = made[0]
    return made if record.sources else None


def _picked(record: NodeRecord) -> np.ndarray[Any, Any] | None:
    """Class numbers of ``scores[range(n), target]`` and ``scores.gather(1, target)``."""
    for value in record.statics:
        parts = value if isinstance(value, tuple) else (value,)
        arrays = [a for a in (_array(getattr(part, "_data", part)) for part in parts) if a is not None]
        if arrays and arrays[-1].dtype.kind in "iu":
            return arrays[-1].reshape(-1)
    return None


def _array(value: Any) -> np.ndarray[Any, Any] | None:
    return host(value) if getattr(value, "ndim", None) is not None else None


def _input(scene: Scene, first: int) -> tuple[Made | None, np.ndarray[Any, Any] | None]:
    """What the prediction comes from: data with a row for each of its rows; and tokens."""
    shape = scene.output[0].kept[scene.output[1]].shape
    rows = shape[0] if shape else 0
    waiting = deque([scene.output[0]])
    seen = {scene.output[0].id}
    found: Made | None = None
    tokens: np.ndarray[Any, Any] | None = None
    while waiting and len(seen) < _MOST:
        record = waiting.popleft()
        if record.op is not None and record.op.name == "embedding":
            tokens = tokens if tokens is not None else _array(getattr(record.statics[0], "_data", None))
        for source, output, _, _ in record.sources:
            if source.id in seen:
                continue
            seen.add(source.id)
            if source.requires_grad[output]:
                if source.kind == "op" and source.id >= first:
                    waiting.append(source)
                continue
            size = source.kept[output].shape
            if (
                size
                and size[0] == rows
                and rows > 1
                and not (source.label in _RANDOM or _masks(record, source))
            ):
                found = found or (source, output)
    return found, tokens


def _masks(record: NodeRecord, source: NodeRecord) -> bool:
    """Whether `record` may be a dropout, and `source` its mask."""
    return (
        record.op is not None
        and record.op.name == "mul"
        and source is record.sources[-1][0]
        and is_mask(source, record.sources[-1][1])
    )


def is_mask(record: NodeRecord, output: int) -> bool:
    """Whether it could be the mask of a dropout: an unnamed tensor of zeros and one other number, at least 1."""
    values = None if record.kind != "constant" or record.label else _array(record.kept[output].array)
    if values is None or values.dtype.kind != "f" or not values.ndim or record.names()[output]:
        return False
    found = np.unique(values)
    return bool(1 <= found.size <= 2 and found[-1] >= 1 and (found.size == 1 or found[0] == 0))


def same_memory(a: Tensor, b: Tensor) -> bool:
    """Whether one is the other, or the other's memory under another name."""
    return a is b or owner_of(a._data) is owner_of(b._data)


def behind_forms(made: Made) -> Iterator[Made]:
    """A tensor, and what it was before its form was changed, as long as nothing else was done to it."""
    yield made
    record = made[0]
    while record.op is not None and record.op.name in _FORM and record.sources:
        made = record.sources[0][:2]
        record = made[0]
        yield made

"""What a model says at this moment, as it is shown best: over the plane, along a line, as pictures or as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isqrt
from time import perf_counter
from typing import Any

import numpy as np

from engine.tensor import Tensor
from playground.protocol import Boundary, Cloud, Fit, Pictures, Prediction, Tokens
from playground.worker.output import clean
from playground.worker.training.data import Data, points_of, vocabulary
from playground.worker.training.plan import NotPossible, Plan, plan
from playground.worker.training.scene import Called, Made, Scene, behind_forms, same_memory
from playground.worker.values import host, number

Array = np.ndarray[Any, Any]

SIDE = 40
_SMALLER_SIDE = 20
_SLOW_S = 0.05
"""An evaluation that takes longer is made smaller, and then left out."""
_MOST_POINTS = 2_000
_CURVE = 200
_MOST_PICTURES = 64
_MOST_TEXTS = 16
_MARGIN = 0.15


@dataclass
class Looked:
    """What one step has shown."""

    scene: Scene | None
    first: int
    """Number of its first record."""
    called: Sequence[Called]
    statistics: dict[int, tuple[Tensor, Tensor]]
    find: Callable[[Tensor], Made | None]
    """The record of a tensor."""
    data: Data


class Predictor:
    """Asks the model, again and again, in the way that the last look at a step has shown."""

    def __init__(self) -> None:
        self._ask: Callable[[], Prediction | None] | None = None
        self._real: dict[tuple[int, ...], Array] = {}

    @property
    def ready(self) -> bool:
        """Whether there is anything to ask."""
        return self._ask is not None

    def look(self, looked: Looked) -> None:
        """Find out what there is to show. What an earlier look has found stays if this one finds nothing."""
        found = self._generated(looked) or _seen(looked)
        self._ask = found or self._ask

    def predict(self) -> Prediction | None:
        """The model's answer now; None if it cannot be asked any more."""
        if self._ask is None:
            return None
        try:
            return self._ask()
        except NotPossible:
            self._ask = None
            return None

    def _generated(self, looked: Looked) -> Callable[[], Prediction | None] | None:
        """What one module makes for another to judge, which is also shown the real thing."""
        for judged in looked.called:
            for maker in looked.called:
                if maker is judged or not any(same_memory(t, maker.made) for t in judged.given):
                    continue
                shape = maker.made._data.shape
                for other in looked.called:
                    if other.module is judged.module and other is not judged:
                        for t in other.given:
                            if (
                                t._edge is None
                                and t._data.shape[1:] == shape[1:]
                                and t._data.dtype.kind == "f"
                            ):
                                self._real[shape[1:]] = host(t._data).copy()
                real = self._real.get(shape[1:])
                made = looked.find(maker.made)
                if real is None or made is None:
                    continue
                again = _again(looked, made)
                if len(shape) == 2 and shape[1] == 2:
                    return lambda again=again, real=real: Cloud(made=_pairs(again()), real=_pairs(real))  # type: ignore[misc]
                size = _picture(shape, real)
                if size is not None:
                    return lambda again=again, real=real, size=size: _pictures(again(), real, size)  # type: ignore[misc]
        return None


def _seen(looked: Looked) -> Callable[[], Prediction | None] | None:
    """What a prediction and its target show."""
    scene = looked.scene
    if scene is None:
        return None
    shape = scene.predicted.shape
    x = None if scene.input is None else scene.input[0].kept[scene.input[1]].array
    inputs = None if x is None else host(x)
    texts = _texts(looked, scene)
    if texts is not None:
        return texts
    picture = (
        _picture(shape, scene.target) if scene.kind != "classes" and scene.target.shape == shape else None
    )
    if picture is not None and _small(scene.target):
        again, kind, wanted = _again(looked, scene.output), scene.kind, scene.target
        return lambda: _pictures(_probabilities(again(), kind), wanted, picture)
    if inputs is None or inputs.dtype.kind not in "fiu":
        return None
    labels = _labels(scene)
    size = _picture(inputs.shape, inputs)
    if labels is not None and size is not None and _small(inputs) and len(shape) == 2:
        again = _again(looked, scene.output)
        return lambda: _classified(again(), inputs, labels, size)
    if inputs.ndim == 2 and inputs.shape[1] == 2:
        return _boundary(looked, scene, inputs, labels)
    single = shape[:1] == inputs.shape[:1] and int(np.prod(shape)) == inputs.shape[0]
    if single and inputs.size == inputs.shape[0] and inputs.ndim <= 2:
        return _fit(looked, scene, inputs)
    if shape[1:] == (2,) and scene.target.shape == shape:
        again, wanted = _again(looked, scene.output), scene.target
        return lambda: Cloud(made=_pairs(again()), real=_pairs(wanted))
    return None


def _again(looked: Looked, made: Made) -> Callable[[], Array]:
    """Computes a tensor of the step with the parameters as they are now; if that cannot be, gives what it was."""
    array = made[0].kept[made[1]].array
    was = None if array is None else host(array)
    try:
        run: Plan | None = plan(made, None, looked.first, looked.statistics)
    except NotPossible:
        run = None

    def again() -> Array:
        nonlocal run
        if run is not None:
            try:
                return host(run())
            except NotPossible:
                run = None
        if was is None:
            raise NotPossible("it was not kept")
        return was

    return again


# --- The plane and the line ------------------------------------------------------------------------------------------


def _boundary(
    looked: Looked, scene: Scene, inputs: Array, labels: Array | None
) -> Callable[[], Prediction | None] | None:
    assert scene.input is not None
    shape = scene.predicted.shape
    if int(np.prod(shape)) not in (shape[0], shape[0] * (shape[1] if len(shape) == 2 else 1)):
        return None
    if labels is None and int(np.prod(shape)) != shape[0]:
        return None  # several numbers for each point
    asked = _Asked(looked, scene)
    points, targets = points_of(looked.data, inputs, scene.target if labels is None else labels)
    classes = 0
    if labels is not None:
        classes = shape[1] if len(shape) == 2 and shape[1] > 1 else 2
    spread = np.concatenate((points, targets.reshape(-1, 1)), axis=1)[:_MOST_POINTS].astype("<f4")
    low, high = points.min(0).astype(np.float64), points.max(0).astype(np.float64)
    width = np.where(high > low, high - low, 1.0)
    low, high = low - _MARGIN * width, high + _MARGIN * width
    packed = spread.tobytes()

    def ask() -> Prediction | None:
        side = asked.side
        x, y = np.linspace(low[0], high[0], side), np.linspace(low[1], high[1], side)
        grid = np.stack(np.broadcast_arrays(x[None, :], y[:, None]), axis=-1).reshape(-1, 2)
        values = _plane(asked(grid.astype(inputs.dtype)), scene.kind, classes)
        return Boundary(
            x=[number(float(low[0])), number(float(high[0]))],
            y=[number(float(low[1])), number(float(high[1]))],
            rows=side,
            columns=side,
            values=values.astype("<f4").tobytes(),
            classes=classes,
            points=packed,
        )

    return ask


def _fit(looked: Looked, scene: Scene, inputs: Array) -> Callable[[], Prediction | None]:
    asked = _Asked(looked, scene)
    again = _again(looked, scene.output)
    xs, ys = points_of(looked.data, inputs.reshape(-1, 1), scene.target.reshape(-1))
    packed = _pairs(np.concatenate((xs, ys.reshape(-1, 1)), axis=1))
    low, high = float(xs.min()), float(xs.max())
    line = np.linspace(low, high, _CURVE).astype(inputs.dtype)

    def ask() -> Prediction | None:
        try:
            values = _probabilities(asked(line.reshape(-1, *inputs.shape[1:])), scene.kind)
            curve = np.stack((line, values.reshape(-1)), axis=1)
        except NotPossible:
            values = _probabilities(again(), scene.kind)
            curve = np.stack((inputs.reshape(-1), values.reshape(-1)), axis=1)
            curve = curve[np.argsort(curve[:, 0], kind="stable")]
        return Fit(curve=_pairs(curve), points=packed)

    return ask


class _Asked:
    """The model as a function of its input, on fewer points if it is slow."""

    def __init__(self, looked: Looked, scene: Scene) -> None:
        self.side = SIDE
        self._plan: Plan | None
        try:
            self._plan = plan(scene.output, scene.input, looked.first, looked.statistics)
        except NotPossible:
            self._plan = None

    def __call__(self, inputs: Array) -> Array:
        if self._plan is None:
            raise NotPossible("it was not recorded in a way that can be run again")
        start = perf_counter()
        made = host(self._plan(inputs))
        if made.shape[:1] != inputs.shape[:1]:
            raise NotPossible("it does not give a row for each row")
        if perf_counter() - start > _SLOW_S:
            if self.side == _SMALLER_SIDE:
                self._plan = None
            self.side = _SMALLER_SIDE
        return made


def _plane(made: Array, kind: str, classes: int) -> Array:
    made = made.astype(np.float64)
    if classes == 0:
        return made.reshape(-1)
    if made.ndim < 2 or made.shape[1] == 1:
        return _probabilities(made, kind).reshape(-1)
    scores = _softmax(made) if kind == "classes" else _shares(_probabilities(made, kind))
    if classes == 2:
        return scores[:, 1]
    best = scores.argmax(1)
    sure = scores[np.arange(len(best)), best]
    return np.asarray(best + np.clip(np.nan_to_num(sure), 0.0, 0.99))


def _probabilities(made: Array, kind: str) -> Array:
    if kind == "logit":
        return np.asarray(1 / (1 + np.exp(-np.clip(made.astype(np.float64), -60, 60))))
    return made


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def _shares(scores: Array) -> Array:
    positive = np.clip(scores, 0, None)
    return np.asarray(positive / np.maximum(positive.sum(1, keepdims=True), 1e-12))


def _labels(scene: Scene) -> Array | None:
    """The class of each row, if the targets are classes."""
    target, shape = scene.target, scene.predicted.shape
    if scene.kind == "classes":
        return target.reshape(-1) if len(shape) == 2 and target.size == shape[0] else None
    if target.shape == shape and len(shape) == 2 and shape[1] > 1:
        one_hot = ((target == 0) | (target == 1)).all() and (target.sum(1) == 1).all()
        return target.argmax(1) if one_hot else None
    if target.size == shape[0] and ((target == 0) | (target == 1)).all():
        return target.reshape(-1)
    return None


# --- Pictures --------------------------------------------------------------------------------------------------------


def _picture(shape: Sequence[int], like: Array) -> tuple[int, int] | None:
    """Height and width, if rows of that shape are small grey pictures: (N, 1, H, W), (N, H, W), or (N, S * S)."""
    if len(shape) == 4 and shape[1] == 1 and 4 <= shape[2] <= 32 and 4 <= shape[3] <= 32:
        return shape[2], shape[3]
    if len(shape) == 3 and 5 <= shape[1] <= 32 and 5 <= shape[2] <= 32 and _small(like):
        return shape[1], shape[2]
    if len(shape) == 2:
        side = isqrt(shape[1])
        if side * side == shape[1] and 6 <= side <= 32 and _small(like):
            return side, side
    return None


def _small(values: Array) -> bool:
    """Whether they can be brightnesses: none far from 0 to 1, -1 to 1, 0 to 16 or 0 to 255."""
    return bool(values.size and values.min() >= -1.5 and values.max() <= 255)


def _pictures(made: Array, wanted: Array, size: tuple[int, int]) -> Pictures:
    low, high = float(wanted.min()), float(wanted.max())
    return Pictures(
        height=size[0], width=size[1], made=_bytes(made, low, high), wanted=_bytes(wanted, low, high)
    )


def _classified(made: Array, pictures: Array, labels: Array, size: tuple[int, int]) -> Pictures:
    says = made.argmax(1) if made.shape[1] > 1 else (made[:, 0] > 0).astype(int)
    texts = [
        f"{said}" if said == is_ else f"{said} (is {is_})"
        for said, is_ in zip(
            says[:_MOST_PICTURES].tolist(), labels[:_MOST_PICTURES].astype(int).tolist(), strict=False
        )
    ]
    wanted = _bytes(pictures, float(pictures.min()), float(pictures.max()))
    return Pictures(height=size[0], width=size[1], made=b"", wanted=wanted, labels=texts)


def _bytes(pictures: Array, low: float, high: float) -> bytes:
    shown = pictures[:_MOST_PICTURES].astype(np.float64)
    scale = 255 / (high - low) if high > low else 255.0
    return bytes(np.clip(np.nan_to_num((shown - low) * scale), 0, 255).astype(np.uint8).tobytes())


def _pairs(values: Array) -> bytes:
    return bytes(values.reshape(-1, 2)[:_MOST_POINTS].astype("<f4").tobytes())


# --- Text ------------------------------------------------------------------------------------------------------------


def _texts(looked: Looked, scene: Scene) -> Callable[[], Prediction | None] | None:
    """Class numbers as text, if there is an alphabet with as many characters as there are classes."""
    if scene.kind != "classes" or scene.predicted.ndim < 2:
        return None
    forms = [host(r.kept[o].array) for r, o in behind_forms(scene.output) if r.kept[o].array is not None]
    full = max(forms, key=lambda a: a.ndim, default=scene.predicted)
    across = scene.predicted.ndim == 3  # (N, C, T), as a cross entropy takes sequences
    count = scene.predicted.shape[1]
    alphabet = vocabulary(looked.data, count)
    if alphabet is None:
        return None
    rows = scene.tokens.shape[0] if scene.tokens is not None and scene.tokens.ndim == 2 else 0
    if across:
        rows = scene.predicted.shape[0]
    elif full.ndim == 3 and full.shape[2] == count:
        rows = full.shape[0]
    target = scene.target.reshape(-1)
    alone = scene.tokens is not None and rows == target.size  # the next character of each row
    if not alone and (rows < 1 or target.size % rows):
        rows = 1
    again, before = _again(looked, scene.output), scene.tokens

    def ask() -> Prediction | None:
        made = again()
        said = made.argmax(1).reshape(-1)
        if alone and before is not None:
            start = ["".join(alphabet[t] for t in row) for row in _within(before[:_MOST_TEXTS], count)]
            return Tokens(
                predicted=[clean(a + alphabet[b], 200) for a, b in zip(start, said.tolist(), strict=False)],
                wanted=[
                    clean(a + alphabet[b], 200) for a, b in zip(start, _within(target, count), strict=False)
                ],
            )
        return Tokens(
            predicted=_spelled(said.reshape(rows, -1), alphabet),
            wanted=_spelled(target.reshape(rows, -1), alphabet),
        )

    return ask


def _within(numbers: Array, count: int) -> Any:
    return np.clip(numbers, 0, count - 1).tolist()


def _spelled(rows: Array, alphabet: Sequence[str]) -> list[str]:
    return [
        clean("".join(alphabet[t] for t in row), 200) for row in _within(rows[:_MOST_TEXTS], len(alphabet))
    ]

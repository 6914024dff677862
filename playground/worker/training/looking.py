"""Follows one training step closely: what each parameter's update was, what modules gave, what the step is about."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any
from weakref import ref

from engine.tensor import Tensor
from playground.protocol import Histogram, ParameterPoint
from playground.worker.recorder import Recorder
from playground.worker.training.data import Data
from playground.worker.training.measures import (
    Array,
    Before,
    histogram,
    parameter_point,
    remember,
    sample,
)
from playground.worker.training.predictions import Looked, Predictor
from playground.worker.training.scene import Called, Made, understand
from playground.worker.training.steps import StepRecorder
from playground.worker.training.surroundings import Surroundings

MOST = 64
"""Parameters, and modules, of which there are histograms."""


class Look:
    """Begun between two steps, for the one that follows."""

    def __init__(self, run: Recorder, own: StepRecorder | None, cell: int) -> None:
        """`own` records the step where the recorder of the whole run does not any more."""
        self.own = own
        self.recorder: Recorder = own or run
        self.since = perf_counter()
        self.root: ref[Tensor] | None = None
        """What ``backward`` was called on last."""
        self.reading = 0.0
        """Seconds that putting together took at the end what the run's recorder noted; it had to be done anyway."""
        self._before: list[Before] = []
        self._grads: dict[str, Array] = {}
        self._called: list[Called] = []
        self._modules: dict[int, tuple[Any, Tensor]] = {}
        self._normed: list[tuple[Tensor, Tensor, Tensor]] = []
        self._last: Tensor | None = None
        if own is None:
            run.read()
            self.since = perf_counter()
        self._first = len(self.recorder.records)
        self.recorder.on_call = self._on_call
        if own is not None:
            own.begin(cell)

    def before_update(self, named: Sequence[tuple[str, Tensor]], with_gradients: bool = False) -> None:
        """The parameters are about to be changed. An update by hand may drop the gradients, which is why it asks for
        them here."""
        self._before = remember(named[:MOST])
        if with_gradients:
            self._keep_gradients()

    def end(self) -> None:
        """The step is over: record no more of it."""
        self.recorder.on_call = None
        if self.own is not None:
            self.own.end()
        else:
            start = perf_counter()
            self.recorder.read()
            self.reading = perf_counter() - start

    def results(self, step: int, around: Surroundings) -> tuple[list[ParameterPoint], list[Histogram]]:
        """What the step did to each parameter, and how weights, gradients and activations lie."""
        if not self._grads:
            self._keep_gradients()
        points: list[ParameterPoint] = []
        found: list[Histogram | None] = []
        for before in self._before:
            grad = self._grads.get(before.name)
            points.append(parameter_point(before, step, grad))
            found.append(histogram("weight", before.name, step, sample(before.tensor._data)))
            if grad is not None:
                found.append(histogram("gradient", before.name, step, grad))
        if self._modules:
            names = around.module_names()
            for module, made in list(self._modules.values())[:MOST]:
                name = names.get(id(module)) or type(module).__name__
                if made._data.dtype.kind == "f" and made._data.size > 1:
                    found.append(histogram("activation", name, step, sample(made._data)))
        return points, [h for h in found if h is not None]

    def understand(self, predictor: Predictor, data: Data) -> None:
        """Let `predictor` find out what the step is about."""
        root = None if self.root is None else self.recorder.find(self.root)
        statistics = {}
        for made, mean, var in self._normed:
            normed = self._find(made)
            if normed is not None:
                statistics[normed[0].id] = mean, var
        scene = None if root is None else understand(root, self._first)
        predictor.look(Looked(scene, self._first, self._called, statistics, self._find, data))

    def _find(self, tensor: Tensor) -> Made | None:
        return self.recorder.find(ref(tensor))

    def _keep_gradients(self) -> None:
        for before in self._before:
            grad = before.tensor._grad
            if grad is not None:
                self._grads[before.name] = sample(grad._data)

    def _on_call(self, module: Any, given: tuple[Any, ...], made: Any, depth: int) -> None:
        if isinstance(made, (tuple, list)) and made:
            made = made[0]
        if not isinstance(made, Tensor):
            return
        if depth == 1:
            self._called.append(Called(module, tuple([t for t in given if isinstance(t, Tensor)]), made))
        mean, var = (module._buffers.get(name) for name in ("running_mean", "running_var"))
        if module.training and mean is not None and var is not None:
            self._normed.append((made, mean, var))
        if (
            made is not self._last and len(self._modules) < 2 * MOST
        ):  # a Sequential returns what its last part gave
            self._modules[id(module)] = module, made
        self._last = made

"""A training as a worker would tell of it, made up: events of ten a second for as long as asked."""

from __future__ import annotations

import math
import struct
from random import Random
from typing import Literal

from bench.page_recordings import chain
from playground import protocol as wire

SIDE = 48
STEPS = 10
"""Training steps from one event to the next."""
PARAMETERS = [f"{layer}.{what}" for layer in (0, 2, 4, 6) for what in ("weight", "bias")]


class Training:
    """Points of two spirals and a boundary that winds itself around them; eight parameters."""

    def __init__(self, events: int, seed: int = 0) -> None:
        self._events = events
        self._draw = Random(seed)
        self._first = chain(24)
        self.nodes = self._first.nodes
        points = []
        for i in range(300):
            label, along = i % 2, i / 300
            angle = 8 * along + math.pi * label
            jitter = [self._draw.gauss(0, 0.02) for _ in range(2)]
            points += [along * math.cos(angle) + jitter[0], along * math.sin(angle) + jitter[1], float(label)]
        self._points = struct.pack(f"<{len(points)}f", *points)

    def batches(self, size: int = 40) -> list[wire.Graph | wire.Training]:
        """Its graph, and what there is to tell."""
        return [*self._first.batches(size), *(self._tell(tick) for tick in range(self._events))]

    def _tell(self, tick: int) -> wire.Training:
        done = (tick + 1) / self._events
        steps = [tick * STEPS + i + 1 for i in range(STEPS)]
        noise = self._draw.gauss
        loss: wire.Numbers = [0.02 + 0.7 * math.exp(-4 * done) * (1 + noise(0, 0.08)) for _ in steps]
        costly = tick % 3 == 0
        return wire.Training(
            step=steps[-1],
            learners=[wire.Learner(optimizer=0, name="Adam", variable="optimizer", lr=0.01)]
            if tick == 0
            else [],
            points=wire.Points(
                steps=steps,
                times=[step / 100 for step in steps],
                series={
                    "loss": loss,
                    "lr": [0.01] * STEPS,
                    "grad_norm": [abs(noise(0.4, 0.1)) for _ in steps],
                    "accuracy": [min(1.0, 0.5 + 0.5 * done) for _ in steps],
                },
            ),
            parameters=[self._parameter(name, steps[-1]) for name in PARAMETERS] if costly else [],
            histograms=[
                self._histogram(of, name, steps[-1], done)
                for of in ("weight", "gradient")
                for name in PARAMETERS
            ]
            if costly
            else [],
            prediction=self._boundary(done) if costly else None,
            progress=[wire.Progress(line=9, done=steps[-1], total=self._events * STEPS)],
            cost=0.12,
        )

    def _parameter(self, name: str, step: int) -> wire.ParameterPoint:
        draw = abs(self._draw.gauss(1e-3, 3e-4))
        percentiles: list[wire.Number] = [-2 * draw, -draw, 0.0, draw, 2 * draw]
        return wire.ParameterPoint(
            name=name, step=step, grad_norm=draw, weight_norm=2.0, update_ratio=draw, percentiles=percentiles
        )

    def _histogram(
        self, of: Literal["weight", "gradient"], name: str, step: int, done: float
    ) -> wire.Histogram:
        reach = 0.3 + 0.5 * done
        counts = [
            int(200 * math.exp(-(((i - 31.5) / 12) ** 2)) + self._draw.random() * 10) for i in range(64)
        ]
        return wire.Histogram(of=of, name=name, step=step, low=-reach, high=reach, counts=counts)

    def _boundary(self, done: float) -> wire.Boundary:
        values = []
        for i in range(SIDE):
            for j in range(SIDE):
                x, y = 2.4 * j / (SIDE - 1) - 1.2, 2.4 * i / (SIDE - 1) - 1.2
                turn = 8 * math.hypot(x, y) * done - math.atan2(y, x)
                values.append(1 / (1 + math.exp(6 * done * math.cos(turn))))
        return wire.Boundary(
            x=[-1.2, 1.2],
            y=[-1.2, 1.2],
            rows=SIDE,
            columns=SIDE,
            values=struct.pack(f"<{SIDE * SIDE}f", *values),
            classes=2,
            points=self._points,
        )

"""The numbers every library computes with: the same parameters and inputs for all of them, float32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Problem:
    """Parameters by shape, in the order PyTorch's module has them; inputs and targets by shape.

    Matrices and kernels are normal, scaled by their fan-in; vectors (biases, the scales of norms) uniform
    in [0.1, 0.9].
    """

    parameters: tuple[Shape, ...] = ()
    x: Shape = ()
    y: Shape = ()
    classes: int = 0
    """Targets are class numbers below this; 0 for normal numbers."""
    seed: int = field(default=0)

    def arrays(self) -> tuple[list[Array], Array, Array]:
        """(parameters, inputs, targets), the same at every call."""
        rng = np.random.default_rng(self.seed)
        parameters = []
        for shape in self.parameters:
            if len(shape) > 1:
                values = rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
            else:
                values = rng.uniform(0.1, 0.9, shape)
            parameters.append(values.astype(np.float32))
        x = rng.standard_normal(self.x).astype(np.float32)
        if self.classes:
            return parameters, x, rng.integers(0, self.classes, self.y)
        return parameters, x, rng.standard_normal(self.y).astype(np.float32)


def chain() -> tuple[Array, Array, Array]:
    """x, y and z of the tutorial's chain, with y/x so close to 1 that a thousand steps neither overflow nor vanish."""
    rng = np.random.default_rng(1)
    x = rng.uniform(1.0, 2.0, (2, 3))
    y = x * rng.uniform(0.99, 1.01, (2, 3))
    return x.astype(np.float32), y.astype(np.float32), np.ones((2, 3), np.float32)


def angles(elements: int) -> Array:
    """A full turn in equal steps, as the tutorial has it."""
    return np.linspace(0.0, 2 * np.pi, elements, dtype=np.float32)


def layer(d: int, hidden: int) -> Sequence[Shape]:
    """The parameters of one ``TransformerEncoderLayer``."""
    return [
        *((3 * d, d), (3 * d,), (d, d), (d,)),
        *((hidden, d), (hidden,), (d, hidden), (d,)),
        *((d,), (d,), (d,), (d,)),
    ]


CHAIN_LENGTH = 1000
HEADS = 4
TINY = Problem(((100, 1000), (100,), (10, 100), (10,)), (16, 1000), (16, 10))
MLP = Problem(((16, 2), (16,), (16, 16), (16,), (2, 16), (2,)), (32, 2), (32,), classes=2)
CNN = Problem(
    ((6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (64, 256), (64,), (10, 64), (10,)),
    (8, 1, 28, 28),
    (8,),
    classes=10,
)
RNN = Problem(((32, 16), (32, 32), (32,), (32,), (1, 32), (1,)), (64, 8, 16), (8, 1))
TRANSFORMER = Problem((*layer(32, 64), *layer(32, 64)), (16, 8, 32), (16, 8, 32))
FUNCTION = Problem(((50, 50),), (50,), ())
PENALTY = Problem(((32, 8), (32,), (1, 32), (1,)), (16, 8), ())

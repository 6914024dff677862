"""Where an activation is flat: how many elements of its output have (next to) no derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from playground.worker.keeping import Kept
from playground.worker.values import host

Array = np.ndarray[Any, Any]

_LITTLE = 0.01
"""The part of its largest derivative below which an activation counts as flat."""

_FLAT: dict[str, Callable[[Array], Array]] = {
    # Of the output, since that is what is there; y (1 - y) is at most a quarter.
    "sigmoid": lambda y: y * (1 - y) < _LITTLE / 4,
    "_softmax": lambda y: y * (1 - y) < _LITTLE / 4,
    "tanh": lambda y: 1 - y * y < _LITTLE,
    "relu": lambda y: y <= 0,
    "threshold": lambda y: y <= 0,
    "relu6": lambda y: (y <= 0) | (y >= 6),
    "hardsigmoid": lambda y: (y <= 0) | (y >= 1),
    # The derivative of elu and selu below 0 is the result and a constant, which comes near to it.
    "elu": lambda y: y + 1 < _LITTLE,
    "selu": lambda y: y + 1.7580993408473766 < _LITTLE * 1.7580993408473766,
}


def flat_elements(name: str, kept: Kept) -> int:
    """At how many elements the operation ``aten::relu``, which made `kept`, is flat; 0 for what does not flatten."""
    rule = _FLAT.get(name.removeprefix("aten::").rstrip("_"))
    if rule is None or kept.array is None or kept.dtype.kind != "f":
        return 0
    with np.errstate(all="ignore"):
        return int(np.count_nonzero(rule(host(kept.array))))

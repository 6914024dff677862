"""Anomaly mode: an error at the backward node that first makes a NaN, with the forward line that made the node."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.graph import Node
from engine.registry import Op
from engine.state import Observer, S, add_observer, remove_observer


class _Anomaly(Observer):
    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan

    def op(
        self,
        op: Op,
        args: Any,
        inputs: Any,
        outputs: Any,
        node: Node | None,
        inplace: bool,
        start: int,
        end: int,
    ) -> None:
        if node is not None:
            node.metadata["traceback_"] = traceback.format_stack()[:-3]

    def backward_node(self, node: Node, entering: Any, leaving: Sequence[Any], start: int, end: int) -> None:
        if not self.check_nan:
            return
        for k, g in enumerate(leaving):
            array = getattr(g, "_data", g)
            if array is not None and array.dtype.kind in "fc" and bool(np.isnan(array).any()):
                lines = "".join(node.metadata.get("traceback_", ["No forward pass information available.\n"]))
                warnings.warn(
                    f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{lines}",
                    stacklevel=2,
                )
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {k}th output.")


def _current() -> _Anomaly | None:
    return next((o for o in S.observers if isinstance(o, _Anomaly)), None)


class set_detect_anomaly:
    """Switch anomaly mode on or off now; as a context manager, back again on exit."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = _current()
        if self._before is not None:
            remove_observer(self._before)
        if mode:
            add_observer(_Anomaly(check_nan))

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        now = _current()
        if now is not None:
            remove_observer(now)
        if self._before is not None:
            add_observer(self._before)


class detect_anomaly:
    """Anomaly mode inside a ``with`` block."""

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._switch = set_detect_anomaly(True, self._check_nan)

    def __exit__(self, *_: object) -> None:
        self._switch.__exit__()


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return _current() is not None

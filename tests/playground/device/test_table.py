"""Every operation through the device server: bit for bit what the same records give without it on the same library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from engine import backend, elementwise
from engine.registry import Op
from engine.tensor import Tensor
from playground.device.module import Module
from tests.engine import samples, test_ops
from tests.gpu.conftest import _standing_in as standing_in
from tests.gpu.test_table import CASES, PLACES_ON_HOST, _moved, _tensors


@contextmanager
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Without kernels, which are not served."""
    with monkeypatch.context() as patch:
        patch.setattr(elementwise, "takes_kernels", lambda: False)
        yield from standing_in(patch)


def _numbers(xp: Any, op: Op, sample: samples.Sample) -> list[np.ndarray[Any, Any] | None]:
    """Its outputs and the gradients of its inputs, on the host."""
    values, args = sample
    leaves = test_ops._leaves(op, values)
    moved = tuple(Tensor._wrap(xp.asarray(x.detach()._data)).requires_grad_(x.requires_grad) for x in leaves)
    out = test_ops._call(op, moved, args if op.name in PLACES_ON_HOST else _moved(xp, args))
    for k, o in enumerate(_tensors(out)):
        assert o.is_cuda
        if o.requires_grad and op.name not in test_ops.REFUSED:
            g = np.random.default_rng(k).normal(size=o.shape)
            o.backward(Tensor._wrap(xp.asarray(g)), retain_graph=True)
    found = [o.detach() for o in _tensors(out)] + [x.grad for x in moved]
    return [None if t is None else backend.to_host(t._data) for t in found]


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_served_as_without_a_server(
    cupy: Module, monkeypatch: pytest.MonkeyPatch, op: Op, sample: samples.Sample
) -> None:
    with _stand_in(monkeypatch) as library:
        expected = _numbers(library, op, sample)
    served = _numbers(cupy, op, sample)
    assert len(served) == len(expected)
    for here, there in zip(expected, served, strict=True):
        assert (here is None) == (there is None)
        if here is not None and there is not None:
            assert here.dtype == there.dtype
            np.testing.assert_array_equal(there, here, strict=True)

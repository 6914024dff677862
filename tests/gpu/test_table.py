"""Every operation on a device: the numbers of the CPU, forward and backward, and nothing brought to the host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import backend
from engine.registry import CONSTANT, OPS, Op
from engine.tensor import Tensor
from tests.engine import samples, test_ops
from tests.gpu import standin

ON_HOST = {
    "linalg_lu_factor_of": "pivoting",
    "linalg_lu_of": "pivoting",
    "linalg_lu_solve_of": "pivoting",
    "matrix_exp": "CuPy's takes one matrix at a time",
    "multilabel_margin_loss_of": "how many classes a row has is a number in the data",
    "ctc_loss_of": "lengths are numbers in the data",
    "embedding_bag_of": "bags are numbers in the data",
    "scatter_reduce_of": "how often a place is met, for products",
    "index_reduce_of": "how often a place is met, for products",
    "segment_reduce": "segments are numbers in the data",
}
"""Operations that look at their data on the host, and what for; docs/gpu.md lists them."""

FROM_HOST = {"pdist": "which rows are paired"}
"""Operations that send something to the device at every call, and what."""

PLACES_ON_HOST = {
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
}
"""Their windows are worked out on the host, from sizes alone, and come as NumPy's arrays."""

CASES = [
    pytest.param(op, sample, id=f"{op.name}-{k}")
    for op in OPS.values()
    # Constant ones without a sample are held by the programs.
    if op.name != "to_device" and (op.kind != CONSTANT or op.name in samples.SAMPLES)
    for k, sample in enumerate(samples.of(op))
]


def _moved(xp: Any, value: Any) -> Any:
    """The same arguments on the device."""
    if isinstance(value, Tensor):
        return Tensor._wrap(xp.asarray(value._data))
    if isinstance(value, np.ndarray):
        return xp.asarray(value)
    return type(value)(_moved(xp, v) for v in value) if type(value) in (tuple, list) else value


def _tensors(out: Any) -> list[Tensor]:
    return [o for o in (out if isinstance(out, tuple) else (out,)) if isinstance(o, Tensor)]


def _compare(here: Tensor, there: Tensor, what: str) -> None:
    assert there.is_cuda, f"{what} is not on the device"
    assert there.dtype is here.dtype
    np.testing.assert_allclose(
        backend.to_host(there.detach()._data), here.detach()._data, rtol=1e-7, atol=1e-9, err_msg=what
    )


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_device_gives_what_the_host_gives(cupy: Any, op: Op, sample: samples.Sample) -> None:
    values, args = sample
    leaves = test_ops._leaves(op, values)
    moved = tuple(
        Tensor._wrap(cupy.asarray(x.detach()._data)).requires_grad_(x.requires_grad) for x in leaves
    )
    here = test_ops._call(op, leaves, args)
    there_args = args if op.name in PLACES_ON_HOST else _moved(cupy, args)
    test_ops._call(op, moved, there_args)  # what is kept from the first call on is made
    with standin.watched() as transfers:
        there = test_ops._call(op, moved, there_args)
        wanted = [
            k for k, o in enumerate(_tensors(here)) if o.requires_grad and op.name not in test_ops.REFUSED
        ]
        for k in wanted:
            host, device = _tensors(here)[k], _tensors(there)[k]
            g = np.random.default_rng(k).normal(size=host.shape)
            host.backward(Tensor._wrap(np.asarray(g)), retain_graph=True)
            device.backward(Tensor._wrap(cupy.asarray(g)), retain_graph=True)
        down, up = list(transfers.down), transfers.up[len(wanted) :]
    if cupy is standin.CUPY:
        assert not down or op.name in ON_HOST, f"brought to the host: {down}"
        assert not up or op.name in {*ON_HOST, *FROM_HOST}, f"brought to the device: {up}"
    for k, (a, b) in enumerate(zip(_tensors(here), _tensors(there), strict=True)):
        _compare(a, b, f"output {k}")
    for k, (a, b) in enumerate(zip(leaves, moved, strict=True)):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None and b.grad is not None:
            _compare(a.grad, b.grad, f"gradient of input {k}")


def test_the_stand_in_is_as_strict_as_cupy() -> None:
    """What it refuses, as CuPy does; else the tests above would hold nothing."""
    x = standin.CUPY.arange(3.0)
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(x)
    with pytest.raises(TypeError, match="Unsupported type"):
        _ = x + np.ones(3)
    with pytest.raises(TypeError, match="Unsupported type"):
        standin.CUPY.where(x > 1, np.ones(3), x)
    with pytest.raises(AttributeError):
        _ = standin.CUPY.apply_over_axes_
    with pytest.raises(TypeError, match="Wrong arguments"):
        standin.CUPY.add(x, x, where=x > 1)
    with standin.watched() as transfers:
        assert bool(x.sum() > 1)
        assert transfers.down == ["__bool__"]

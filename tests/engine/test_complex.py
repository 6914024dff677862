"""Gradients of complex numbers: what follows from PyTorch's convention, and the op table by finite differences."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.autograd import gradcheck, gradgradcheck
from engine.func import jvp
from engine.real_only import KERNELS, NO_GRADIENT, SENTENCES, refusal
from engine.registry import CONSTANT, OPS, Op
from engine.tensor import Tensor
from tests.engine import samples

Z = [1.0 + 2.0j, -0.5 + 0.3j, 0.7 - 1.1j]


def _z() -> Tensor:
    return torch.tensor(Z, dtype=torch.complex128, requires_grad=True)


def test_the_gradient_is_the_conjugate_of_the_derivative() -> None:
    z = _z()
    seed = torch.tensor([1.0 - 1.0j, 2.0j, 0.5], dtype=torch.complex128)
    (g,) = torch.autograd.grad(torch.exp(z), z, seed)
    assert torch.allclose(g, seed * torch.exp(z.detach()).conj())


def test_descent_on_the_square_of_the_size() -> None:
    z = _z()
    (z * z.conj()).real.sum().backward()
    assert torch.allclose(z.grad, 2 * z.detach())


def test_real_inputs_of_complex_products_have_real_gradients() -> None:
    x = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    w = torch.tensor(Z, dtype=torch.complex128)
    (g,) = torch.autograd.grad(x * w, x, torch.ones_like(w))
    assert g.dtype is torch.float64
    assert torch.allclose(g, w.real)


def test_complex_outputs_need_a_gradient() -> None:
    message = "grad can be implicitly created only for real scalar outputs but got torch.complex128"
    with pytest.raises(RuntimeError, match=re.escape(message)):
        (_z() * 2).sum().backward()


def test_in_place() -> None:
    def function(z: Tensor) -> Tensor:
        y = z * 1
        y.mul_(z).sin_()
        y[0] = z[1] ** 2
        return y

    assert gradcheck(function, (_z(),))
    assert gradgradcheck(function, (_z(),))


def test_gradcheck_finds_a_forgotten_conjugate() -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2 * ctx.saved_tensors[0]

    z = torch.tensor([1.0 + 2.0j, 0.5 - 1.0j], dtype=torch.complex128, requires_grad=True)
    expected = (
        "While considering the imaginary part of complex outputs only, Jacobian mismatch for output 0 with respect to "
        "input 0,\n"
        "numerical:tensor([[ 4.0000+2.0000j,  0.0000+0.0000j],\n"
        "        [ 0.0000+0.0000j, -2.0000+1.0000j]], dtype=torch.complex128)\n"
        "analytical:tensor([[-4.+2.j,  0.+0.j],\n"
        "        [ 0.+0.j,  2.+1.j]], dtype=torch.complex128)\n"
    )
    with pytest.raises(RuntimeError, match=re.escape(expected)):
        gradcheck(Square.apply, (z,))


# --- The whole table -------------------------------------------------------------------------------------------------


def _outputs(op: Op, tensors: tuple[Any, ...], args: tuple[Any, ...]) -> tuple[Tensor, ...]:
    first = tensors[0]
    if op.name in samples.PREPARED and samples.PREPARED[op.name] is not torch.view_as_complex:
        tensors = (samples.PREPARED[op.name](first), *tensors[1:])
    made = op.call(tensors, *args) if op.variadic else op.call(*tensors, *args)
    return samples.finished(op, made)


def _leaves(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        None if v is None else Tensor._wrap(np.array(v)).requires_grad_(v.dtype.kind in "fc") for v in values
    )


TAKES = [op for op in OPS.values() if op.kind != CONSTANT and not op.real_only and op.name not in NO_GRADIENT]
CASES = [
    pytest.param(op, sample, not k, id=f"{op.name}-{k}")
    for op in TAKES
    for k, sample in enumerate(samples.of(op))
]


@pytest.mark.parametrize(("op", "sample", "first"), CASES)
def test_derivatives_along_real_and_imaginary_directions(op: Op, sample: samples.Sample, first: bool) -> None:
    """First derivatives agree with central differences, and second ones for an op's first sample."""
    values, args = samples.complex_sample(op, sample)
    leaves = _leaves(values)
    assert gradcheck(lambda *xs: _outputs(op, xs, args), leaves)
    if first:
        assert gradgradcheck(lambda *xs: _outputs(op, xs, args), leaves, atol=1e-4)


@pytest.mark.parametrize(("op", "sample"), [pytest.param(*p.values[:2], id=p.id) for p in CASES])
def test_tangents(op: Op, sample: samples.Sample) -> None:
    """Forward mode agrees with central differences along a complex direction."""
    values, args = samples.complex_sample(op, sample)
    rng = np.random.default_rng(3)
    places = [k for k, v in enumerate(values) if v is not None and v.dtype.kind in "fc"]
    steps = {
        k: rng.normal(size=values[k].shape) * (1 if values[k].dtype.kind == "f" else 1 + 0.7j) for k in places
    }

    def function(*moved: Tensor) -> tuple[Tensor, ...]:
        full = [None if v is None else Tensor._wrap(np.array(v)) for v in values]
        for k, x in zip(places, moved, strict=True):
            full[k] = x
        return _outputs(op, tuple(full), args)

    def at(step: float) -> list[Any]:
        return [
            y._data
            for y in function(*(Tensor._wrap(np.asarray(values[k] + step * steps[k])) for k in places))
        ]

    primals = tuple(Tensor._wrap(np.array(values[k])) for k in places)
    outputs, tangents = jvp(function, primals, tuple(Tensor._wrap(np.asarray(steps[k])) for k in places))
    for y, t, above, below in zip(outputs, tangents, at(1e-6), at(-1e-6), strict=True):
        assert t.dtype is y.dtype
        np.testing.assert_allclose(t._data, (above - below) / 2e-6, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted([*KERNELS, *SENTENCES]))
def test_what_pytorch_refuses(name: str) -> None:
    """The other operations raise PyTorch's error, whichever way they are called."""
    op = OPS[name]
    tensors = (torch.ones(2, 2, dtype=torch.complex64),) * max(op.n_inputs, 1)
    statics = (None,) * (len(op.params) - op.n_inputs)
    with pytest.raises(
        (RuntimeError, NotImplementedError), match=re.escape(str(refusal(name, "ComplexFloat")))
    ):
        op.call(*tensors, *statics)


@pytest.mark.parametrize("name", sorted(NO_GRADIENT))
def test_what_pytorch_does_not_differentiate(name: str) -> None:
    op = OPS[name]
    values, args = samples.complex_sample(op, samples.of(op)[0])
    args = tuple(a + 0j if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in args)
    leaves = _leaves(values)
    with pytest.raises(
        RuntimeError, match="does not support automatic differentiation for outputs with complex"
    ):
        op.call(*leaves, *args)
    with torch.no_grad():
        op.call(*leaves, *args)

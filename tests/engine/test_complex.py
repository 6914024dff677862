"""Gradients of complex numbers: what follows from PyTorch's convention, and the op table by finite differences."""

from __future__ import annotations

import re
from typing import Any

import pytest

import engine as torch
from engine.autograd import gradcheck, gradgradcheck
from engine.tensor import Tensor

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
        y.mul_(z).exp_()
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

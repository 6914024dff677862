"""Functions made of other operations: values against NumPy, gradients against differences, errors in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.autograd import gradcheck

RNG = np.random.default_rng(0)


def leaf(*shape: int) -> Any:
    return torch.tensor(RNG.normal(size=shape), requires_grad=True)


EINSUM = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk->ki", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("i,i->", (3,), (3,)),
    ("i,j->ji", (2,), (3,)),
    ("ij->ji", (2, 3)),
    ("ij->j", (2, 3)),
    ("ij->", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("bij,bkj->bik", (2, 3, 4), (2, 5, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ij,k->i", (2, 3), (4,)),
    ("...i,i->...", (2, 3, 4), (4,)),
    ("ij,ij->ji", (2, 3), (2, 3)),
    ("i,j,k->kij", (2,), (3,), (4,)),
    (",i->i", (), (3,)),
]


@pytest.mark.parametrize("case", EINSUM, ids=[case[0] for case in EINSUM])
def test_einsum(case: tuple[Any, ...]) -> None:
    equation, *shapes = case
    operands = [leaf(*shape) for shape in shapes]
    result = torch.einsum(equation, *operands)
    np.testing.assert_allclose(
        result.detach().numpy(), np.einsum(equation, *(o.detach().numpy() for o in operands)), rtol=1e-12
    )
    assert gradcheck(lambda *o: torch.einsum(equation, *o), tuple(operands))


@pytest.mark.parametrize(
    "shapes", [((3,), ()), ((2, 1), (1, 3)), ((4, 1, 3), (2, 1)), ((1,), (0,)), ((2,), (2,), (1, 1))]
)
def test_broadcasting(shapes: tuple[tuple[int, ...], ...]) -> None:
    expected = np.broadcast_shapes(*shapes)
    assert torch.broadcast_shapes(*shapes) == expected
    views = torch.broadcast_tensors(*(torch.ones(*s) if s else torch.tensor(1.0) for s in shapes))
    assert all(view.shape == expected for view in views)


def test_shapes_that_do_not_broadcast() -> None:
    with pytest.raises(RuntimeError, match="Mismatching argument at index 1"):
        torch.broadcast_shapes((2,), (3,))
    with pytest.raises(
        RuntimeError, match=r"The size of tensor a \(2\) must match the size of tensor b \(3\)"
    ):
        torch.broadcast_tensors(torch.ones(2), torch.ones(3))


@pytest.mark.parametrize("n", [0, 1, 2, 9])
@pytest.mark.parametrize("dim", [0, -1])
def test_diff(n: int, dim: int) -> None:
    x = leaf(3, 4)
    np.testing.assert_allclose(torch.diff(x, n, dim).detach().numpy(), np.diff(x.detach().numpy(), n, dim))
    if n == 1:
        assert gradcheck(lambda x: torch.diff(x, n, dim), (x,))


@pytest.mark.parametrize(
    ("left", "right", "dim"), [((3,), (3,), 0), ((2, 3), (2, 3), 1), ((3, 2), (3, 2), 0)]
)
def test_cross(left: tuple[int, ...], right: tuple[int, ...], dim: int) -> None:
    a, b = leaf(*left), leaf(*right)
    expected = np.cross(a.detach().numpy(), b.detach().numpy(), axis=dim)
    np.testing.assert_allclose(torch.cross(a, b, dim=dim).detach().numpy(), expected)
    assert gradcheck(lambda a, b: torch.cross(a, b, dim=dim), (a, b))


def test_cross_needs_three() -> None:
    with pytest.raises(RuntimeError, match="must have length 3"):
        torch.cross(torch.ones(2), torch.ones(2), dim=0)
    with pytest.raises(RuntimeError, match="no dimension of size 3"):
        torch.cross(torch.ones(2), torch.ones(2))


def test_distances() -> None:
    a, b = leaf(4, 3), leaf(2, 3)
    difference = a.detach().numpy()[:, None] - b.detach().numpy()
    for p in (1.0, 2.0, 3.0):
        expected = (np.abs(difference) ** p).sum(-1) ** (1 / p)
        np.testing.assert_allclose(torch.cdist(a, b, p).detach().numpy(), expected)
    assert gradcheck(torch.cdist, (a, b))
    assert torch.dist(a[0], b[0]).item() == pytest.approx(np.linalg.norm(difference[0, 0]))
    np.testing.assert_array_equal(torch.autograd.grad(torch.cdist(a, a.detach()).trace(), a)[0].numpy(), 0)


def test_inner() -> None:
    for left, right in (((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (4, 3)), ((2, 5, 3), (4, 3))):
        a, b = leaf(*left), leaf(*right)
        expected = np.inner(a.detach().numpy(), b.detach().numpy())
        np.testing.assert_allclose(torch.inner(a, b).detach().numpy(), expected)


@pytest.mark.parametrize("cut", [1, 2, 3, 7, [1, 3], [0, 2, 2]])
def test_tensor_split(cut: Any) -> None:
    x = torch.arange(5)
    expected = np.array_split(np.arange(5), cut)
    assert [part.tolist() for part in torch.tensor_split(x, cut)] == [part.tolist() for part in expected]


def test_at_least() -> None:
    for shape in ((), (3,), (2, 3), (2, 3, 4)):
        x = torch.ones(*shape) if shape else torch.tensor(1.0)
        assert torch.atleast_2d(x).shape == np.atleast_2d(x.numpy()).shape
        assert torch.atleast_3d(x).shape == np.atleast_3d(x.numpy()).shape

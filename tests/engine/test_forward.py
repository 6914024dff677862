"""Forward mode over the whole op table, nested transforms against each other, and layers that leave nothing behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.autograd import forward_ad
from engine.autograd.forward import Level
from engine.autograd.graph import saved_tensors_hooks
from engine.func import grad, hessian, jacfwd, jacrev, jvp, vmap
from engine.registry import CONSTANT, OPS, Op
from engine.state import Observer, S, add_observer, remove_observer
from engine.tensor import Tensor
from tests.engine import samples
from tests.engine.test_ops import REFUSED

CASES = [
    pytest.param(op, sample, id=f"{op.name}-{k}")
    for op in OPS.values()
    if op.kind != CONSTANT and op.name not in REFUSED
    for k, sample in enumerate(samples.of(op))
]


def _call(op: Op, tensors: tuple[Tensor, ...], args: tuple[Any, ...]) -> tuple[Tensor, ...]:
    out = op.call(tensors, *args) if op.variadic else op.call(*tensors, *args)
    return tuple(torch.view_as_real(o) if o.dtype.is_complex else o for o in samples.finished(op, out))


def _prepared(op: Op, values: list[Any]) -> tuple[Any, ...]:
    first = samples.PREPARED[op.name](values[0]) if op.name in samples.PREPARED else values[0]
    return (first, *values[1:])


def _moving(op: Op, values: tuple[Any, ...]) -> list[int]:
    rules = [True] * len(values) if op.variadic else op.differentiable
    return [k for k, (v, r) in enumerate(zip(values, rules, strict=True)) if r and v.dtype.kind == "f"]


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_every_op_has_a_tangent(op: Op, sample: samples.Sample) -> None:
    """`jvp` through the layer agrees with central differences, for several outputs and lists of inputs too."""
    values, args = sample
    places = _moving(op, values)
    rng = np.random.default_rng(5)
    steps = [rng.normal(size=values[k].shape) for k in places]

    def function(*moved: Tensor) -> tuple[Tensor, ...]:
        full = [Tensor._wrap(np.array(v)) for v in values]
        for k, t in zip(places, moved, strict=True):
            full[k] = t
        return _call(op, _prepared(op, full), args)

    def at(step: float) -> list[Any]:
        return [
            o._data
            for o in function(
                *(Tensor._wrap(np.asarray(values[k] + step * t)) for k, t in zip(places, steps, strict=True))
            )
        ]

    primals = tuple(Tensor._wrap(np.array(values[k])) for k in places)
    outputs, tangents = jvp(function, primals, tuple(Tensor._wrap(np.asarray(t)) for t in steps))
    eps = 1e-6
    for y, t, up, down in zip(outputs, tangents, at(eps), at(-eps), strict=True):
        assert t.shape == y.shape
        assert t.dtype is y.dtype
        assert not t.requires_grad
        np.testing.assert_allclose(t._data, (up - down) / (2 * eps), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_forward_over_reverse_is_reverse_over_reverse(op: Op, sample: samples.Sample) -> None:
    values, args = sample
    places = _moving(op, values)
    rng = np.random.default_rng(7)

    def function(*moved: Tensor) -> Tensor:
        full = [Tensor._wrap(np.array(v)) for v in values]
        for k, t in zip(places, moved, strict=True):
            full[k] = t
        total: Any = 0.0
        for o in _call(op, _prepared(op, full), args):
            total = total + (o * o).sum()
        return total  # type: ignore[no-any-return]

    primals = tuple(Tensor._wrap(np.array(values[k])) for k in places)
    steps = tuple(Tensor._wrap(np.asarray(rng.normal(size=p.shape))) for p in primals)
    every = tuple(range(len(places)))
    forward = jvp(grad(function, argnums=every), primals, steps)[1]

    def along(*moved: Tensor) -> Tensor:
        total: Any = 0.0
        for g, s in zip(grad(function, argnums=every)(*moved), steps, strict=True):
            total = total + (g * s).sum()
        return total  # type: ignore[no-any-return]

    reverse = grad(along, argnums=every)(*primals)
    for a, b in zip(forward, reverse, strict=True):
        np.testing.assert_allclose(a._data, b._data, rtol=1e-6, atol=1e-8)


def _function(x: Tensor) -> Tensor:
    y = torch.tanh(x[:2] * x.sum())
    z = torch.cat([y, x.softmax(0)]).cumsum(0)
    z = z.clone()
    z[1:3] *= x[1]
    z[2:].sin_().mul_(x)
    return (z * z.max()).prod() + (x @ x)


X = torch.tensor([0.3, -0.7, 1.1], dtype=torch.float64)


def test_all_ways_to_a_hessian_agree() -> None:
    ways = [
        hessian(_function)(X),
        jacrev(jacrev(_function))(X),
        jacrev(jacfwd(_function))(X),
        jacfwd(jacfwd(_function))(X),
        torch.autograd.functional.hessian(_function, X),
        torch.autograd.functional.hessian(
            _function, X, vectorize=True, outer_jacobian_strategy="forward-mode"
        ),
    ]
    for way in ways:
        assert not way.requires_grad
        np.testing.assert_allclose(way._data, ways[0]._data, rtol=1e-10)


def test_three_levels() -> None:
    third = jacfwd(jacfwd(jacfwd(_function)))(X)
    other = jacrev(jacfwd(jacrev(_function)))(X)
    np.testing.assert_allclose(third._data, other._data, rtol=1e-9)


def test_results_know_nothing_of_their_inner_roots() -> None:
    w = X.clone().requires_grad_()
    assert not grad(_function)(X).requires_grad
    outer = grad(lambda x: (x * w).sin().sum())(X)
    assert torch.autograd.grad(outer.sum(), w)[0].shape == w.shape
    assert w.grad is None
    value, pull = torch.func.vjp(lambda x: x * w, X)
    assert pull(torch.ones(3, dtype=torch.float64))[0].requires_grad
    (back,) = torch.autograd.grad(value.sum(), w)
    assert torch.equal(back, X)


def test_layers_are_gone_after_errors() -> None:
    def fails(x: Tensor) -> Tensor:
        raise KeyError("mine")

    for attempt in (
        lambda: jvp(fails, (X,), (X,)),
        lambda: grad(fails)(X),
        lambda: vmap(fails)(X),
        lambda: jacfwd(lambda x: x @ torch.ones(7))(X),
    ):
        with pytest.raises((KeyError, RuntimeError)):
            attempt()
        assert S.layers == ()
        assert not S.slow
        assert S.grad_enabled
    with pytest.raises(KeyError), saved_tensors_hooks(lambda t: t, lambda t: t), forward_ad.dual_level():
        fails(X)
    assert S.layers == ()
    assert not forward_ad._levels


def test_tangents_end_with_their_level() -> None:
    level = Level()
    x = X.clone()
    with level:
        level.attach(x, X)
        assert level.tangent(x.sin()) is not None
    assert x.__dict__["_tangents"] == {}


def test_observers_and_layers_go_together() -> None:
    seen: list[str] = []

    class Watcher(Observer):
        def op(self, op: Op, *_: Any) -> None:
            seen.append(op.name)

    watcher = Watcher()
    add_observer(watcher)
    try:
        jvp(torch.sin, (X,), (X,))
        assert S.slow
    finally:
        remove_observer(watcher)
    assert seen == ["sin", "cos", "mul"]
    assert not S.slow


def test_the_tangent_of_a_holomorphic_function_is_its_derivative_times_the_direction() -> None:
    z, t = torch.tensor([1.0 + 2.0j, -0.3j]), torch.tensor([0.5 - 1.0j, 2.0 + 0j])
    y, moved = jvp(torch.exp, (z,), (t,))
    assert torch.allclose(moved, y * t)


def test_functions_of_many_shapes_in_a_tree() -> None:
    state = {"a": X, "b": [X * 2, (X[:1],)]}
    result = jacfwd(lambda s: {"out": s["a"] * s["b"][0] + s["b"][1][0]})(state)
    again = jacrev(lambda s: {"out": s["a"] * s["b"][0] + s["b"][1][0]})(state)
    assert result["out"]["b"][1][0].shape == (3, 1)
    for way in (result, again):
        assert torch.equal(way["out"]["a"], torch.diag(X * 2))


def test_vmap_of_empty_batch_and_none_dims() -> None:
    assert vmap(lambda a, k: a * k, in_dims=(0, None))(torch.zeros(0, 3), 2).shape == (0, 3)
    with pytest.raises(ValueError, match="at least one input"):
        vmap(lambda a: a, in_dims=(None,))(X)

"""Properties that hold for every record of the op table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from engine import registry
from engine.autograd import gradcheck, gradgradcheck
from engine.define import define
from engine.dispatch import bind
from engine.inplace import apply_inplace
from engine.registry import CONSTANT, GENERAL, LINEAR, OPS, POINTWISE, TENSORS, Op, arrays
from engine.tensor import Tensor
from tests.engine import samples

REFUSED = ("floor_divide",)
"""PyTorch says that it has no derivative for these when it is asked for; see `test_refused_derivatives`."""

DIFFERENTIABLE = [op for op in OPS.values() if op.kind != CONSTANT and op.name not in REFUSED]


def _name(op: Op) -> str:
    return op.name


def _call(op: Op, tensors: tuple[Tensor, ...], args: tuple[Any, ...]) -> Any:
    tensors = _prepared(op, tensors)
    out = op.call(tensors, *args) if op.variadic else op.call(*tensors, *args)
    return _real(samples.finished(op, out) if isinstance(out, tuple) else out)


def _prepared(op: Op, tensors: tuple[Any, ...]) -> tuple[Any, ...]:
    if op.name not in samples.PREPARED:
        return tensors
    return (None if tensors[0] is None else samples.PREPARED[op.name](tensors[0]), *tensors[1:])


def _real(out: Any) -> Any:
    """Complex results as pairs, so that all else is about real numbers."""
    if isinstance(out, tuple):
        return tuple(_real(o) for o in out)
    return engine.view_as_real(out) if isinstance(out, Tensor) and out.dtype.is_complex else out


def _first(out: Any) -> Any:
    """What has a derivative among an op's outputs, as a tuple."""
    outs = out if isinstance(out, tuple) else (out,)
    return tuple(o for o in outs if o.dtype.differentiable)


def _leaves(op: Op, values: tuple[Any, ...]) -> tuple[Tensor, ...]:
    rules = [True] * len(values) if op.variadic else op.differentiable
    return tuple(
        Tensor._wrap(np.array(v)).requires_grad_(bool(r) and v.dtype.kind == "f")
        for v, r in zip(values, rules, strict=True)
    )


CASES = [
    pytest.param(op, sample, id=f"{op.name}-{k}")
    for op in DIFFERENTIABLE
    for k, sample in enumerate(samples.of(op))
]


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_first_derivative(op: Op, sample: samples.Sample) -> None:
    """The rules agree with central differences."""
    values, args = sample
    assert gradcheck(lambda *xs: _first(_call(op, xs, args)), _leaves(op, values))


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_second_derivative(op: Op, sample: samples.Sample) -> None:
    """The rules can themselves be differentiated, and that agrees with central differences."""
    values, args = sample
    leaves = _leaves(op, values)
    grads = [np.random.default_rng(3).normal(size=o.shape) for o in _first(_call(op, leaves, args))]
    assert gradgradcheck(
        lambda *xs: _first(_call(op, xs, args)),
        leaves,
        tuple(Tensor._wrap(np.asarray(g)).requires_grad_() for g in grads),
        atol=1e-4,
    )


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_forward_mode(op: Op, sample: samples.Sample) -> None:
    """The tangent that follows from the record's kind is the directional derivative."""
    if op.outputs != 1:
        assert op.kind in (LINEAR, GENERAL)
    values, args = sample
    rng = np.random.default_rng(5)
    rules = [True] * len(values) if op.variadic else op.differentiable
    tangents = tuple(
        rng.normal(size=v.shape) if r and v.dtype.kind == "f" else None
        for v, r in zip(values, rules, strict=True)
    )

    def at(step: float) -> Any:
        moved = tuple(
            Tensor._wrap(np.asarray(v if t is None else v + step * t))
            for v, t in zip(values, tangents, strict=True)
        )
        return [o._data for o in _first(_call(op, moved, args))]

    if op.kind in (LINEAR, GENERAL) and (op.variadic or op.outputs != 1 or any(t is None for t in tangents)):
        _linear_or_general(op, values, args, tangents, at)
        return
    eps = 1e-6
    expected = (at(eps)[0] - at(-eps)[0]) / (2 * eps)
    wrapped = tuple(Tensor._wrap(np.asarray(v)) for v in values)
    moving = tuple(None if t is None else Tensor._wrap(np.asarray(t)) for t in tangents)
    y = op.call(*_prepared(op, wrapped), *args)
    moving = samples.prepared_tangents(op.name, wrapped, moving)
    got = _real(op.tangent(TENSORS, _prepared(op, wrapped), moving, y, args))
    full = np.broadcast_to(np.zeros(()) if got is None else got._data, expected.shape)
    np.testing.assert_allclose(full, expected, rtol=1e-4, atol=1e-5)


def _linear_or_general(op: Op, values: Any, args: Any, tangents: Any, at: Any) -> None:
    """Several outputs or tensors in a list: linearity itself is what forward mode rests on."""
    if op.kind == LINEAR:
        for a, b, c in zip(at(1.0), at(2.0), at(3.0), strict=True):
            np.testing.assert_allclose(c - b, b - a, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_rules_agree_on_arrays_and_tensors(op: Op, sample: samples.Sample) -> None:
    """The fast first-order path and the recorded one give the same numbers."""
    values, args = sample
    results = []
    for create_graph in (False, True):
        leaves = _leaves(op, values)
        outs = _first(_call(op, leaves, args))
        wanted = [x for x in leaves if x.requires_grad]
        seeds = [Tensor._wrap(np.asarray(np.random.default_rng(1).normal(size=o.shape))) for o in outs]
        results.append(
            engine.autograd.grad(outs, wanted, seeds, create_graph=create_graph, allow_unused=True)
        )
    for a, b in zip(*results, strict=True):
        # Not to the last bit: on arrays a rule may add up in another order.
        np.testing.assert_allclose(
            np.zeros(()) if a is None else a.detach().numpy(),
            np.zeros(()) if b is None else b.detach().numpy(),
            rtol=1e-13,
            atol=1e-13,
        )


@pytest.mark.parametrize(("op", "sample"), [c for c in CASES if c.values[0].name != "as_strided_view"])
def test_layout_in_memory_does_not_matter(op: Op, sample: samples.Sample) -> None:
    """Inputs with gaps between their elements give the same values and gradients, but where memory is the point."""
    values, args = sample
    results = []
    for given in (values, tuple(np.repeat(v, 2, -1)[..., ::2] if v.ndim else v for v in values)):
        rules = [True] * len(given) if op.variadic else op.differentiable
        leaves = tuple(
            Tensor._wrap(v).requires_grad_(bool(r) and v.dtype.kind == "f")
            for v, r in zip(given, rules, strict=True)
        )
        outs = _first(_call(op, leaves, args))
        seeds = [Tensor._wrap(np.asarray(np.random.default_rng(1).normal(size=o.shape))) for o in outs]
        wanted = [x for x in leaves if x.requires_grad]
        grads = engine.autograd.grad(outs, wanted, seeds, allow_unused=True)
        results.append([*outs, *(g for g in grads if g is not None)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-12)


def _single(op: Op, sample: samples.Sample) -> bool:
    """Whether the result is one new tensor."""
    return op.outputs == 1 and not op.view and not isinstance(_plainly(op, sample), tuple)


def _plainly(op: Op, sample: samples.Sample, **more: Any) -> Any:
    given = _prepared(op, tuple(Tensor._wrap(np.array(v)) for v in sample[0]))
    return op.call(given, *sample[1], **more) if op.variadic else op.call(*given, *sample[1], **more)


def _fits(op: Op, sample: samples.Sample) -> bool:
    """Whether the result can be written over the first input."""
    if op.variadic or not _single(op, sample):
        return False
    first = _prepared(op, (Tensor._wrap(sample[0][0]), *sample[0][1:]))[0]
    out = _plainly(op, sample)
    return bool(out.shape == first.shape and out.dtype is first.dtype)


SINGLE = [c for c in CASES if _single(*c.values)]


@pytest.mark.parametrize(("op", "sample"), [c for c in SINGLE if _fits(*c.values)])
def test_in_place_is_the_same_operation(op: Op, sample: samples.Sample) -> None:
    """Written over its input, an operation gives the same value and gradients, and raises the version."""
    results = []
    for in_place in (False, True):
        leaves = _leaves(op, sample[0])
        given = _prepared(op, leaves)
        target = given[0].clone()
        args = bind(op, (target, *given[1:], *sample[1]), {})
        out = apply_inplace(op, target, args[1:]) if in_place else op.call(*args)
        assert (out is target) == in_place
        assert target._version == int(in_place)
        assert out.requires_grad
        assert type(out.grad_fn).__name__ == op.grad_name
        seed = Tensor._wrap(np.random.default_rng(1).normal(size=out.shape).astype(out.dtype.numpy))
        wanted = [x for x in leaves if x.requires_grad]
        results.append((out, *engine.autograd.grad(out, wanted, seed, allow_unused=True)))
    for a, b in zip(*results, strict=True):
        if a is None or b is None:
            assert a is b
        else:
            assert a.dtype is b.dtype
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("op", "sample"), SINGLE)
def test_out_holds_what_the_plain_call_returns(op: Op, sample: samples.Sample) -> None:
    """``out=`` is resized if it must be, keeps its memory if not, and refuses what it cannot hold or record."""
    expected = _plainly(op, sample)
    for shape in (expected.shape, (0,), (2, 7)):
        out = engine.zeros(shape, dtype=expected.dtype)
        memory = out._data
        assert _plainly(op, sample, out=out) is out
        assert out._version == 1
        assert out.dtype is expected.dtype
        assert not out.requires_grad
        assert (out._data is memory) == (tuple(shape) == tuple(expected.shape))
        np.testing.assert_array_equal(out.numpy(), expected.numpy())
    with pytest.raises(RuntimeError, match=r"dtype|cast|type"):
        _plainly(op, sample, out=engine.zeros(expected.shape, dtype=engine.bool))
    with pytest.raises(RuntimeError, match=r"functions with out=\.\.\. arguments don't support"):
        _plainly(op, sample, out=engine.zeros(expected.shape, dtype=expected.dtype).requires_grad_())


@pytest.mark.parametrize("shape", [(), (0,), (0, 3)], ids=str)
@pytest.mark.parametrize("op", [o for o in DIFFERENTIABLE if o.kind == POINTWISE], ids=_name)
def test_pointwise_of_one_number_and_of_none(op: Op, shape: tuple[int, ...]) -> None:
    values, args = samples.of(op)[0]
    leaves = _leaves(op, tuple(np.resize(v, shape) for v in values))
    out = op.call(*leaves, *args)
    assert out.shape == shape
    out.sum().backward()
    for x in leaves:
        assert x.grad is None or (x.grad.shape == shape and x.grad.dtype is x.dtype)


@pytest.mark.parametrize("op", DIFFERENTIABLE, ids=_name)
def test_backward_node_is_named_and_knows_its_op(op: Op) -> None:
    values, args = samples.of(op)[0]
    leaves = _leaves(op, values)
    given = _prepared(op, leaves)
    out = _first(op.call(given, *args) if op.variadic else op.call(*given, *args))[0]
    assert type(out.grad_fn).__name__ == op.grad_name
    assert out.grad_fn.name() == op.node.namespace + op.grad_name
    assert type(out.grad_fn).op is op
    rules = len(leaves) if op.variadic else sum(op.differentiable)
    assert len(out.grad_fn.next_functions) == rules


@pytest.mark.parametrize("op", [o for o in DIFFERENTIABLE if o.view], ids=_name)
def test_views_share_memory_and_version(op: Op) -> None:
    values, args = samples.of(op)[0]
    base = Tensor._wrap(np.array(values[0]))
    if op.name in samples.PREPARED:
        base = samples.PREPARED[op.name](base).clone()
    view = op.call(base, *args)
    view = view[0] if isinstance(view, tuple) else view
    assert np.shares_memory(base._data, view._data)
    assert view._base is base
    base.mul_(2)
    assert view._version == base._version == 1


@pytest.mark.parametrize("op", list(OPS.values()), ids=_name)
def test_record_is_described(op: Op) -> None:
    assert op.doc.endswith(".")
    assert re.fullmatch(r"[a-z_:0-9]+", op.aten)


@pytest.mark.parametrize("dtype", [engine.float32, engine.float64], ids=str)
@pytest.mark.parametrize("op", [o for o in DIFFERENTIABLE if o.kind == POINTWISE], ids=_name)
def test_pointwise_keeps_dtype(op: Op, dtype: Any) -> None:
    values, args = samples.of(op)[0]
    leaves = tuple(
        Tensor._wrap(v.astype(dtype.numpy) if v.dtype.kind == "f" else v).requires_grad_(
            v.dtype.kind == "f" and bool(r)
        )
        for v, r in zip(values, op.differentiable, strict=True)
    )
    if op.name == "to_dtype":
        args = (dtype,)
    out = op.call(*leaves, *args)
    assert out.dtype is dtype
    out.backward(engine.ones_like(out))
    for x in leaves:
        assert x.grad is None or x.grad.dtype is dtype


GOOD: dict[str, Any] = {
    "forward": lambda xp, input: input,
    "vjp": (lambda F, g: g,),
    "doc": "Does nothing.",
}


@pytest.mark.parametrize(
    ("name", "kind", "change", "message"),
    [
        ("sin", POINTWISE, {}, "another op of that name"),
        ("not a name", POINTWISE, {}, "must be a Python identifier"),
        ("new_op", POINTWISE, {"doc": ""}, "a one-line doc is needed"),
        ("new_op", POINTWISE, {"vjp": (lambda F, g: g, lambda F, g: g)}, "fewer than 2 inputs"),
        ("new_op", POINTWISE, {"vjp": (lambda F, g: g,), "inputs": 0}, "expected 0 vjp rules"),
        ("new_op", POINTWISE, {"vjp": (lambda F, g, other: g,)}, "wants 'other'"),
        ("new_op", POINTWISE, {"vjp": (lambda g: g,)}, "begins with F, g"),
        ("new_op", CONSTANT, {}, "a constant op has no vjp"),
        ("new_op", POINTWISE, {"vjp": (None,)}, "must not be None"),
    ],
)
def test_contradictions_are_refused(name: str, kind: Any, change: dict[str, Any], message: str) -> None:
    before = dict(OPS)
    with pytest.raises(ValueError, match=re.escape(message)):
        define(name, kind, **{**GOOD, **change})
    assert before == OPS


def test_a_new_op_is_five_lines() -> None:
    """What CONTRIBUTING.md shows works as shown."""
    try:
        cube = define(
            "cube_for_test",
            POINTWISE,
            forward=lambda xp, input: input * input * input,
            vjp=(lambda F, g, input: g * (3 * input * input),),
            domain=(-2.0, 2.0),
            doc="Each element to the third power.",
        )
        x = engine.tensor([2.0, -1.0], requires_grad=True)
        y = cube(x)
        assert repr(y) == "tensor([ 8., -1.], grad_fn=<CubeForTestBackward0>)"
        (first,) = engine.autograd.grad(y.sum(), x, create_graph=True)
        assert first.tolist() == [12.0, 3.0]
        assert engine.autograd.grad(first.sum(), x)[0].tolist() == [12.0, -6.0]
    finally:
        registry.OPS.pop("cube_for_test", None)


def test_namespaces_name_missing_ops() -> None:
    for F in (TENSORS, arrays(np.zeros(1))):
        with pytest.raises(AttributeError, match="no op is called 'nothing'"):
            F.nothing


@pytest.mark.parametrize("limits", [(None, 0.5), (0.5, None), (-0.5, 0.5)])
def test_a_rule_may_ask_whether_an_input_is_none(limits: tuple[float | None, float | None]) -> None:
    """Such a rule is no expression that could be compiled: which it is depends on the call."""
    leaves = [Tensor._wrap(np.full(3, v)).requires_grad_() if v is not None else None for v in (0.2, *limits)]
    leaves[0] = engine.tensor([-1.0, 0.2, 1.0], dtype=engine.float64, requires_grad=True)
    given = [x for x in leaves if x is not None]

    def clamp(*xs: Tensor) -> Any:
        rest = iter(xs)
        return engine.clamp(*(None if x is None else next(rest) for x in leaves))

    assert gradcheck(clamp, tuple(given))


@pytest.mark.parametrize("name", REFUSED)
def test_refused_derivatives(name: str) -> None:
    x = engine.tensor([3.0, 5.0], requires_grad=True)
    y = OPS[name].call(x, 2.0)
    assert y.requires_grad
    with pytest.raises(RuntimeError, match=f"derivative for aten::{name} is not implemented"):
        y.sum().backward()


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_documents_state_the_coverage_that_was_recorded(dtype: str) -> None:
    """`make test-oracle` holds the record; README and ``docs/ops.md`` must say the same."""
    root = Path(__file__).parents[2]
    name = "op_db.json" if dtype == "float32" else f"op_db_{dtype}.json"
    operators = json.loads((root / "tests/programs" / name).read_text(encoding="utf-8"))["operators"]
    whole = sum(o["passes"] == "all" for o in operators.values())
    ops = (root / "docs/ops.md").read_text(encoding="utf-8")
    assert f"Of the {len(operators)} " in ops
    assert f", {whole} agree on every" in ops
    assert all(f"| `{n.replace('|', ' ')}` |" in ops for n, o in operators.items() if o["passes"] != "all")
    if dtype == "float32":
        readme = (root / "README.md").read_text(encoding="utf-8")
        assert f"of the {len(operators)} float32 operators" in readme
        assert f", {whole} give the same" in readme
    else:
        assert f"the {len(operators)} that take complex numbers {whole} do so" in (
            root / "README.md"
        ).read_text(encoding="utf-8")

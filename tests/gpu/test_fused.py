"""Kernels of one launch: each is its formula in every floating dtype, and what is no kernel is known."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import engine
from engine import backend, closures, elementwise
from engine.elementwise import Elementwise
from engine.registry import OPS, POINTWISE, Op, arrays
from tests.engine import samples
from tests.engine.test_ops import REFUSED
from tests.gpu import kernel, standin

DTYPES = {np.float16: (2e-3, 1e-3), np.float32: (1e-5, 1e-6), np.float64: (1e-12, 1e-13)}
"""Relative and absolute tolerances: a kernel rounds to float16 once, and its formula is computed in float32 then."""

SEVERAL = {
    "angle": "its rule has a choice for complex numbers",
    "trunc_divide": "it asks NumPy for the dtype of two",
    **dict.fromkeys(("digamma", "lgamma", "polygamma_of", "zeta"), "CUDA has no such function"),
    **dict.fromkeys(("i0", "special_i0e", "special_i1", "special_i1e"), "CUDA has no such function"),
}
"""Elementwise operations that are several launches, forward or backward, and why."""

CASES = [
    op
    for op in OPS.values()
    if op.vjp and op.outputs == 1 and not (op.variadic or op.view) and op.name not in ("to_device", *REFUSED)
]
Run = tuple[str, Elementwise, tuple[Any, ...]]


def _runs(op: Op, sample: samples.Sample, dtype: Any) -> Iterator[Run]:
    """The forward and the rules of an operation, on the host, with what they are called with."""
    values, args = sample
    given = [v.astype(dtype) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v for v in values]
    if not op.ufunc:
        yield op.name, Elementwise(op.forward, op.name), (*given, *args)
    named = dict(zip(op.params, (*given, *args, *op.defaults[len(given) + len(args) :]), strict=True))
    y = np.asarray(op.forward(np, *values, *args))  # in float64: NumPy has no linear algebra in float16
    if y.dtype.kind == "f":
        y = y.astype(dtype)
    named |= {f"{p}_shape": np.shape(v) for p, v in zip(op.params, given, strict=False)} | {"y": y}
    g = np.random.default_rng(3).normal(size=y.shape).astype(dtype)
    for k, rule in enumerate(op.vjp):
        if rule is not None:
            name = f"{op.name}_backward{k}"
            yield (
                name,
                Elementwise(rule, name),
                (g, *(named[n] for n in list(inspect.signature(rule).parameters)[2:])),
            )


def _on(xp: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(xp.asarray(a) if isinstance(a, np.ndarray) else a for a in args)


def _wide(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """In the type that a kernel computes in."""
    return tuple(
        a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype == np.float16 else a for a in args
    )


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("op", CASES, ids=lambda op: op.name)
def test_a_kernel_is_its_formula(cupy: Any, op: Op, dtype: Any) -> None:
    relative, absolute = DTYPES[dtype]
    for sample in samples.of(op):
        for name, function, args in _runs(op, sample, dtype):
            launch = function.launch(_on(cupy, args))
            if launch is None:
                continue
            namespace = np if name == op.name else arrays(np.zeros(1))
            expected = np.asarray(function.function(namespace, *_wide(args)))
            found = launch(_on(cupy, args))
            assert found.dtype == dtype, name
            assert found.shape == expected.shape, name
            np.testing.assert_allclose(
                backend.to_host(found), expected.astype(dtype), rtol=relative, atol=absolute, err_msg=name
            )


def test_elementwise_operations_are_one_launch(stand_in: Any) -> None:
    """But for those that are listed, with the reason."""
    several = set()
    for op in CASES:
        if op.kind != POINTWISE or op.name == "to_dtype":
            continue
        for name, function, args in _runs(op, samples.of(op)[0], np.float32):
            there = _on(stand_in, args)
            with standin.watched() as transfers:
                function(stand_in if name == op.name else arrays(there[0]), *there)
                launched = list(transfers.launched)
            if len(launched) > 1:
                several.add(op.name)
    assert several == set(SEVERAL)


def _launched(function: Callable[[], Any]) -> list[str]:
    with standin.watched() as transfers:
        function()
        return list(transfers.launched)


def test_a_backward_pass_launches_the_rules_by_name(cupy: Any) -> None:
    x = engine.tensor([0.5, -1.0, 2.0], device="cuda", requires_grad=True)
    y = x.sigmoid()
    launched = _launched(lambda: y.backward(engine.ones(3, device="cuda")))
    expected = engine.tensor([0.5, -1.0, 2.0], requires_grad=True)
    expected.sigmoid().backward(engine.ones(3))
    assert x.grad is not None
    assert expected.grad is not None
    np.testing.assert_allclose(x.grad.cpu().numpy(), expected.grad.numpy(), rtol=1e-6)
    if cupy is standin.CUPY:
        assert launched[-1] == "sigmoid_backward"
    assert type(y.grad_fn).__name__ == "SigmoidBackward0"


def test_a_derivative_of_a_derivative_is_that_of_the_record(cupy: Any) -> None:
    x = engine.tensor([0.5, -1.0], dtype=engine.float64, device="cuda", requires_grad=True)
    (first,) = engine.autograd.grad(x.tanh().sum(), x, create_graph=True)
    (second,) = engine.autograd.grad(first.sum(), x)
    t = np.tanh([0.5, -1.0])
    np.testing.assert_allclose(second.cpu().numpy(), -2 * t * (1 - t * t), rtol=1e-12)


def test_a_text_is_written_once_for_a_dtype_and_serves_all_settings(cupy: Any) -> None:
    x = cupy.asarray(np.array([1.0, 2.0, 3.0], np.float32))
    rule = Elementwise(OPS["pow_tensor_scalar"].vjp[0], "power")  # type: ignore[arg-type]
    before = elementwise.compiled.cache_info().currsize
    for exponent in (2.5, 3.5, 4.5):
        found = backend.to_host(rule(arrays(x), x, x, exponent))
        np.testing.assert_allclose(found, exponent * np.array([1.0, 2.0, 3.0]) ** exponent, rtol=1e-6)
    assert elementwise.compiled.cache_info().currsize == before + 1
    assert elementwise.compiled.cache_info().misses >= 1


def test_numbers_that_every_call_changes_do_not_pile_up(cupy: Any) -> None:
    x = cupy.asarray(np.ones(2, np.float32))
    rule = Elementwise(OPS["pow_tensor_scalar"].vjp[0], "power")  # type: ignore[arg-type]
    for k in range(2 * elementwise._MOST):
        rule(arrays(x), x, x, 2.5 + k)
    assert len(rule.launches) <= elementwise._MOST + 2


def test_a_kernel_is_left_alone_where_it_would_be_another_formula(cupy: Any) -> None:
    rule = Elementwise(OPS["div"].vjp[1], "div")  # type: ignore[arg-type]
    single, double = (cupy.asarray(np.ones(3, d)) for d in (np.float32, np.float64))
    assert rule.launch((single, single, single)) is not None
    assert rule.launch((single, double, double)) is None, "of two dtypes"
    complex_ = cupy.asarray(np.ones(3, np.complex64))
    assert rule.launch((complex_, complex_, complex_)) is None, "complex"
    whole = cupy.asarray(np.ones(3, np.int64))
    assert rule.launch((whole, whole, whole)) is None, "integers"
    assert Elementwise(lambda xp, a: a.sum() * a * 2, "f").launch((single,)) is None, "a sum"
    assert Elementwise(lambda xp, a: xp.maximum(a[1:], a[:-1]) * 2, "f").launch((single,)) is None, "parts"
    assert Elementwise(lambda xp, a: a * 2, "f").launch((single,)) is None, "one operation is one launch"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("const C t0 = x_in\nresult = t0;", "semicolon"),
        ("const C t0 = t1 * x_in;\nresult = t0;", "used before"),
        ("const C t0 = sine(x_in);\nresult = t0;", "unknown function"),
        ("const C t0 = x_in > x_in;\nresult = t0;", "a truth value"),
        ("const bool t0 = x_in > x_in;\nresult = t0;", "a truth value for a number"),
        ("const C t0 = x_in * 2;\nresult = t0;", "a number of another type"),
        ("const C t0 = x_in;", "no result"),
        ("const C t0 = pow(x_in);\nresult = t0;", "arguments missing"),
    ],
)
def test_the_reader_of_kernels_is_strict(text: str, error: str) -> None:
    made = kernel.Kernel("float32 x_in", "float32 result", text, "f", preamble="typedef float C;")
    with pytest.raises((kernel.CompileError, KeyError)):
        made.run([np.ones(2, np.float32)])


def test_the_reader_of_kernels_asks_for_the_types_that_were_declared() -> None:
    text = "const C t0 = x_in * x_in;\nresult = t0;"
    made = kernel.Kernel("float32 x_in", "float32 result", text, "f", preamble="typedef float C;")
    assert made.run([np.full(2, 3.0, np.float32)])[0].tolist() == [9.0, 9.0]
    with pytest.raises(TypeError, match="mismatched"):
        made.run([np.ones(2)])
    with pytest.raises(TypeError, match="arguments"):
        made.run([])
    with pytest.raises(kernel.CompileError):
        kernel.Kernel("float32 n", "float32 result", text, "f", preamble="typedef float C;")


def test_plain_operations_take_the_short_way(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the CPU's hot closures, with the device's functions and nodes."""
    x = engine.tensor([0.5, -1.0], device="cuda", requires_grad=True)
    expected = (x * x + 2.0).sigmoid()

    def general(*_: Any) -> Any:
        raise AssertionError("went the general way")

    monkeypatch.setattr(closures, "run", general)
    y = (x * x + 2.0).sigmoid()
    assert type(y.grad_fn) is OPS["sigmoid"].device_node
    assert backend.to_host(y._data).tolist() == backend.to_host(expected._data).tolist()
    with pytest.raises(AssertionError, match="general way"):
        _ = x * engine.tensor(2, device="cuda")


def test_what_lies_between_the_sums_of_a_norm_is_one_launch(stand_in: Any) -> None:
    x = engine.tensor([[1.0, 2.0, 4.0], [0.0, 1.0, 5.0]], device="cuda", requires_grad=True)
    launched = _launched(lambda: engine.nn.functional.layer_norm(x, (3,)).pow(2).sum().backward())
    assert [launched.count(name) for name in ("less_mean", "inverse_deviation", "norm_backward")] == [2, 2, 1]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
def test_places_in_windows_are_the_host_s(cupy: Any, dtype: Any) -> None:
    """Also where several are the largest, or NaN, and with more places than float16 has whole numbers."""
    rng = np.random.default_rng(0)
    pool = engine.nn.functional.max_pool2d
    for shape, *settings in (
        ((2, 3, 9, 8), 3, 2, 1, 1),
        ((2, 1, 12, 11), (2, 3), (1, 2), (1, 0), (2, 1)),
        ((1, 1, 48, 48), 47),
    ):
        a = rng.integers(-3, 4, shape).astype(dtype)
        a[rng.random(shape) < 0.1] = np.nan if len(settings) > 1 else -5
        a[..., -1, -1] = 7
        here = pool(engine.tensor(a), *settings, return_indices=True)
        there = pool(engine.tensor(a, device="cuda"), *settings, return_indices=True)
        for x, y in zip(here, there, strict=True):
            np.testing.assert_array_equal(backend.to_host(y._data), x._data)


def test_without_kernels_there_are_the_formulas(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for arrays in another process, which is sent operations and no texts."""
    monkeypatch.delattr(stand_in, "ElementwiseKernel")
    monkeypatch.setitem(standin.NAMES, "cupy", {**standin.NAMES["cupy"]})
    standin.NAMES["cupy"].pop("ElementwiseKernel")
    x = engine.tensor([0.5, -1.0], device="cuda", requires_grad=True)
    optimizer = engine.optim.Adam([x], lr=0.1)
    x.sigmoid().sum().backward()
    optimizer.step()
    y = engine.tensor([0.5, -1.0], requires_grad=True)
    y.sigmoid().sum().backward()
    engine.optim.Adam([y], lr=0.1).step()
    np.testing.assert_allclose(x.detach().cpu().numpy(), y.detach().numpy(), rtol=1e-6)


SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 6.0, -3.0])


@pytest.mark.parametrize("op", [op for op in CASES if op.kind == POINTWISE], ids=lambda op: op.name)
def test_a_kernel_is_its_formula_at_the_edges(cupy: Any, op: Op) -> None:
    """Of the numbers: NaN, infinities, zeros, and where conditions change."""
    values, args = samples.of(op)[0]
    rng = np.random.default_rng(1)
    edges = tuple(rng.choice(SPECIAL, 300) if v is not None and v.dtype.kind == "f" else v for v in values)
    edges = tuple(rng.random(300) < 0.5 if v is not None and v.dtype == np.bool_ else v for v in edges)
    for name, function, given in _runs(op, (edges, args), np.float64):
        launch = function.launch(_on(cupy, given))
        if launch is None:
            continue
        expected = function.function(np if name == op.name else arrays(np.zeros(1)), *given)
        np.testing.assert_allclose(
            backend.to_host(launch(_on(cupy, given))), expected, rtol=1e-12, atol=1e-13, err_msg=name
        )

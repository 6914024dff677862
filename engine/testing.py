"""Comparing results: ``torch.testing.assert_close``, with PyTorch's tolerances and messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.dtypes import dtype as Dtype
from engine.random import default_generator
from engine.tensor import Tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]

_TOLERANCES = {
    dtypes.float16: (1e-3, 1e-5),
    dtypes.float32: (1.3e-6, 1e-5),
    dtypes.float64: (1e-7, 1e-7),
    dtypes.complex64: (1.3e-6, 1e-5),
    dtypes.complex128: (1e-7, 1e-7),
}
"""Relative and absolute; for other dtypes values must be equal."""

_NUMBERS = (int, float, complex, bool, np.number)


class _Comparison:
    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def fail(self, kind: type[Exception], message: str, place: tuple[Any, ...]) -> Exception:
        custom = self.options["msg"]
        if kind is AssertionError and custom is not None:
            message = custom(message) if callable(custom) else custom
        elif place:
            items = "".join(str([item]) for item in place)
            message += f"\n\nThe failure occurred for item {items}"
        return kind(message)

    def run(self, actual: Any, expected: Any, place: tuple[Any, ...] = ()) -> None:
        if all(isinstance(v, Sequence) and not isinstance(v, str) for v in (actual, expected)):
            if len(actual) != len(expected):
                text = f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
                raise self.fail(AssertionError, text, place)
            for k, (a, b) in enumerate(zip(actual, expected, strict=True)):
                self.run(a, b, (*place, k))
        elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
            if set(actual) != set(expected):
                text = (
                    "The keys of the mappings do not match:\n"
                    f"Missing keys in the actual mapping: {sorted(set(expected) - set(actual))}\n"
                    f"Additional keys in the actual mapping: {sorted(set(actual) - set(expected))}"
                )
                raise self.fail(AssertionError, text, place)
            for key in actual:
                self.run(actual[key], expected[key], (*place, key))
        elif actual is None or expected is None:
            if actual is not expected:
                raise self.fail(AssertionError, f"None mismatch: {actual} is not {expected}", place)
        else:
            self.pair(actual, expected, place)

    def tolerances(self, place: tuple[Any, ...], *kinds: Dtype) -> tuple[float, float]:
        rtol, atol = self.options["rtol"], self.options["atol"]
        if (rtol is None) != (atol is None):
            text = (
                "Both 'rtol' and 'atol' must be either specified or omitted, but got no "
                f"{'rtol' if rtol is None else 'atol'}."
            )
            raise self.fail(ValueError, text, place)
        if rtol is not None:
            return rtol, atol
        found = [_TOLERANCES.get(kind, (0.0, 0.0)) for kind in kinds]
        return max(r for r, _ in found), max(a for _, a in found)

    def pair(self, actual: Any, expected: Any, place: tuple[Any, ...]) -> None:
        if isinstance(actual, _NUMBERS) and isinstance(expected, _NUMBERS):
            self.numbers(actual, expected, place)
            return
        a, b = (
            v if isinstance(v, Tensor) else self.tensor(v, (actual, expected), place)
            for v in (actual, expected)
        )
        names = ["shape"] + (["dtype"] if self.options["check_dtype"] else [])
        for name in names:
            if getattr(a, name) != getattr(b, name):
                text = f"The values for attribute '{name}' do not match: {getattr(a, name)} != {getattr(b, name)}."
                raise self.fail(AssertionError, text, place)
        if self.options["check_stride"] and a.stride() != b.stride():
            text = f"The values for attribute 'stride()' do not match: {a.stride()} != {b.stride()}."
            raise self.fail(AssertionError, text, place)
        rtol, atol = self.tolerances(place, a.dtype, b.dtype)
        x, y = (backend.to_host(t._data) for t in (a, b))
        if x.dtype != y.dtype:
            x, y = (v.astype(np.result_type(x, y)) for v in (x, y))
        matches = np.isclose(x, y, rtol, atol, self.options["equal_nan"])
        if not x.ndim and not matches:
            text = _numbers_differ(x.item(), y.item(), rtol, atol)
            raise self.fail(AssertionError, text, place)
        if not matches.all():
            raise self.fail(AssertionError, _tensors_differ(x, y, matches, rtol, atol), place)

    def tensor(self, value: Any, both: tuple[Any, Any], place: tuple[Any, ...]) -> Tensor:
        if isinstance(value, np.ndarray):
            return Tensor._wrap(value)
        text = f"No comparison pair was able to handle inputs of type {type(both[0])} and {type(both[1])}."
        raise self.fail(TypeError, text, place)

    def numbers(self, actual: Any, expected: Any, place: tuple[Any, ...]) -> None:
        kinds = {bool: dtypes.bool_, int: dtypes.int64, float: dtypes.float64, complex: dtypes.complex128}
        rtol, atol = self.tolerances(place, *(kinds.get(type(v), dtypes.float64) for v in (actual, expected)))
        if self.options["check_dtype"] and type(actual) is not type(expected):
            text = f"The (d)types do not match: {type(actual)} != {type(expected)}."
            raise self.fail(AssertionError, text, place)
        if np.isclose(actual, expected, rtol, atol, self.options["equal_nan"]):
            return
        raise self.fail(AssertionError, _numbers_differ(actual, expected, rtol, atol), place)


def _numbers_differ(actual: Any, expected: Any, rtol: float, atol: float) -> str:
    away = abs(actual - expected)
    share = float("inf") if expected == 0 else away / abs(expected)
    return _message("Scalars", f"Expected {expected} but got {actual}.", away, None, atol, share, None, rtol)


def _message(
    what: str, extra: str, away: Any, away_at: Any, atol: float, share: Any, share_at: Any, rtol: float
) -> str:
    equality = rtol == 0 and atol == 0
    lines = [f"{what} are not {'equal' if equality else 'close'}!", "", extra]
    for name, value, place, limit in (("absolute", away, away_at, atol), ("relative", share, share_at, rtol)):
        line = (
            f"{name.title()} difference: {value}"
            if place is None
            else f"Greatest {name} difference: {value} at index {place}"
        )
        lines.append(line if equality else f"{line} (up to {limit} allowed)")
    return "\n".join(lines)


def _tensors_differ(x: Any, y: Any, matches: Any, rtol: float, atol: float) -> str:
    wrong = int(matches.size - matches.sum())
    if x.dtype.kind not in "fc":
        x, y = x.astype(np.int64), y.astype(np.int64)
    away = np.where(matches, 0, np.abs(x - y))
    divided = away.astype(np.float32) if away.dtype.kind not in "f" else away
    share = np.where(matches, 0, divided / np.abs(y)).astype(divided.dtype)
    places = [tuple(int(k) for k in np.unravel_index(int(v.argmax()), v.shape)) for v in (away, share)]
    extra = f"Mismatched elements: {wrong} / {matches.size} ({wrong / matches.size:.1%})"
    return _message(
        "Tensor-likes", extra, away.max().item(), places[0], atol, share.max().item(), places[1], rtol
    )


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Fail unless ``|actual - expected| <= atol + rtol * |expected|`` everywhere; sequences and mappings item by item.

    Raises:
        AssertionError: in PyTorch's words, with the largest differences and where they are; or `msg`.
    """
    options = {
        "rtol": rtol,
        "atol": atol,
        "equal_nan": equal_nan,
        "check_dtype": check_dtype,
        "check_stride": check_stride,
        "msg": msg,
    }
    _Comparison(options).run(actual, expected)


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """The older `assert_close`, which lets dtypes differ."""
    assert_close(
        actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None
    )


def make_tensor(
    *shape: Any,
    dtype: Dtype,
    device: Any = "cpu",
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Random numbers from `low` to `high`, by default -9 to 9 (0 to 9 for integers without sign, False and True)."""
    sizes = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
    first = 0 if dtype.numpy.kind in "ub" else -9
    start = first if low is None else low
    end = (2 if dtype.numpy.kind == "b" else 10 if dtype.numpy.kind in "iu" else 9) if high is None else high
    unit = default_generator.doubles(int(np.prod(sizes, dtype=np.int64))).reshape(sizes)
    values = start + unit * (end - start)
    if dtype.is_complex:
        values = values + 1j * (start + default_generator.doubles(values.size).reshape(sizes) * (end - start))
    if not dtype.differentiable:
        values = np.floor(values)
    if exclude_zero:
        values = np.where(values == 0, 1, values)
    made = Tensor._wrap(np.asarray(values).astype(dtype.numpy))
    return made.requires_grad_() if requires_grad else made

"""TF32: products of float32 matrices on a device in less precision, where a program allows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import engine
from engine import backend
from tests.gpu.standin_cuda import Device

matmul, cudnn = engine.backends.cuda.matmul, engine.backends.cudnn
NUMBERS = np.random.default_rng(3)
A = NUMBERS.normal(size=(2, 8, 8)).astype(np.float32)
B = NUMBERS.normal(size=(8, 8)).astype(np.float32)
PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {
    "@": lambda a, b: a @ b,
    "mm": lambda a, b: a[0].mm(b),
    "einsum": lambda a, b: engine.einsum("bij,jk->bik", a, b),
    "linear": lambda a, b: engine.nn.functional.linear(a, b),
    "attention": lambda a, b: engine.nn.functional.scaled_dot_product_attention(a, a, a @ b),
}
CONVOLUTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "forward": lambda a, b: engine.nn.functional.conv1d(a, b[:, :, None]),
    "transposed": lambda a, b: engine.nn.functional.conv_transpose1d(a, b[:, :, None]),
    "2d": lambda a, b: engine.nn.functional.conv2d(a[:, None], b[None, None, :3, :3]),
}


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    for which in backend.TF32:
        backend.allow_tf32(which, None)


def _lost(function: Callable[[Any, Any], Any], dtype: Any = engine.float32) -> bool:
    """Whether a result, or a gradient, has the error of TF32 (10 bits), not that of float32 (23)."""
    results = []
    for kind, device in ((dtype, "cuda"), (engine.float64, "cpu")):
        a, b = (engine.tensor(n, dtype=kind, device=device).requires_grad_() for n in (A, B))
        y = function(a, b)
        results.append((y, *engine.autograd.grad((y * y).sum(), (a, b))))
    errors = [
        np.abs(x.detach().cpu().double() - y.detach()).max().item() / y.detach().abs().max().item()
        for x, y in zip(*results, strict=True)
    ]
    low, high = min(errors), max(errors)
    assert high < 1e-2
    assert low > 2e-5 or high < 2e-6, "all of them or none"
    return low > 2e-5


@pytest.mark.parametrize("name", [*PRODUCTS, *CONVOLUTIONS])
def test_nothing_is_lost_unless_a_program_asks(cupy: Any, name: str) -> None:
    assert not _lost({**PRODUCTS, **CONVOLUTIONS}[name])
    engine.set_float32_matmul_precision("high")
    cudnn.allow_tf32 = True
    engine.set_float32_matmul_precision("highest")
    cudnn.allow_tf32 = False
    assert not _lost({**PRODUCTS, **CONVOLUTIONS}[name])


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_are_of_the_precision_that_is_set(stand_in: Any, name: str) -> None:
    """On a card it is up to NVIDIA's library which products of so small matrices it computes in TF32."""
    product = PRODUCTS[name]
    assert not _lost(product)
    cudnn.allow_tf32 = True
    assert not _lost(product), "that is for convolutions"
    engine.set_float32_matmul_precision("high")
    assert _lost(product)
    assert not _lost(product, engine.float64)
    engine.set_float32_matmul_precision("highest")
    assert not _lost(product)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_have_a_setting_of_their_own(stand_in: Any, name: str) -> None:
    convolution = CONVOLUTIONS[name]
    matmul.allow_tf32 = True
    assert not _lost(convolution), "that is for products"
    cudnn.allow_tf32 = True
    assert _lost(convolution)
    matmul.allow_tf32 = False
    assert _lost(convolution)
    assert not _lost(PRODUCTS["@"]), "what a convolution sets does not stay"
    with cudnn.flags(allow_tf32=False):
        assert not _lost(convolution)
        with cudnn.flags(enabled=True):
            assert not _lost(convolution)
    assert _lost(convolution)


def test_a_card_that_has_no_tf32_is_not_asked_for_it(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device, "compute_capability", "75")
    matmul.allow_tf32 = True
    assert matmul.allow_tf32
    assert not _lost(PRODUCTS["@"])


def test_what_was_set_before_there_was_a_device_holds(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And setting it imports nothing."""
    monkeypatch.undo()
    look: Any = backend.cupy
    monkeypatch.setitem(__import__("sys").modules, "cupy", stand_in)
    monkeypatch.setattr(backend, "_LOADED", [])
    monkeypatch.setattr(backend.allocator, "install", lambda _: None)
    matmul.allow_tf32 = True
    assert not backend._LOADED
    assert stand_in._core.get_compute_type(np.float32) == 1
    assert look.__wrapped__() is stand_in
    assert stand_in._core.get_compute_type(np.float32) == 7
    matmul.allow_tf32 = False
    assert stand_in._core.get_compute_type(np.float32) == 1


def test_one_setting_has_several_names() -> None:
    ask = engine.get_float32_matmul_precision
    assert (ask(), matmul.allow_tf32, matmul.fp32_precision, cudnn.allow_tf32) == (
        "highest",
        False,
        "none",
        True,
    )
    matmul.allow_tf32 = True
    assert (ask(), matmul.fp32_precision) == ("high", "tf32")
    for name in ("medium", "high"):
        engine.set_float32_matmul_precision(name)
        assert (ask(), matmul.allow_tf32) == (name, True)
    engine.set_float32_matmul_precision("highest")
    assert (ask(), matmul.allow_tf32, matmul.fp32_precision) == ("highest", False, "ieee")
    matmul.fp32_precision = "tf32"
    assert (ask(), matmul.allow_tf32) == ("high", True)
    with pytest.warns(UserWarning, match="nope is not one of"):
        engine.set_float32_matmul_precision("nope")
    with pytest.raises(RuntimeError, match="Unknown precision: nope"):
        matmul.fp32_precision = "nope"
    for settings in (matmul, cudnn):
        with pytest.raises(RuntimeError, match="set_allow_tf32_cublas expects a bool, but got int"):
            settings.allow_tf32 = 1
    with pytest.raises(AttributeError, match="Unknown attribute nope"):
        matmul.nope
    with pytest.raises(AttributeError, match="Unknown attribute nope"):
        matmul.nope = 1
    matmul.allow_fp16_reduced_precision_reduction = False
    matmul.allow_fp16_reduced_precision_reduction = True
    cudnn.allow_tf32 = False
    assert not cudnn.allow_tf32

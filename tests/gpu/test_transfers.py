"""What programs call, made of operations: a device's numbers are not looked at on the host, nothing is sent there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import backend
from tests.gpu import standin

F = torch.nn.functional
NUMBERS = np.random.default_rng(11)
X = NUMBERS.normal(size=(4, 6)).astype(np.float32)
SEQUENCE = NUMBERS.normal(size=(5, 4, 6)).astype(np.float32)
IMAGE = NUMBERS.normal(size=(2, 3, 8, 8)).astype(np.float32)


def _labels(x: Any) -> Any:
    return torch.tensor([0, 5, 2, 3], device=x.device)


def _ignored(x: Any) -> Any:
    return torch.tensor([0, -100, 2, 3], device=x.device)


def _filled(module: Any, x: Any) -> Any:
    """The module with the same numbers on every device."""
    with torch.no_grad():
        for k, p in enumerate(module.parameters()):
            p.copy_(torch.linspace(-0.5, 0.4 + 0.1 * k, p.numel()).reshape(p.shape))
    return module.to(x.device)


FUNCTIONS: dict[str, tuple[Any, Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "an index": (X, _labels, lambda x, labels: x[:, labels]),
    "two indices": (X, _labels, lambda x, labels: x[labels[2:], labels[:2]]),
    "an index that is written to": (X, _labels, lambda x, labels: x.clone().index_put_((labels[2:],), x[:2])),
    "label smoothing": (X, _labels, lambda x, labels: F.cross_entropy(x, labels, label_smoothing=0.1)),
    "label smoothing, some left out": (
        X,
        _ignored,
        lambda x, labels: F.cross_entropy(x, labels, label_smoothing=0.1),
    ),
    "label smoothing with weights": (
        X,
        lambda x: (_ignored(x), torch.linspace(0.5, 2.0, 6, device=x.device)),
        lambda x, given: F.cross_entropy(x, given[0], given[1], label_smoothing=0.2),
    ),
    "causal attention": (
        SEQUENCE,
        lambda x: None,
        lambda x, _: F.scaled_dot_product_attention(x, x, x, is_causal=True),
    ),
    "quantile": (X, lambda x: None, lambda x, _: x.quantile(0.3, 1)),
    "quantiles": (
        X,
        lambda x: torch.tensor([0.1, 0.5], device=x.device),
        lambda x, q: torch.quantile(x, q, 0, interpolation="midpoint"),
    ),
    "nanquantile": (X, lambda x: None, lambda x, _: x.nanquantile(0.7, 0)),
    "LSTM": (SEQUENCE, lambda x: _filled(torch.nn.LSTM(6, 5), x), lambda x, m: m(x)[0]),
    "attention": (
        SEQUENCE,
        lambda x: _filled(torch.nn.MultiheadAttention(6, 2), x),
        lambda x, m: m(x, x, x)[0],
    ),
    "transformer": (
        SEQUENCE,
        lambda x: _filled(torch.nn.TransformerEncoderLayer(6, 2, 12, 0.0), x),
        lambda x, m: m(x),
    ),
    "batch norm": (IMAGE, lambda x: _filled(torch.nn.BatchNorm2d(3), x), lambda x, m: m(x)),
    "group norm": (IMAGE, lambda x: _filled(torch.nn.GroupNorm(3, 3), x), lambda x, m: m(x)),
    "transposed convolution": (
        IMAGE,
        lambda x: _filled(torch.nn.ConvTranspose2d(3, 2, 3), x),
        lambda x, m: m(x),
    ),
    "pooling": (IMAGE, lambda x: None, lambda x, _: F.max_pool2d(x, 2) + F.avg_pool2d(x, 2)),
    "standard deviation": (X, lambda x: None, lambda x, _: x.std(0) + x.var(0)),
    "sorting": (X, lambda x: None, lambda x, _: x.sort(1)[0][:, :2] + x.topk(2)[0]),
    "triangles": (X, lambda x: None, lambda x, _: x.triu() - x.tril(1)),
    "distances": (X, lambda x: None, lambda x, _: torch.cdist(x, x + 1)),
    "normal likelihood": (
        X,
        lambda x: torch.linspace(0.0, 2.0, 6, device=x.device),
        lambda x, var: F.gaussian_nll_loss(x, 2 * x.detach(), var.expand(4, 6)),
    ),
    "huber": (X, lambda x: None, lambda x, _: F.huber_loss(x, 2 * x.detach())),
    "logits": (
        X,
        lambda x: torch.linspace(1.0, 2.0, 6, device=x.device),
        lambda x, w: F.binary_cross_entropy_with_logits(x, x.detach().sigmoid(), pos_weight=w),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_goes_up_or_down(cupy: Any, name: str) -> None:
    numbers, prepare, function = FUNCTIONS[name]
    results = []
    for device in ("cpu", "cuda"):
        x = torch.tensor(numbers, device=device, requires_grad=True)
        given = prepare(x)
        function(x, given)  # what is kept from the first call on is made
        with standin.watched() as transfers:
            y = function(x, given)
            y.sum().backward()
            assert (transfers.up, transfers.down) == ([], [])
        assert x.grad is not None
        results.append([backend.to_host(t._data) for t in (y.detach(), x.grad)])
    for here, there in zip(*results, strict=True):
        np.testing.assert_allclose(there, here, rtol=2e-5, atol=2e-6)


def test_clipping_gradients_takes_nothing_to_the_host(cupy: Any) -> None:
    params = [torch.nn.Parameter(torch.ones(3, k + 1, device="cuda")) for k in range(3)]
    for k, p in enumerate(params):
        p.grad = torch.full_like(p, k + 1.0)
    with standin.watched() as transfers:
        norm = torch.nn.utils.clip_grad_norm_(params, 1.0)
        torch.nn.utils.clip_grad_value_(params, 0.5)
        assert (transfers.up, transfers.down) == ([], [])
    assert norm.item() == pytest.approx(np.sqrt(3 * 1 + 6 * 4 + 9 * 9))


def test_an_index_out_of_range_is_told_of_later(cupy: Any) -> None:
    x = torch.zeros(3, 4, device="cuda")
    x[:, torch.tensor([1, -5], device="cuda")]
    with pytest.raises(IndexError, match="index -5 is out of bounds for dimension 1 with size 4"):
        x.tolist()
    assert x[:, torch.tensor([1, -4], device="cuda")].shape == (3, 2)
    x.quantile(torch.tensor(1.5, device="cuda"))
    with pytest.raises(RuntimeError, match=r"q values must be in the range \[0, 1\]"):
        x.tolist()
    assert x.tolist() == [[0.0] * 4] * 3

"""Random numbers of a device: made there, the same for the same seed, of the right distribution."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats

import engine as torch
from engine import backend, philox, random, rejection
from tests.gpu import standin

KNOWN = [
    (0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    (0xCDEF_0123_4567_89AB, 0x8765_4321, "1356abea cb2a78b7 38f13f58 735766e9"),
]
"""Seed, block and numbers. The first are those of the authors' ``kat_vectors``; the second this one's, so that it is
noticed if a seed begins to mean other numbers."""


def _host(t: Any) -> Any:
    return backend.to_host(t._data)


@pytest.mark.parametrize(("seed", "block", "words"), KNOWN)
def test_numbers_are_philoxs(seed: int, block: int, words: str) -> None:
    assert " ".join(f"{w:08x}" for w in philox.blocks(np, seed, block, 1)[0].tolist()) == words


@pytest.mark.parametrize("kind", philox.PER_BLOCK)
def test_a_kernel_gives_what_the_formula_gives(cupy: Any, kind: str) -> None:
    """On a card that is CuPy's kernel; the stand-in runs the formula."""
    for seed, first, count in ((0, 0, 1), (2**64 - 1, 2**40, 1001)):
        there = philox.draw(cupy, kind, seed, first, count)
        here = philox.draw(np, kind, seed, first, count)
        assert there.dtype == here.dtype
        np.testing.assert_allclose(backend.to_host(there), here, rtol=2e-6, atol=1e-6)


NORMAL = (0.0, 1.0)
UNIFORM = (0.5, math.sqrt(1 / 12))
N = 40_000


def _of(name: str, *parameters: float, count: int = 4000) -> Any:
    given = (torch.full((count,), p, device="cuda") for p in parameters)
    return getattr(torch.distributions, name)(*given, validate_args=False).sample()


DRAWS: dict[str, tuple[Callable[[], Any], tuple[float, float]]] = {
    "rand": (lambda: torch.rand(N, device="cuda"), UNIFORM),
    "rand float64": (lambda: torch.rand(N, dtype=torch.float64, device="cuda"), UNIFORM),
    "rand half": (lambda: torch.rand(N, dtype=torch.float16, device="cuda"), UNIFORM),
    "rand_like": (lambda: torch.rand_like(torch.ones(200, 200, device="cuda")), UNIFORM),
    "randn": (lambda: torch.randn(N, device="cuda"), NORMAL),
    "randn float64": (lambda: torch.randn(N, dtype=torch.float64, device="cuda"), NORMAL),
    "randn complex": (
        lambda: torch.view_as_real(torch.randn(N // 2, dtype=torch.complex64, device="cuda")),
        (0.0, math.sqrt(0.5)),
    ),
    "randint": (lambda: torch.randint(0, 10, (N,), device="cuda"), (4.5, math.sqrt(99 / 12))),
    "randint wide": (
        lambda: torch.randint(0, 2**40, (N,), device="cuda").double() / 2**40,
        UNIFORM,
    ),
    "randperm": (lambda: torch.randperm(N, device="cuda") / N, UNIFORM),
    "normal": (lambda: torch.normal(2.0, 3.0, (N,), device="cuda"), (2.0, 3.0)),
    "normal of tensors": (
        lambda: torch.normal(torch.full((N,), 2.0, device="cuda"), torch.full((N,), 3.0, device="cuda")),
        (2.0, 3.0),
    ),
    "bernoulli": (lambda: torch.bernoulli(torch.full((N,), 0.3, device="cuda")), (0.3, math.sqrt(0.21))),
    "multinomial": (
        lambda: torch.multinomial(torch.tensor([1.0, 3.0]).cuda(), N, replacement=True),
        (0.75, math.sqrt(3 / 16)),
    ),
    "multinomial, each once": (
        lambda: torch.multinomial(torch.ones(N, device="cuda"), N) / N,
        UNIFORM,
    ),
    "dropout": (
        lambda: torch.nn.functional.dropout(torch.ones(N, device="cuda"), 0.25),
        (1.0, math.sqrt(1 / 3)),
    ),
    "alpha_dropout": (
        lambda: torch.nn.functional.alpha_dropout(torch.randn(N, device="cuda"), 0.2, True),
        NORMAL,
    ),
    "uniform_": (lambda: torch.empty(N, device="cuda").uniform_(-1, 1), (0.0, math.sqrt(1 / 3))),
    "normal_": (lambda: torch.empty(200, 200, device="cuda").t().normal_(1, 2), (1.0, 2.0)),
    "bernoulli_": (lambda: torch.empty(N, device="cuda").bernoulli_(0.3), (0.3, math.sqrt(0.21))),
    "bernoulli_ of a tensor": (
        lambda: torch.empty(N, device="cuda").bernoulli_(torch.full((1,), 0.3, device="cuda")),
        (0.3, math.sqrt(0.21)),
    ),
    "exponential_": (lambda: torch.empty(N, device="cuda").exponential_(2.0), (0.5, 0.5)),
    "geometric_": (lambda: torch.empty(N, device="cuda").geometric_(0.5), (2.0, math.sqrt(2))),
    "log_normal_": (
        lambda: torch.empty(N, device="cuda").log_normal_(0.0, 0.25).log(),
        (0.0, 0.25),
    ),
    "cauchy_": (lambda: (torch.empty(N, device="cuda").cauchy_() > 1).float(), (0.25, math.sqrt(3 / 16))),
    "random_": (lambda: torch.empty(N, device="cuda").random_(10), (4.5, math.sqrt(99 / 12))),
    "rrelu": (
        lambda: -torch.nn.functional.rrelu(torch.full((N,), -1.0, device="cuda"), 0.0, 1.0, True),
        UNIFORM,
    ),
    "gumbel_softmax": (
        lambda: torch.nn.functional.gumbel_softmax(torch.zeros(N, 2, device="cuda"), hard=True)[:, 0],
        (0.5, 0.5),
    ),
    "Gamma": (lambda: _of("Gamma", 2.5, 2.0), (1.25, math.sqrt(2.5) / 2)),
    "Gamma below 1": (lambda: _of("Gamma", 0.3, 1.0), (0.3, math.sqrt(0.3))),
    "Beta": (lambda: _of("Beta", 2.0, 3.0), (0.4, 0.2)),
    "Poisson, few": (lambda: _of("Poisson", 3.5), (3.5, math.sqrt(3.5))),
    "Poisson, many": (lambda: _of("Poisson", 40.0), (40.0, math.sqrt(40.0))),
    "Binomial, few": (lambda: _of("Binomial", 20.0, 0.25), (5.0, math.sqrt(3.75))),
    "Binomial, many": (lambda: _of("Binomial", 100.0, 0.7), (70.0, math.sqrt(21.0))),
    "init.normal_": (lambda: torch.nn.init.normal_(torch.empty(N, device="cuda"), 1.0, 2.0), (1.0, 2.0)),
    "init.orthogonal_": (
        lambda: torch.nn.init.orthogonal_(torch.empty(200, 200, device="cuda")) * math.sqrt(200),
        NORMAL,
    ),
    "a module": (
        lambda: torch.nn.Linear(300, 200, device="cuda").weight.detach() * math.sqrt(300),
        (0.0, math.sqrt(1 / 3)),
    ),
}


@pytest.mark.parametrize("name", DRAWS)
def test_what_a_device_draws(cupy: Any, name: str) -> None:
    """Mean and deviation within 5 standard errors, the same again for the same seed, others for another, all on the
    device, with the CPU's stream left alone."""
    draw, (mean, deviation) = DRAWS[name]
    torch.manual_seed(7)
    before = torch.get_rng_state().tolist()
    with standin.watched() as transfers:
        drawn = draw()
        assert transfers.down == []
    assert drawn.is_cuda
    values = _host(drawn).astype(np.float64).reshape(-1)
    error = deviation / math.sqrt(values.size)
    assert abs(values.mean() - mean) < 5 * error
    assert abs(values.std() - deviation) < 0.05 * deviation
    assert torch.get_rng_state().tolist() == before
    torch.manual_seed(7)
    assert _host(draw()).tobytes() == _host(drawn).tobytes()
    assert _host(draw()).tobytes() != _host(drawn).tobytes()


LAWS: dict[str, Callable[..., Any]] = {
    "Gamma": lambda a, b: scipy.stats.gamma(a, scale=1 / b).cdf,
    "Beta": lambda a, b: scipy.stats.beta(a, b).cdf,
    "Poisson": lambda rate: scipy.stats.poisson(rate).cdf,
    "Binomial": lambda n, p: scipy.stats.binom(n, p).cdf,
}
PARAMETERS = {
    "Gamma": [(0.2, 1.0), (1.0, 3.0), (9.0, 1.0), (2e4, 1.0)],
    "Beta": [(0.5, 3.0)],
    "Poisson": [(1.0,), (9.99,), (10.0,), (3e5,)],
    "Binomial": [(1, 0.3), (15, 0.97), (20, 0.51), (5000, 0.001), (10**6, 0.2)],
}


@pytest.mark.parametrize(
    ("name", "parameters"), [(name, given) for name, cases in PARAMETERS.items() for given in cases]
)
def test_numbers_that_are_drawn_in_rounds_are_of_their_law(
    cupy: Any, name: str, parameters: tuple[float, ...]
) -> None:
    """By Kolmogorov's and Smirnov's distance, which for 20,000 numbers is below this but once in a hundred thousand."""
    torch.manual_seed(17)
    count = 20_000
    values = _host(_of(name, *parameters, count=count)).astype(np.float64)
    places, counts = np.unique(values, return_counts=True)
    below = LAWS[name](*parameters)
    after = np.cumsum(counts) / count
    distance = np.abs(after - below(places)).max()
    if name in ("Gamma", "Beta"):
        distance = max(distance, np.abs(after - counts / count - below(places)).max())
    assert distance < math.sqrt(-math.log(1e-5 / 2) / 2 / count)


def test_the_edges_of_what_is_drawn_in_rounds(cupy: Any) -> None:
    rate = torch.tensor([0.0, 0.0, 1e-30, math.nan]).cuda()
    assert torch.poisson(rate).tolist()[:3] == [0.0, 0.0, 0.0]
    n = torch.tensor([0.0, 5.0, 5.0, 1e6, 1e6, 3.0]).cuda()
    p = torch.tensor([0.5, 0.0, 1.0, 0.0, 1.0, 1e-30]).cuda()
    assert torch.binomial(n, p).tolist() == [0.0, 0.0, 5.0, 0.0, 1e6, 0.0]
    alpha = torch.tensor([0.0, 1e-30, 1e30]).cuda()
    drawn = torch.distributions.Gamma(alpha, torch.ones_like(alpha), validate_args=False).sample().tolist()
    assert 0 < drawn[0] < 1e-30
    assert 0 < drawn[1] < 1e-30
    assert drawn[2] == pytest.approx(1e30)
    torch.poisson(torch.tensor([-1.0]).cuda())
    with pytest.raises(RuntimeError, match="invalid Poisson rate, expected rate to be non-negative"):
        torch.ones(1, device="cuda").item()


def test_points_of_the_simplex_and_their_gradients(cupy: Any) -> None:
    """What a device draws has the gradients that the CPU gives the same numbers."""
    alpha = torch.tensor([[0.2, 3.0, 8.0], [7.0, 9.0, 20.0]]).cuda().requires_grad_()
    with standin.watched() as transfers:
        drawn = torch.distributions.Dirichlet(alpha, validate_args=False).rsample((500,))
        (drawn * torch.tensor([1.0, 2.0, -1.0]).cuda()).sum().backward()
        assert transfers.down == []
    assert alpha.grad is not None
    here = _host(drawn.detach())
    np.testing.assert_allclose(here.sum(-1), 1.0, rtol=1e-6)
    mean = here.astype(np.float64).mean(0)
    np.testing.assert_allclose(
        mean, _host(alpha.detach()) / _host(alpha.detach()).sum(-1, keepdims=True), atol=0.03
    )
    concentration = np.broadcast_to(_host(alpha.detach()), here.shape)
    total = np.broadcast_to(concentration.sum(-1, keepdims=True), here.shape)
    slope = rejection.dirichlet_slope(here, concentration, total)
    g = np.broadcast_to(np.array([1.0, 2.0, -1.0], np.float32), here.shape)
    expected = (slope * (g - (here * g).sum(-1, keepdims=True))).sum(0)
    np.testing.assert_allclose(_host(alpha.grad), expected, rtol=2e-4, atol=1e-4)


def test_the_gradient_of_a_gamma_number(cupy: Any) -> None:
    alpha = torch.linspace(0.1, 30.0, 300).cuda().requires_grad_()
    with standin.watched() as transfers:
        drawn = torch.distributions.Gamma(alpha, torch.ones_like(alpha), validate_args=False).rsample()
        drawn.sum().backward()
        assert transfers.down == []
    assert alpha.grad is not None
    expected = rejection.gamma_slope(_host(alpha.detach()), _host(drawn.detach()))
    np.testing.assert_allclose(_host(alpha.grad), expected, rtol=1e-5)


def test_nothing_drawn_goes_up_either(cupy: Any) -> None:
    x = torch.rand(5, device="cuda")
    with standin.watched() as transfers:
        torch.nn.functional.dropout(torch.randn(3, 4, device="cuda"))
        torch.randperm(6, device="cuda")
        x.exponential_()
        torch.poisson(x)
        torch.binomial(x, x)
        torch.distributions.Gamma(x, x, validate_args=False).sample()
        assert transfers.up == []


def test_a_permutation_has_every_number_once(cupy: Any) -> None:
    assert sorted(torch.randperm(1000, device="cuda").tolist()) == list(range(1000))
    assert torch.randperm(0, device="cuda").tolist() == []


def test_generators_are_of_a_device(cupy: Any) -> None:
    g = torch.Generator(device="cuda")
    assert isinstance(g, torch.Generator)
    assert g.device == torch.device("cuda", 0)
    first = torch.rand(5, device="cuda", generator=g.manual_seed(3))
    state = g.get_state()
    assert (state.dtype, state.shape, state.device.type) == (torch.uint8, (16,), "cpu")
    second = torch.rand(5, device="cuda", generator=g)
    other = torch.Generator("cuda").set_state(state)
    assert torch.rand(5, device="cuda", generator=other).tolist() == second.tolist()
    assert torch.rand(5, device="cuda", generator=g.manual_seed(3)).tolist() == first.tolist()
    assert (g.get_offset(), g.initial_seed()) == (8, 3)
    assert g.clone_state().get_state().tolist() == g.get_state().tolist()
    with pytest.raises(RuntimeError, match="offset must be a multiple of 4"):
        g.set_offset(3)
    with pytest.raises(RuntimeError, match="RNG state is wrong size"):
        g.set_state(torch.zeros(15, dtype=torch.uint8))
    with pytest.raises(TypeError, match=r"RNG state must be a torch\.ByteTensor"):
        g.set_state(state.cuda())
    with pytest.raises(RuntimeError, match="Expected a 'cuda' device type for generator but found 'cpu'"):
        torch.rand(2, device="cuda", generator=torch.Generator())
    with pytest.raises(RuntimeError, match="Expected a 'cpu' device type for generator but found 'cuda'"):
        torch.empty(2).normal_(generator=g)


def test_seeding_reaches_the_device(cupy: Any) -> None:
    def number() -> float:
        return torch.rand(1, device="cuda").item()  # type: ignore[no-any-return]

    torch.manual_seed(11)
    first = number()
    torch.cuda.manual_seed(11)
    assert number() == first
    torch.cuda.manual_seed_all(12)
    assert number() != first
    # A device that has not been used yet begins with the seed that was given before.
    random._DEVICES.clear()
    torch.manual_seed(11)
    random._DEVICES.clear()
    assert number() == first
    before = torch.cuda.get_rng_state()
    second = number()
    torch.cuda.set_rng_state(before)
    assert number() == second
    assert torch.cuda.initial_seed() == 11
    torch.cuda.seed()
    assert torch.cuda.initial_seed() != 11


def test_states_are_restored(cupy: Any) -> None:
    torch.manual_seed(1)
    torch.rand(1, device="cuda")
    state = torch.cuda.get_rng_state().tolist()
    with torch.random.fork_rng():
        torch.rand(3, device="cuda")
    assert torch.cuda.get_rng_state().tolist() == state
    x = torch.ones(1000, device="cuda", requires_grad=True)

    def block(t: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.dropout(t, 0.5) * t

    y = torch.utils.checkpoint.checkpoint(block, x, use_reentrant=False)
    y.sum().backward()
    assert x.grad is not None
    # The mask drawn again backward is the one of forward: dy/dx = 2 * mask * x, and y = mask * x * x.
    assert x.grad.tolist() == (2 * y).tolist()


def test_bad_probabilities_are_told_of_later(cupy: Any) -> None:
    torch.bernoulli(torch.tensor([2.0]).cuda())
    with pytest.raises(RuntimeError, match="Expected p_in >= 0 && p_in <= 1"):
        torch.ones(1, device="cuda").item()
    torch.multinomial(torch.tensor([-1.0, 2.0]).cuda(), 1)
    with pytest.raises(RuntimeError, match="probability tensor contains either"):
        torch.ones(1, device="cuda").item()

"""Random numbers against PyTorch's, recorded by record_random.py."""

from __future__ import annotations

import json
import math
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from engine import random, sampling
from engine.tensor import Tensor
from tests.engine.record_random import digest, drawn_by_engine, state_digest

SEQUENCES = json.loads((Path(__file__).parent / "references" / "random.json").read_text())
F32, F64, I64 = np.dtype("float32"), np.dtype("float64"), np.dtype("int64")


@pytest.mark.parametrize("index", range(len(SEQUENCES)))
def test_draws_as_pytorch(index: int) -> None:
    """Values exactly (float64 to a few last bits, where C libraries differ) and the state after every draw."""
    sequence = SEQUENCES[index]
    random.manual_seed(sequence["seed"])
    for step in sequence["steps"]:
        array = drawn_by_engine(step["name"], step["arguments"])
        flat = array.reshape(-1)
        if flat.dtype.kind == "c":
            flat = flat.view(flat.real.dtype)
        if flat.dtype == F64:
            np.testing.assert_allclose(flat[:3], step["first"], rtol=1e-12)
            np.testing.assert_allclose(flat[-3:], step["last"], rtol=1e-12)
        else:
            assert flat[:3].tolist() == step["first"], step
            assert flat[-3:].tolist() == step["last"], step
            assert digest(array) == step["digest"], step
        assert state_digest(random.default_generator.get_state()._data) == step["state"], step


def test_the_sequences_draw_of_every_kind() -> None:
    names = [step["name"] for sequence in SEQUENCES for step in sequence["steps"]]
    assert set(names) == set(sampling.__all__) - {"in_memory_order", "memory_order"}
    assert names.count("normal") > 20


def test_seeds() -> None:
    assert random.Generator().initial_seed() == 67280421310721
    assert random.manual_seed(-1).initial_seed() == 2**64 - 1
    assert random.manual_seed(-(2**63)).initial_seed() == 2**63
    assert random.initial_seed() == 2**63
    for beyond in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="Overflow when unpacking long"):
            random.manual_seed(beyond)
    with pytest.raises(RuntimeError, match="manual_seed expected a long, but got float"):
        random.Generator().manual_seed(1.5)  # type: ignore[arg-type]
    first, second = random.seed(), random.seed()
    assert first != second
    assert random.initial_seed() == second


def test_only_the_low_32_bits_of_a_seed_count() -> None:
    one = sampling.uniform((4,), F32, generator=random.Generator().manual_seed(7))
    other = sampling.uniform((4,), F32, generator=random.Generator().manual_seed(7 + 2**32))
    assert (one == other).all()


def test_generators_are_independent_of_each_other() -> None:
    random.manual_seed(0)
    expected = sampling.normal((5,), F32)
    random.manual_seed(0)
    sampling.normal((100,), F64, generator=random.Generator())
    assert (sampling.normal((5,), F32) == expected).all()


@pytest.mark.parametrize("draws", [0, 1, 623, 624, 625])
@pytest.mark.parametrize("normals", [0, 1, 2])
def test_a_state_brings_back_the_same_numbers(draws: int, normals: int) -> None:
    generator = random.Generator().manual_seed(3)
    generator.words(draws)
    sampling.normal((normals,), F64, generator=generator)
    state = generator.get_state()
    clone = generator.clone_state()
    expected = sampling.normal((3,), F64, generator=generator)
    assert (sampling.normal((3,), F64, generator=clone) == expected).all()
    assert (sampling.normal((3,), F64, generator=random.Generator().set_state(state)) == expected).all()
    assert (random.Generator().set_state(state).get_state()._data == state._data).all()
    assert generator.initial_seed() == clone.initial_seed() == 3


def test_a_bad_state_is_refused() -> None:
    generator = random.Generator()
    with pytest.raises(TypeError, match=r"RNG state must be a torch\.ByteTensor"):
        generator.set_state(Tensor._wrap(np.zeros(5056, F32)))
    with pytest.raises(RuntimeError, match="size 5056 but found the input RNG state size to be 3"):
        generator.set_state(Tensor._wrap(np.zeros(3, np.uint8)))
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        generator.set_state(Tensor._wrap(np.zeros(5056, np.uint8)))


def test_a_tensor_that_is_not_contiguous_is_filled_number_by_number() -> None:
    random.manual_seed(0)
    one_by_one = sampling.normal((20,), F64, contiguous=False)
    random.manual_seed(0)
    assert (np.concatenate([sampling.normal((10,), F64), sampling.normal((10,), F64)]) == one_by_one).all()


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: sampling.uniform((2,), F32, 2, 1), RuntimeError, "found from=2 > to=1"),
        (lambda: sampling.uniform((2,), I64), NotImplementedError, "not implemented for 'Long'"),
        (
            lambda: sampling.normal((2,), F32, 0, -1),
            RuntimeError,
            r"normal expects std >= 0.0, but found std -1",
        ),
        (
            lambda: sampling.normal((2,), I64),
            NotImplementedError,
            "\"normal_kernel_cpu\" not implemented for 'Long'",
        ),
        (lambda: sampling.randint(3, 3, (2,), I64), RuntimeError, "got from=3 >= to=3"),
        (
            lambda: sampling.randint(0, 300, (2,), np.dtype("u1")),
            RuntimeError,
            "to - 1 is out of bounds for unsigned",
        ),
        (
            lambda: sampling.exponential((2,), F32, 0),
            RuntimeError,
            "exponential_ expects lambda > 0.0, but found lambda=0",
        ),
        (lambda: sampling.bernoulli_scalar((2,), F32, 2), RuntimeError, r"p to be in \[0, 1\], but got p=2"),
        (lambda: sampling.bernoulli(np.array([2.0]), F32), RuntimeError, "Expected p_in >= 0 && p_in <= 1"),
        (lambda: sampling.geometric((2,), F32, 0), RuntimeError, r"p to be in \(0, 1\), but got p=0"),
        (lambda: sampling.randperm(-1, I64), RuntimeError, "negative dimension -1"),
        (lambda: sampling.multinomial(np.array([1.0, -2]), 1), RuntimeError, "`inf`, `nan` or element < 0"),
        (
            lambda: sampling.multinomial(np.array([1.0, 0]), 3),
            RuntimeError,
            "cannot sample n_sample > prob_dist.size",
        ),
        (lambda: sampling.multinomial(np.zeros(2), 1), RuntimeError, r"sum of probabilities <= 0"),
        (lambda: sampling.multinomial(np.ones(2), 0), RuntimeError, "cannot sample n_sample <= 0 samples"),
        (lambda: sampling.multinomial(np.ones((1, 1, 2)), 1), RuntimeError, "prob_dist must be 1 or 2 dim"),
        (
            lambda: random.Generator("cuda"),
            RuntimeError,
            "Cannot get CUDA generator without ATen_cuda library",
        ),
    ],
)
def test_bad_arguments(draw: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        draw()


def test_moments() -> None:
    """A large sample of each distribution has its mean and spread (five standard errors)."""
    random.manual_seed(1)
    n = 200_000
    expected = {
        "uniform": (sampling.uniform((n,), F32, -1, 3), 1.0, 4 / math.sqrt(12)),
        "normal": (sampling.normal((n,), F32, 2, 0.5), 2.0, 0.5),
        "normal64": (sampling.normal((n,), F64, -1, 3), -1.0, 3.0),
        "exponential": (sampling.exponential((n,), F32, 4), 0.25, 0.25),
        "geometric": (sampling.geometric((n,), F32, 0.25), 4.0, math.sqrt(0.75) / 0.25),
        "bernoulli": (sampling.bernoulli_scalar((n,), F32, 0.3), 0.3, math.sqrt(0.21)),
        "randint": (sampling.randint(-3, 8, (n,), I64), 2.0, math.sqrt(10)),
    }
    for name, (sample, mean, std) in expected.items():
        assert abs(sample.mean(dtype="f8") - mean) < 5 * std / math.sqrt(n), name
        assert abs(sample.std(dtype="f8") / std - 1) < 0.02, name


@pytest.mark.timing
def test_drawing_many_is_not_much_slower_than_numpy() -> None:
    """A million float32 numbers, as a ratio to NumPy's own Mersenne Twister in the same process."""

    def best(function: Any) -> float:
        times = []
        for _ in range(5):
            start = perf_counter()
            function()
            times.append(perf_counter() - start)
        return min(times)

    n = 10**6
    numpy = np.random.RandomState(0)
    assert best(lambda: sampling.uniform((n,), F32)) < 3 * best(lambda: numpy.random_sample(n))
    assert best(lambda: sampling.normal((n,), F32)) < 5 * best(lambda: numpy.standard_normal(n))


def test_a_fork_leaves_no_trace() -> None:
    random.manual_seed(5)
    before = random.get_rng_state()._data
    with random.fork_rng():
        sampling.uniform((3,), F32)
    assert (random.get_rng_state()._data == before).all()
    with random.fork_rng(enabled=False):
        sampling.uniform((3,), F32)
    assert (random.get_rng_state()._data != before).any()

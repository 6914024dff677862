"""Statistics of arrays, and keeping arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.worker.keeping import Keeper, owner_of
from playground.worker.values import describe, describe_all


@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=80),
    st.sampled_from([np.float32, np.float64]),
)
def test_statistics_are_numpys(numbers: list[float], dtype: type) -> None:
    array = np.array(numbers, dtype)
    wide = array.astype(np.float64)
    values = describe(array)
    scale = float(np.abs(wide).max()) or 1.0
    assert values.numel == array.size
    assert values.data == (wide.tolist() if array.size <= 64 else [])
    assert values.mean == pytest.approx(wide.mean(), abs=1e-9 * scale)
    assert values.std == pytest.approx(wide.std(ddof=1) if array.size > 1 else 0, abs=1e-6 * scale)
    assert (values.min, values.max) == (wide.min(), wide.max())
    assert values.norm == pytest.approx(np.linalg.norm(wide), rel=1e-6)
    assert values.zeros == int((wide == 0).sum())


@pytest.mark.parametrize("size", [1, 7, 2000, 100_000])
def test_the_same_alone_and_together(size: int) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=size).astype(np.float32) for _ in range(3)] + [np.zeros(size, np.int64)]
    together = describe_all(arrays)
    assert together == [describe(array) for array in arrays]
    for array, values in zip(arrays[:3], together, strict=False):
        assert values.mean == pytest.approx(float(array.mean(dtype=np.float64)), abs=1e-6)
        assert values.std == pytest.approx(float(array.std(ddof=1)) if size > 1 else 0, abs=1e-4)
        assert values.norm == pytest.approx(float(np.linalg.norm(array)), rel=1e-4)
    assert together[3].zeros == size


@pytest.mark.parametrize("size", [1, 3, 5000])
def test_what_is_not_finite_is_counted_and_left_out(size: int) -> None:
    array = np.full(size, 2.0)
    array[0] = np.nan
    values = describe(array)
    assert values.nonfinite == 1
    assert values.mean == (2 if size > 1 else 0)
    assert values.max == (2 if size > 1 else 0)


def test_large_numbers_do_not_overflow() -> None:
    values = describe(np.array([3e300, -4e300]))
    assert values.norm == pytest.approx(5e300)
    assert describe(np.full(5000, 3e38, np.float32)).max == pytest.approx(3e38, rel=1e-6)


def test_booleans_integers_and_complex_numbers() -> None:
    assert describe(np.array([True, False])).data == [1, 0]
    assert describe(np.array([1, -2])).min == -2
    assert describe(np.array([3 + 4j])).norm == 5


def test_huge_arrays_are_sampled() -> None:
    values = describe(np.broadcast_to(np.float32(2), (50_000, 50_000)))
    assert (values.mean, values.min, values.max) == (2, 2, 2)
    assert values.numel == 100_000_000  # as far as the protocol counts
    many = np.ones(5_000_000, np.float32)
    many[::2] = 0
    values = describe(many)
    assert values.numel == 5_000_000
    assert values.norm == pytest.approx(np.sqrt(2.5e6), rel=1.0)


def test_kept_arrays_survive_being_overwritten() -> None:
    keeper = Keeper(1_000_000)
    array = np.zeros(10)
    first, view = keeper.keep(array, "a"), keeper.keep(array[2:5], "b")
    keeper.before_write(array[:1])
    array[:] = 7
    assert first.array is not None
    assert view.array is not None
    assert first.array.max() == view.array.max() == 0
    later = keeper.keep(array, "c")
    assert later.array is array
    assert keeper.latest(array) is later


def test_the_oldest_goes_first_but_not_before_it_was_described() -> None:
    keeper = Keeper(1000)
    kept = [keeper.keep(np.zeros(50), None) for _ in range(2)]
    kept[0].described(describe(np.zeros(50)))
    more = [keeper.keep(np.zeros(50), None) for _ in range(4)]
    assert kept[0].array is None
    assert kept[1].array is not None
    kept[1].described(describe(np.zeros(50)))
    assert kept[1].array is None
    assert more[-1].array is not None


def test_the_owner_of_a_view() -> None:
    array = np.zeros((4, 4))
    assert owner_of(array[1:][:, 2].T) is array
    assert owner_of(array) is array

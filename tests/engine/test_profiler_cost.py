"""What a profile costs while it is taken, as ratios to a NumPy call: see `test_budget`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import engine as torch
from engine.autograd.profiler import profile
from engine.registry import OPS
from tests.engine.test_budget import ratio


@pytest.fixture
def unit() -> Callable[[], object]:
    a = np.ones(3, np.float32)
    return lambda: np.multiply(a, a)


@pytest.mark.parametrize(
    ("options", "operation", "node", "leaf"),
    [({}, 4.5, 20.0, 10.0), ({"record_shapes": True}, 6.0, 30.0, 18.0)],
    ids=["times", "shapes"],
)
def test_a_row_costs_few_numpy_calls(
    unit: Callable[[], object], options: dict[str, bool], operation: float, node: float, leaf: float
) -> None:
    """Measured, with times only: 2.2 for an operation, 10 for a node (two rows), 5 for a leaf (two rows).

    With shapes: 2.7, 15 and 9. The unit takes 0.3 us.
    """
    x, y = torch.ones(2, 3, requires_grad=True), torch.ones(2, 3)
    z = x * y
    maker = z.grad_fn
    accumulate = maker.next_functions[0][0]
    g = torch.ones(2, 3)
    with profile(**options) as prof:
        assert prof is not None
        op, inputs, outputs = OPS["mul"], [x, y], (z,)

        def row() -> None:
            prof.op(op, (x, y), inputs, outputs, maker, False, 1, 2)

        def node_rows() -> None:
            prof.backward_node(maker, (g,), (g, None), 1, 2)

        def leaf_rows() -> None:
            prof.backward_node(accumulate, (g,), (), 1, 2)

        assert ratio(row, unit, 500) < operation
        prof.backward_begin((), (), True)
        assert ratio(node_rows, unit, 500) < node
        assert ratio(leaf_rows, unit, 500) < leaf
        prof.backward_end()
        prof._raw.clear()


def test_a_profile_lets_go_of_what_it_watched() -> None:
    """No record keeps a tensor, a node or an array: memory is what it is without a profile."""
    import gc
    from weakref import ref

    x = torch.ones(5, requires_grad=True)
    with profile(record_shapes=True, profile_memory=True) as prof:
        y = (x * 2).exp()
        seen = [ref(y), ref(y.grad_fn), ref(y._data)]
        y.sum().backward()
        del y
        gc.collect()
        assert [r() for r in seen] == [None, None, None]
    assert prof is not None
    assert prof.function_events

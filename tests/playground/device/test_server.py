"""The device server as a process: quotas, what a disconnect gives back, fairness; and the rules of both ends."""

from __future__ import annotations

import inspect
import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine import backend
from engine.allocator import OutOfMemoryError
from playground.device import messages, plans
from playground.device.connection import DeviceLost
from playground.device.control import Pong, Quota, Ready, Unusable
from playground.device.functions import FUNCTIONS
from playground.device.module import Module
from tests.gpu.conftest import REAL
from tests.gpu.standin import NAMES
from tests.playground.device.serving import Serving


def _until(server: Serving, wanted: Callable[[Pong], bool]) -> Pong:
    """Wait for a state: a closed socket is seen by the server when it looks there next."""
    end = time.monotonic() + 30
    while not wanted(state := server.state()):
        assert time.monotonic() < end, state
        time.sleep(0.005)
    return state


# --- Quotas ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quota", "reason"),
    [
        (Quota(operations=100), "its 100 operations"),
        (Quota(arrays=50), "more than 50 arrays"),
        (Quota(transfer_bytes=1 << 20), "its 1 MiB to and from"),
        (Quota(device_s=0.01), "its 0.01 s of the GPU"),
    ],
)
def test_who_has_used_up_a_quota_is_told_so(quota: Quota, reason: str) -> None:
    with Serving(quota) as server:
        xp, sock = server.module()
        kept = []

        def use_it_up() -> None:
            while True:
                kept.append(xp.zeros((100, 100)) + 1)
                kept[-1].get()

        with pytest.raises(DeviceLost, match=reason):
            use_it_up()
        with pytest.raises(DeviceLost, match=reason):  # and so for good
            xp.zeros(1).get()
        other, another = server.module()
        assert other.ones(3).sum().item() == 3.0
        sock.close()
        another.close()


def test_memory_of_a_run_and_of_all_together() -> None:
    with Serving(Quota(bytes_held=16 << 20), memory_bytes=24 << 20) as server:
        first, one = server.module()
        second, two = server.module()
        held = first.zeros(1 << 20)  # 8 MiB
        also = first.zeros(1 << 20)
        too_much = first.ones(4)
        with pytest.raises(OutOfMemoryError, match="MiB a program may, and this program would have more"):
            too_much.get()
        assert first.get_default_memory_pool().used_bytes() == 16 << 20
        theirs = second.zeros(1 << 20)
        with pytest.raises(OutOfMemoryError, match="all programs together"):
            second.ones(1).get()
        del held
        assert first.ones(4).sum().item() == 4.0
        assert (also.get() == 0).all()
        assert (theirs.get() == 0).all()
        one.close()
        two.close()


def test_a_disconnect_gives_everything_back() -> None:
    with Serving() as server:
        xp, sock = server.module()
        kept = [xp.zeros((100, 100)) for _ in range(10)]
        xp.synchronize()
        assert server.state() == Pong(runs=1, bytes_held=10 * 157 * 512)
        sock.close()
        _until(server, lambda state: state == Pong(runs=0, bytes_held=0))
        with pytest.raises(DeviceLost):
            kept[0].get()


def test_a_server_that_dies_is_told_of() -> None:
    server = Serving()
    xp, sock = server.module()
    a = xp.ones(3)
    assert a.sum().item() == 3.0
    server.process.kill()
    server.process.wait()
    with pytest.raises(DeviceLost, match=r"the process that has it is gone|Broken pipe"):
        a.get()
    sock.close()
    server.control.close()


def test_who_does_not_read_holds_up_nobody(server: Serving) -> None:
    slow, sock = server.module()
    big = slow.zeros((2 << 20,))
    slow._device.connection.send(messages.Fetch(big.reference()))
    slow._device.connection._flush()
    quick, another = server.module()
    assert quick.ones(2).sum().item() == 2.0
    assert sock.recv(1 << 16)
    sock.close()
    another.close()


def test_a_machine_without_a_card_says_so() -> None:
    with Serving(library="cupy") as server:
        if REAL is None:
            assert isinstance(server.first, Unusable)
            assert "CuPy" in server.first.reason
        else:
            assert isinstance(server.first, Ready)


def test_it_has_no_more_rights_than_any_user(server: Serving) -> None:
    """Whoever finds a hole in it is not root."""
    with open(f"/proc/{server.process.pid}/status") as lines:
        status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    assert "0" not in status["Uid"].split()
    assert status["CapEff"] == status["CapPrm"] == "0" * 16


# --- The rules -------------------------------------------------------------------------------------------------------

OURS = {"assign", "getitem", "setitem"}
"""Not CuPy's names: what indexing and assigning are."""
MODULES = {"": "cupy", "linalg": "cupy.linalg", "fft": "cupy.fft", "scipy.special": "cupyx.scipy.special"}  # fmt: skip
MODULES["scipy.linalg"] = "cupyx.scipy.linalg"


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in OURS])
def test_every_function_is_cupys(name: str) -> None:
    """With its name and the names of its parameters: what a NumPy server does, one with CuPy can do."""
    path, _, last = name.rpartition(".")
    if last in ("reduce", "accumulate", "at"):
        assert NAMES["cupy"][path] == "ufunc"
        return
    parameters = NAMES[MODULES[path]][last]
    if parameters in ("*", "ufunc"):
        return
    ours = set(inspect.signature(FUNCTIONS[name].rule).parameters) - {"largest"}
    if last in ("array", "copy", "ascontiguousarray", "astype"):
        return  # one rule; the library has a function of its own for them
    assert ours <= set(parameters.split(", "))


def _laid_out(
    shape: tuple[int, ...], order: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    """An array whose axes lie in memory in that order, some of them stepped over."""
    whole = rng.normal(size=[shape[k] * 2 for k in order])
    steps = tuple(slice(None, None, 2) if rng.random() < 0.3 else slice(0, shape[k]) for k in order)
    return whole[steps].transpose(np.argsort(order))


def test_new_arrays_lie_as_numpys() -> None:
    """The order of axes that is worked out is the one NumPy takes, or results would add up otherwise."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        ndim = int(rng.integers(1, 5))
        shape = tuple(int(n) for n in rng.integers(1, 4, ndim))
        operands = []
        for _ in range(2):
            one = _laid_out(shape, tuple(rng.permutation(ndim).tolist()), rng)
            keep = [slice(None) if rng.random() < 0.8 else slice(0, 1) for _ in shape]
            operands.append(one[tuple(keep)])
        result = np.add(*operands)
        order = plans.kept(operands, result.shape)
        expected = np.empty([result.shape[k] for k in order or range(ndim)]).transpose(
            np.argsort(order or range(ndim))
        )
        assert result.strides == expected.strides


def test_indexed_shapes_are_numpys() -> None:
    a = np.zeros((3, 4, 5, 2))
    places, pair, mask = np.array([0, 1, 1]), np.array([[0], [1]]), np.ones((4, 5), bool)
    parts: list[object] = [
        0,
        slice(1, None),
        None,
        Ellipsis,
        places,
        pair,
        np.int64(1),
        slice(None, None, -2),
    ]
    tried = 0
    for length in (1, 2, 3, 4):
        for key in itertools.product(parts, repeat=length):
            if plans.is_basic(key):
                continue
            try:
                expected = a[key].shape
            except IndexError:
                with pytest.raises(IndexError):
                    plans.indexed(a.shape, key)
                continue
            tried += 1
            assert plans.indexed(a.shape, key) == expected, key
    assert tried > 500
    assert plans.indexed(a.shape, (0, mask)) == mask.size * 2
    assert a[0, mask].size <= mask.size * 2


def test_a_view_costs_no_message(server: Serving) -> None:
    xp, sock = server.module()
    a = xp.asarray(np.arange(24.0).reshape(2, 3, 4))
    xp.synchronize()
    views = [
        a.T,
        a[1:, ::-1],
        a.reshape(6, 4)[:, None],
        xp.broadcast_to(a, (5, 2, 3, 4)),
        xp.flip(a, 2),
        a.reshape(-1)[3:],
    ]
    assert not xp._device.connection._requests
    host = np.arange(24.0).reshape(2, 3, 4)
    expected = [
        host.T,
        host[1:, ::-1],
        host.reshape(6, 4)[:, None],
        np.broadcast_to(host, (5, 2, 3, 4)),
        np.flip(host, 2),
        host.reshape(-1)[3:],
    ]
    for view, same in zip(views, expected, strict=True):
        np.testing.assert_array_equal(view.get(), same, strict=True)
    views[1][...] = 7.0  # and writing through one is seen in the others
    np.testing.assert_array_equal(a.get()[1], 7.0)
    sock.close()


def test_a_lost_array_of_the_host_is_refused(server: Serving) -> None:
    xp, sock = server.module()
    a = xp.ones(3)
    for wrong in (lambda: a + np.ones(3), lambda: np.asarray(a), lambda: xp.where(a > 0, np.ones(3), a)):
        with pytest.raises(TypeError, match=r"Unsupported type|Implicit conversion"):
            wrong()
    with pytest.raises(TypeError, match="Unsupported dtype"):
        xp.asarray(np.array([None]))
    sock.close()


def test_the_engine_takes_the_module_and_gives_it_back(cupy: Module) -> None:
    assert backend.cupy() is cupy
    backend.install(None)
    assert backend.cupy() is REAL

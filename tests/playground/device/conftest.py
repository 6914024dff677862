"""One device server for the tests of this folder, and the array module on a connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import backend
from playground.device.control import Quota, Ready
from playground.device.module import Module
from tests.gpu.conftest import _forget as forget
from tests.gpu.conftest import numbers_of_the_host, stand_in  # noqa: F401  # fixtures
from tests.playground.device.serving import Serving

PLENTY = Quota(operations=100_000_000, device_s=3600.0, transfer_bytes=1 << 40)


@pytest.fixture(scope="session")
def server() -> Iterator[Serving]:
    with Serving(PLENTY) as serving:
        assert serving.first == Ready("NumPy")
        yield serving


@pytest.fixture(scope="session")
def connected(server: Serving) -> Iterator[Module]:
    """One connection: the engine keeps what it has made of an array module, and a child has one in its life."""
    module, sock = server.module()
    yield module
    sock.close()


@pytest.fixture
def cupy(connected: Module) -> Iterator[Module]:
    """What the engine has as CuPy while the test runs."""
    forget()
    backend.install(connected)
    yield connected
    backend.install(None)
    forget()

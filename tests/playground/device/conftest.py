"""One device server for the tests of this folder, and the array module on a connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import backend
from playground.device.control import Ready
from playground.device.module import Module
from tests.playground.device.serving import Serving


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with Serving() as serving:
        assert serving.first == Ready()
        yield serving


@pytest.fixture
def cupy(server: Serving) -> Iterator[Module]:
    """What the engine has as CuPy while the test runs."""
    module, sock = server.module()
    backend._PENDING.clear()
    backend.install(module)
    yield module
    backend.install(None)
    backend._PENDING.clear()
    sock.close()

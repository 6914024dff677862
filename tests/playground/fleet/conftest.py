from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.playground.fleet.site import Site, Web
from tests.playground.web.conftest import Tab

_NUMBERS = itertools.count(1)

Open = Callable[..., Tab]


@pytest.fixture(scope="session")
def running() -> Iterator[Site]:
    site = Site(
        PLAYGROUND_PROXIES="1",
        PLAYGROUND_SLOTS="1",
        PLAYGROUND_QUEUE_PER_SLOT="2",
        PLAYGROUND_QUEUE_WAIT_S="6",
        PLAYGROUND_WALL_SOFT_S="20",
        PLAYGROUND_WALL_HARD_S="21",
        PLAYGROUND_CPU_SOFT_S="20",
        PLAYGROUND_CPU_HARD_S="22",
        PLAYGROUND_RUNS_PER_ADDRESS="1",
        PLAYGROUND_CONNECTIONS_PER_ADDRESS="4",
        PLAYGROUND_RUNS_PER_MINUTE="12",
        PLAYGROUND_LINKS_PER_HOUR="3",
        PLAYGROUND_UNACKNOWLEDGED_EVENTS="10",
        PLAYGROUND_BATCH_S="0.01",
    )
    yield site
    site.end()


@pytest.fixture
def site(running: Site, request: pytest.FixtureRequest) -> Site:
    """Everything up; what a test has killed is there again for the next."""
    running.whole()
    return running


@pytest.fixture
def address() -> str:
    """Somebody's of whom nothing is counted yet."""
    return f"203.0.113.{next(_NUMBERS)}"


@pytest.fixture
def another(address: str) -> Callable[[], str]:
    """More of such."""
    return lambda: f"203.0.113.{next(_NUMBERS)}"


@pytest.fixture
def visit(address: str) -> Iterator[Open]:
    """Open pages, and close them at the end."""
    tabs: list[Tab] = []

    def visit(web: Web, come_from: str = address, **options: Any) -> Tab:
        tabs.append(web.tab(come_from, **options))
        return tabs[-1]

    yield visit
    for tab in tabs:
        tab.close()

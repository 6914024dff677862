"""What one address may ask for: how often, and how many pages it may have open."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Protocol

from playground.settings import Settings

_ADDRESSES = 10_000


class Bucket:
    """Allows `rate` per second on average and `burst` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._then = time.monotonic()

    def take(self) -> bool:
        """Whether one more is allowed now."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._then) * self._rate)
        self._then = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Throttle(Protocol):
    """How often one address may ask for something that costs the server time."""

    def take(self, address: str) -> bool:
        """Whether this address may ask once more now."""


class Places(Protocol):
    """How many of something one address may have at a time."""

    def enter(self, address: str) -> bool:
        """Whether this address may have one more now; then it has it."""

    def leave(self, address: str) -> None:
        """It has one less."""


class Tabs(Protocol):
    """Which connection each tab has. A tab may be back before its old connection is known to be dead."""

    def sit(self, tab: str, sid: str) -> str:
        """This tab has this connection now; the one it had before, if any."""


@dataclass(frozen=True)
class Fairness:
    """What is counted for each address, and known of each tab."""

    runs: Throttle
    links: Throttle
    files: Throttle
    pages: Places
    tabs: Tabs


class LocalThrottle:
    """A bucket for each address; of many addresses those that asked last."""

    def __init__(self, rate: float, burst: float) -> None:
        """`rate` in requests a second on average, `burst` at once."""
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, address: str) -> bool:
        bucket = self._buckets.pop(address, None) or Bucket(self._rate, self._burst)
        self._buckets[address] = bucket
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket.take()


class LocalPlaces:
    """As many places as `most` for each address."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        if self._taken[address] >= self._most:
            return False
        self._taken[address] += 1
        return True

    def leave(self, address: str) -> None:
        self._taken[address] -= 1
        if self._taken[address] <= 0:
            del self._taken[address]


class LocalTabs:
    """Those of the only web process there is."""

    def __init__(self) -> None:
        self._tabs: OrderedDict[str, str] = OrderedDict()

    def sit(self, tab: str, sid: str) -> str:
        older = self._tabs.pop(tab, "")
        self._tabs[tab] = sid
        if len(self._tabs) > _ADDRESSES:
            self._tabs.popitem(last=False)
        return older


def alone(settings: Settings) -> Fairness:
    """For the only web process there is."""
    return Fairness(
        runs=LocalThrottle(settings.runs_per_minute / 60, settings.runs_per_minute),
        links=LocalThrottle(settings.links_per_hour / 3600, settings.links_per_hour),
        files=LocalThrottle(settings.files_per_minute / 60, settings.files_per_minute),
        pages=LocalPlaces(settings.connections_per_address),
        tabs=LocalTabs(),
    )

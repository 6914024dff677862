"""What each address asks for and has, counted over all web processes. Without Redis each counts for itself."""

from __future__ import annotations

from collections import Counter

from redis import Redis
from redis.exceptions import RedisError

from playground.fleet import scripts
from playground.fleet.line import PREFIX, Line
from playground.settings import Settings
from playground.web.throttle import Fairness, Tabs, Throttle, alone

_TAB_S = 24 * 3600


class Ledger:
    """What this process has given out, by kind and address."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._mine: Counter[str] = Counter()

    def take(self, what: str, most: int) -> bool:
        """One more, if all processes together have given out fewer than `most`."""
        try:
            free = scripts.take_place(self._line.redis, self._line.name, what, most)
        except RedisError:
            self._line.doubt()
            free = self._mine[what] < most
        if free:
            self._mine[what] += 1
        return free

    def give(self, what: str) -> None:
        """One less."""
        self._mine[what] -= 1
        if self._mine[what] <= 0:
            del self._mine[what]
        self._line.order(*scripts.leave_place(self._line.name, what))

    def renew(self, redis: Redis, name: str) -> None:
        """Keep it from expiring; write it anew if it has, or the process has a new name."""
        if not redis.pexpire(scripts.HAS + name, int(1000 * scripts.HAS_S)) and self._mine:
            pipe = redis.pipeline()
            for what, count in self._mine.items():
                pipe.hset(scripts.HAS + name, what, str(count))
            pipe.pexpire(scripts.HAS + name, int(1000 * scripts.HAS_S))
            pipe.execute()


class SharedThrottle:
    """A bucket for each address, in Redis."""

    def __init__(self, line: Line, kind: str, rate: float, burst: float, without: Throttle) -> None:
        self._line = line
        self._kind = kind
        self._rate = rate
        self._burst = burst
        self._without = without

    def take(self, address: str) -> bool:
        try:
            return scripts.pay(self._line.redis, self._kind, address, self._rate, self._burst)
        except RedisError:
            self._line.doubt()
            return self._without.take(address)


class SharedPlaces:
    """As many places as `most` for each address, on all machines together."""

    def __init__(self, ledger: Ledger, kind: str, most: int) -> None:
        self._ledger = ledger
        self._kind = kind
        self._most = most

    def enter(self, address: str) -> bool:
        return self._ledger.take(f"{self._kind}:{address}", self._most)

    def leave(self, address: str) -> None:
        self._ledger.give(f"{self._kind}:{address}")


class SharedTabs:
    """Which connection each tab has, to whichever web process."""

    def __init__(self, line: Line, without: Tabs) -> None:
        self._line = line
        self._without = without

    def sit(self, tab: str, sid: str) -> str:
        try:
            older = self._line.redis.set(f"{PREFIX}tab:{tab}", sid, ex=_TAB_S, get=True)
        except RedisError:
            self._line.doubt()
            return self._without.sit(tab, sid)
        return str(older, "ascii") if isinstance(older, bytes) else ""


def shared(settings: Settings, line: Line, ledger: Ledger) -> Fairness:
    """For one of several web processes."""
    here = alone(settings)
    minute, hour = settings.runs_per_minute, settings.links_per_hour
    files = settings.files_per_minute
    return Fairness(
        runs=SharedThrottle(line, "runs", minute / 60, minute, here.runs),
        links=SharedThrottle(line, "links", hour / 3600, hour, here.links),
        files=SharedThrottle(line, "files", files / 60, files, here.files),
        pages=SharedPlaces(ledger, "pages", settings.connections_per_address),
        tabs=SharedTabs(line, here.tabs),
    )

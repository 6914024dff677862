"""A process's place in Redis: a channel on which it is told things, a sign of life, and what it tells others.

Whoever loses the line, however shortly, comes back under a new name: what was sent to the old one may be lost, so
nothing that belonged to it goes on.
"""

from __future__ import annotations

import logging
import queue
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

BEAT_S = 0.25
ALIVE_S = 3.0
"""Who has not been heard of for so long is dead."""
PATIENCE_S = 2.0
"""For one answer of Redis."""
_WAITING = 1_000
_AT_ONCE = 200
PREFIX = "playground:"

Side = Literal["web", "worker"]
Command = Sequence[str | bytes | int | float]


def names(side: Side) -> str:
    """The set of the names there may be on that side; some of them may be dead."""
    return f"{PREFIX}{side}s"


def alive(side: Side, name: str) -> str:
    """The key that is there as long as that process is."""
    return f"{PREFIX}alive:{side}:{name}"


def channel(side: Side, name: str) -> str:
    """Where that process listens."""
    return f"{PREFIX}{side}:{name}"


def present(redis: Redis, side: Side, those: Iterable[str]) -> dict[str, bytes]:
    """Of these processes the ones that live, with what their sign of life says. A process that was killed is missed at
    once, because it does not listen any more; one whose machine has failed when its sign has expired."""
    those = list(those)
    if not those:
        return {}
    pipe = redis.pipeline(transaction=False)
    pipe.mget([alive(side, name) for name in those])
    pipe.pubsub_numsub(*(channel(side, name) for name in those))
    signs, listeners = pipe.execute()
    return {
        name: sign
        for name, sign, (_, count) in zip(those, signs, listeners, strict=True)
        if isinstance(sign, bytes) and count
    }


class Line:
    """One process's. `hear` gets each message, `beat` is called four times a second with a connection, `lost` when
    the line is; each from a thread of the line's. A `RedisError` that `beat` raises ends the line."""

    def __init__(
        self,
        url: str,
        side: Side,
        *,
        hear: Callable[[bytes], None],
        beat: Callable[[Redis], None],
        lost: Callable[[], None],
    ) -> None:
        self._url = url
        self._side = side
        self._hear = hear
        self._beat = beat
        self._lost = lost
        self._out: queue.Queue[tuple[str, Command]] = queue.Queue(_WAITING)
        self._open: tuple[str, Redis] | None = None
        self._broken = threading.Event()
        self._up = threading.Event()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=f"fleet-{target.__name__.strip('_')}", daemon=True)
            for target in (self._listen, self._live, self._write)
        ]

    def start(self, wait_s: float) -> None:
        """Open the line; returns when it is open, or after so long."""
        for thread in self._threads:
            thread.start()
        self._up.wait(wait_s)

    def close(self) -> None:
        """End it; others see at once that nobody is here."""
        self._closing.set()
        if (here := self._open) is not None:
            name, redis = here
            try:
                redis.delete(alive(self._side, name))
                redis.srem(names(self._side), name)
            except RedisError:
                log.info("Redis cannot be told that this process ends")
        self._broken.set()

    @property
    def up(self) -> bool:
        """Whether there is a line."""
        return self._open is not None

    @property
    def name(self) -> str:
        """What this process is called now; empty without a line."""
        here = self._open
        return here[0] if here is not None else ""

    @property
    def redis(self) -> Redis:
        """For what needs an answer. Raises RedisError without a line; who catches one should call `doubt`."""
        here = self._open
        if here is None:
            raise RedisError("there is no connection to Redis")
        return here[1]

    def doubt(self) -> None:
        """Redis did not answer: the line is no more."""
        self._broken.set()

    def tell(self, side: Side, name: str, message: bytes) -> None:
        """Send a message to another process; in order, without waiting for it to arrive."""
        self.order("PUBLISH", channel(side, name), message)

    def order(self, *command: str | bytes | int | float) -> None:
        """Have Redis do something of which no answer is needed. Waits only if much else is waiting."""
        here = self._open
        if here is None:
            return
        try:
            self._out.put((here[0], command), timeout=PATIENCE_S)
        except queue.Full:
            self.doubt()

    # --- Threads -----------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        pause = 0.0
        while not self._closing.wait(pause):
            name = secrets.token_hex(8)
            redis: Redis = Redis.from_url(
                self._url,
                socket_timeout=PATIENCE_S,
                socket_connect_timeout=PATIENCE_S,
                socket_keepalive=True,
                retry=Retry(NoBackoff(), 0),
            )
            pubsub = redis.pubsub()  # type: ignore[no-untyped-call]
            try:
                pubsub.subscribe(channel(self._side, name))
                if not pubsub.get_message(timeout=PATIENCE_S):
                    raise RedisError("it does not answer")
                pause = 0.1
                self._broken.clear()
                self._open = (name, redis)
                self._renew(redis, name)
                self._beat(redis)
                self._up.set()
                log.info("connected to Redis")
                while not self._broken.is_set():
                    message = pubsub.get_message(ignore_subscribe_messages=True, timeout=BEAT_S)
                    if message is not None:
                        self._take(message)
            except RedisError as problem:
                log.error("no connection to Redis: %s", problem)
            finally:
                was_up = self._up.is_set()
                self._up.clear()
                self._open = None
                pubsub.close()
                redis.close()
            if was_up and not self._closing.is_set():
                self._lost()
            pause = min(1.0, 2 * pause) or 0.1

    def _take(self, message: dict[str, Any]) -> None:
        try:
            self._hear(message["data"])
        except Exception:
            log.exception("a message could not be taken")

    def _live(self) -> None:
        while not self._closing.wait(BEAT_S):
            here = self._open
            if here is None or not self._up.is_set():
                continue
            name, redis = here
            try:
                self._renew(redis, name)
                self._beat(redis)
            except RedisError as problem:
                log.error("Redis did not answer: %s", problem)
                self.doubt()
            except Exception:
                log.exception("a beat was left out")

    def _renew(self, redis: Redis, name: str) -> None:
        """The sign of life itself; a worker's says how it is, and is written by `beat`."""
        pipe = redis.pipeline(transaction=False)
        if self._side == "web":
            pipe.set(alive("web", name), "1", px=int(1000 * ALIVE_S))
        pipe.sadd(names(self._side), name)
        pipe.execute()

    def _write(self) -> None:
        while True:
            batch = [self._out.get()]
            while len(batch) < _AT_ONCE and not self._out.empty():
                batch.append(self._out.get())
            here = self._open
            if here is None:
                continue
            name, redis = here
            pipe = redis.pipeline(transaction=False)
            for to, command in batch:
                if to == name:  # else it was meant for a line that is no more
                    pipe.execute_command(*command)  # type: ignore[no-untyped-call]
            try:
                pipe.execute(raise_on_error=False)
            except RedisError as problem:
                log.error("Redis does not take messages: %s", problem)
                self.doubt()

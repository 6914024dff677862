"""Which workers there are, and how each is."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import msgspec
from redis import Redis

from playground.fleet.line import names, present
from playground.runner import wire

log = logging.getLogger(__name__)


class WorkerState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A worker's sign of life."""

    queues: list[str]
    health: wire.Health

    @property
    def takes(self) -> bool:
        """Whether a program given to it now would run."""
        return self.health.alive and self.health.ready and not self.health.draining


_decoder: msgspec.msgpack.Decoder[WorkerState] = msgspec.msgpack.Decoder(WorkerState)


def living(redis: Redis) -> Iterator[tuple[str, WorkerState]]:
    """The workers that have given a sign of life lately. The names of others are taken off the list."""
    known = sorted(str(name, "ascii") for name in redis.smembers(names("worker")) if isinstance(name, bytes))
    there = present(redis, "worker", known)
    if gone := set(known) - set(there):
        redis.srem(names("worker"), *gone)
    for name, sign in there.items():
        try:
            yield name, _decoder.decode(sign)
        except msgspec.MsgspecError:
            log.error("a worker's sign of life cannot be read")

"""Which workers there are, and how each is."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import msgspec
from redis import Redis

from playground.fleet.line import names, present
from playground.runner import wire

log = logging.getLogger(__name__)

READ = "read"
"""The lane of programs that are read, which every worker serves."""
_COUNTS = (
    *("slots", "running", "queued", "reading", "held", "lingering", "parked"),
    *("runs", "crashes", "zygote_restarts", "supervisor_restarts"),
    *("gpu_workers", "gpu_warm", "gpu_running"),
)


class WorkerState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A worker's sign of life."""

    queues: list[str]
    health: wire.Health

    @property
    def takes(self) -> bool:
        """Whether a program given to it now would run."""
        return self.health.alive and self.health.ready and not self.health.draining

    def serves(self, lane: str) -> bool:
        """Whether a program of this lane, a queue or `READ`, would run."""
        # Who has started it says that it is to serve the GPU; whether there is one it says itself.
        without = lane == "gpu" and self.health.no_gpu
        return self.takes and (lane == READ or lane in self.queues) and not without


_decoder: msgspec.msgpack.Decoder[WorkerState] = msgspec.msgpack.Decoder(WorkerState)


def together(states: Sequence[WorkerState]) -> wire.Health:
    """How they all are."""
    with_gpu = [state.health for state in states if state.serves("gpu")]
    return wire.Health(
        ready=any(state.takes for state in states),
        workers=len(states),
        no_gpu="" if with_gpu else wire.NO_GPU,
        gpu=with_gpu[0].gpu if with_gpu else "",
        **{name: sum(getattr(state.health, name) for state in states) for name in _COUNTS},
    )


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

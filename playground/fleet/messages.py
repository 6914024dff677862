"""What web processes and workers tell each other. Those of `playground.runner.wire` serve where they fit; here `job` is
a random number that only the two processes concerned know."""

from __future__ import annotations

import re
import secrets

import msgspec

from playground.runner import wire

_NAME = re.compile(r"[0-9a-f]{16}")


class _Tagged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    pass


class Claimed(_Tagged, frozen=True, kw_only=True):
    """A worker has taken the job off the queue; commands about it go there."""

    job: int
    worker: str


class End(_Tagged, frozen=True, kw_only=True):
    """The web process has no use for this job any more."""

    job: int


ToWeb = Claimed | wire.Deliver
ToWorker = wire.Submit | wire.Stop | wire.Ask | wire.Steer | wire.Acknowledge | End


to_web: msgspec.msgpack.Decoder[ToWeb] = msgspec.msgpack.Decoder(ToWeb)
to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
encode = msgspec.msgpack.Encoder().encode


def new_job() -> int:
    """A number that nobody guesses."""
    return secrets.randbits(63)


def is_name(text: str) -> bool:
    """Whether a process may be called that."""
    return _NAME.fullmatch(text) is not None

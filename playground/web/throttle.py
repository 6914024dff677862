"""How often one address may ask for something that costs the server time."""

from __future__ import annotations

from collections import OrderedDict

from playground.web.transport import Bucket

_ADDRESSES = 10_000


class Throttle:
    """A bucket for each address; of many addresses those that asked last."""

    def __init__(self, rate: float, burst: float) -> None:
        """`rate` in requests a second on average, `burst` at once."""
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, address: str) -> bool:
        """Whether this address may ask once more now."""
        bucket = self._buckets.pop(address, None) or Bucket(self._rate, self._burst)
        self._buckets[address] = bucket
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket.take()

"""What must happen in Redis at one stroke: places in the queue, and what each address has. All of it expires, so that a
process that dies frees what it held.

=====================================  ================================================================
``playground:queue:cpu`` (``gpu``)     sorted set: jobs that wait, by the time they came
``playground:has:NAME``                hash of a web process: by kind and address, how much of it there is
``playground:rate:KIND:ADDRESS``       when the address will have paid for all it has asked for
=====================================  ================================================================
"""

from __future__ import annotations

from redis import Redis

from playground.fleet.line import ALIVE_S, PREFIX, alive, names

_NOW = "local t = redis.call('TIME') local now = t[1] + t[2] / 1000000 "

_TAKE_PLACE = """
local count = 0
for _, web in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local has = redis.call('HGET', ARGV[1] .. web, ARGV[3])
  if has then
    count = count + tonumber(has)
  elseif redis.call('EXISTS', ARGV[5] .. web) == 0 then
    redis.call('SREM', KEYS[1], web)
  end
end
if count >= tonumber(ARGV[4]) then
  return 0
end
redis.call('HINCRBY', ARGV[1] .. ARGV[2], ARGV[3], 1)
redis.call('PEXPIRE', ARGV[1] .. ARGV[2], ARGV[6])
return 1
"""

_LEAVE_PLACE = """
if redis.call('HINCRBY', KEYS[1], ARGV[1], -1) <= 0 then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
"""

_LINE_UP = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[1], string.format('%.6f', now), ARGV[1])
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[3]))
return 1
"""
)

_CLAIM = """
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then
  return 0
end
return redis.call('EXISTS', KEYS[2])
"""

# The generic cell rate algorithm: the same as a bucket that holds `burst` and fills at `rate`, in one number.
_PAY = (
    _NOW
    + """
local each = 1 / ARGV[1]
local paid = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + each
if paid - now > ARGV[2] * each then
  return 0
end
redis.call('SET', KEYS[1], string.format('%.6f', paid), 'PX', math.ceil(1000 * (paid - now)))
return 1
"""
)

HAS = f"{PREFIX}has:"
HAS_S = ALIVE_S + 1


def queue_key(lane: str) -> str:
    """Where those wait that go to this queue."""
    return f"{PREFIX}queue:{lane}"


def take_place(redis: Redis, web: str, what: str, most: int) -> bool:
    """Let this web process have one more of something, if all have fewer than `most`."""
    return bool(
        redis.eval(_TAKE_PLACE, 1, names("web"), HAS, web, what, most, alive("web", ""), int(1000 * HAS_S))
    )


def leave_place(web: str, what: str) -> tuple[str | int, ...]:
    """The command that gives one back."""
    return "EVAL", _LEAVE_PLACE, 1, HAS + web, what


def line_up(redis: Redis, lane: str, job: int, most: int, patience_s: float) -> bool:
    """Wait in the queue, if fewer than `most` do; whoever has waited for `patience_s` is not there any more."""
    return bool(redis.eval(_LINE_UP, 1, queue_key(lane), job, most, patience_s))


def claim(redis: Redis, lane: str, job: int, web: str) -> bool:
    """Take a job off the queue; False if it is not there any more, or whoever asked for it is not."""
    return bool(redis.eval(_CLAIM, 2, queue_key(lane), alive("web", web), job))


def pay(redis: Redis, kind: str, address: str, rate: float, burst: float) -> bool:
    """Whether an address may do this once more: `rate` a second on average, `burst` at once."""
    return bool(redis.eval(_PAY, 1, f"{PREFIX}rate:{kind}:{address}", rate, burst))

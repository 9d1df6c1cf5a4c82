"""Seats that somebody was just sent to, in Redis, so that all routers send the next one elsewhere.

Raises ``RedisAway``. A reservation is no right: the node gives a seat to who asks first. It ends by itself,
or when its player is seen to sit elsewhere at the table: not every router knows yet who sits.
"""

import json
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys
from shard_router.rules.quick_seat import OpenTable

# Fields are seats, values "<player>:<until, in ms>"; the field "closed" says that the table is about to be.
_PRUNE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function prune(key, sits)
  local reserved, fields = {}, redis.call('HGETALL', key)
  for f = 1, #fields, 2 do
    local user, ends = string.match(fields[f + 1], '^(.-):(%d+)$')
    local seat = sits[user]
    if tonumber(ends) <= now or (seat and seat ~= tonumber(fields[f])) then redis.call('HDEL', key, fields[f])
    else reserved[fields[f]] = user end
  end
  return reserved
end
"""

_RESERVE: Final = (
    _PRUNE
    + """
local function free_seat(table, reserved)
  local taken = {}
  for _, seat in ipairs(table.taken) do taken[seat] = true end
  local first = nil
  for seat = 0, table.seats - 1 do
    local who = reserved[tostring(seat)]
    if not taken[seat] and who == ARGV[1] then return seat, true end
    if not taken[seat] and not who and not first then first = seat end
  end
  return first, false
end
local chosen, found = nil, nil
for t, table in ipairs(cjson.decode(ARGV[4])) do
  local sits = {}
  for n, user in ipairs(table.users) do sits[user] = table.taken[n] end
  local reserved = prune(KEYS[t], sits)
  if not reserved['closed'] then
    local seat, is_own = free_seat(table, reserved)
    if seat and (is_own or not chosen) then chosen, found = t, seat end
    if is_own then break end
  end
end
if not chosen then return {} end
local note = ARGV[1] .. ':' .. string.format('%d', now + ARGV[2])
redis.call('HSET', KEYS[chosen], string.format('%d', found), note)
redis.call('EXPIRE', KEYS[chosen], ARGV[3])
return {chosen, found}
"""
)

_CLOSE: Final = (
    _PRUNE
    + """
if next(prune(KEYS[1], {})) then return 0 end
redis.call('HSET', KEYS[1], 'closed', ':' .. string.format('%d', now + ARGV[1]))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""
)


@frozen
class Reservation:
    """A seat that nobody else is sent to for some time."""

    table: OpenTable
    seat: SeatIndex


class ReservedSeats:
    """Reserves seats, in one step for all routers."""

    def __init__(self, redis: Redis, seconds: float) -> None:
        self._redis = redis
        self._life_ms = int(seconds * 1000)

    async def reserve(self, user_id: UserId, tables: Sequence[OpenTable]) -> Reservation | None:
        """Reserve a free seat at the first table that has one; None if there is none.

        A player who was sent to one of the tables already is sent there again, for the same time anew.
        """
        if not tables:
            return None
        wanted = [
            {
                "seats": table.seat_count,
                "taken": [int(seat) for seat in table.taken],
                "users": [str(user) for user in table.taken.values()],
            }
            for table in tables
        ]
        names = [keys.reserved_seats(table.table_id) for table in tables]
        arguments: list[str | int] = [str(user_id), self._life_ms, keys.RESERVED_SECONDS, json.dumps(wanted)]
        with redis_errors():
            found: object = await self._redis.eval(_RESERVE, keys=names, args=arguments)
        assert isinstance(found, Sequence), "a table's place and a seat, or nothing"
        return Reservation(tables[found[0] - 1], SeatIndex(found[1])) if found else None

    async def close(self, table_id: TableId) -> bool:
        """Send nobody to a table for a while, as it is to be closed; False if somebody was sent there."""
        with redis_errors():
            done: object = await self._redis.eval(
                _CLOSE,
                keys=[keys.reserved_seats(table_id)],
                args=[keys.ORDERS_SECONDS * 1000, keys.RESERVED_SECONDS],
            )
        return done == 1

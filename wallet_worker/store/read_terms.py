"""Limits that hold for players, and what counts against them. Periods are the house's, time is the database's.

A change that begins later says what holds until then (``before``); what began when it was asked for holds, on
whatever clock.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Reader, Row
from cardroom.service.protection import ProtectionSettings
from wallet_worker.rules.protection import (
    BuyInRoom,
    Limits,
    Period,
    PeriodRisk,
    Sitting,
    buy_in_room,
    read_limits,
)

READ_LIMITS: Final = """
SELECT DISTINCT ON (user_id, kind) user_id, kind,
       CASE WHEN begins_at <= greatest(asked_at, statement_timestamp()) THEN value ELSE before END AS value
FROM player_term WHERE user_id = ANY($1::bigint[]) AND kind <> 'exclusion'
ORDER BY user_id, kind, id DESC
"""

# What a seat held when a period began is what it held before its first entry since; nothing older is read, so that
# months may be archived. Statement time, not the transaction's: what is asked under locks is as new as they are.
AT_RISK: Final = """
SELECT wanted.user_id, wanted.unit,
       (extract(epoch FROM period.begins) * 1000)::bigint AS begins_ms,
       (extract(epoch FROM period.ends) * 1000)::bigint AS ends_ms,
       (lain.amount + brought.amount)::bigint AS at_risk
FROM unnest($1::bigint[], $2::text[]) AS wanted (user_id, unit)
CROSS JOIN LATERAL (
    SELECT date_trunc(wanted.unit, statement_timestamp() AT TIME ZONE $3) AT TIME ZONE $3 AS begins,
           (date_trunc(wanted.unit, statement_timestamp() AT TIME ZONE $3) + ('1 ' || wanted.unit)::interval)
               AT TIME ZONE $3 AS ends
) AS period
CROSS JOIN LATERAL (
    SELECT coalesce(sum(coalesce(
        (SELECT entry.balance_after - entry.amount FROM entry
         WHERE entry.account_id = account.id AND entry.booked_at >= period.begins
         ORDER BY entry.booked_at, entry.version LIMIT 1),
        account.balance)), 0) AS amount
    FROM account WHERE account.user_id = wanted.user_id AND account.kind = 'escrow'
) AS lain
CROSS JOIN LATERAL (
    SELECT coalesce(-sum(entry.amount), 0) AS amount
    FROM account
    JOIN entry ON entry.account_id = account.id AND entry.booked_at >= period.begins
    JOIN transfer ON transfer.id = entry.transfer_id AND transfer.booked_at = entry.booked_at
    WHERE account.user_id = wanted.user_id AND account.kind = 'wallet'
          AND transfer.kind IN ('buy_in', 'cash_out')
) AS brought
"""

# A seat has money from an entry before which it had none to one after which it has none: these few have an index of
# their own. What lies over midnight counts from midnight, what is there still counts until now; two tables at once
# count once. Today's time is now less ``idle_ms``, which stands still while the player sits.
TIME_AT_TABLES: Final = """
WITH today AS MATERIALIZED (
    SELECT statement_timestamp() AS now,
           date_trunc('day', statement_timestamp() AT TIME ZONE $2) AT TIME ZONE $2 AS begins,
           (date_trunc('day', statement_timestamp() AT TIME ZONE $2) + interval '1 day') AT TIME ZONE $2 AS ends
), place AS MATERIALIZED (
    SELECT id, user_id, balance FROM account WHERE user_id = ANY($1::bigint[]) AND kind = 'escrow'
), edge AS (
    SELECT place.user_id, entry.booked_at, entry.balance_after = 0 AS is_end,
           lag(entry.booked_at) OVER (PARTITION BY place.id ORDER BY entry.booked_at, entry.version) AS came_at
    FROM today CROSS JOIN place
    JOIN entry ON entry.account_id = place.id AND entry.booked_at >= today.begins
               AND (entry.balance_after = 0 OR entry.balance_after = entry.amount)
), span AS (
    SELECT edge.user_id, coalesce(edge.came_at, today.begins) AS begins, edge.booked_at AS ends
    FROM today CROSS JOIN edge WHERE edge.is_end
    UNION ALL
    SELECT place.user_id, coalesce(last.came_at, today.begins), greatest(today.now, last.came_at)
    FROM today CROSS JOIN place CROSS JOIN LATERAL (
        SELECT max(entry.booked_at) AS came_at FROM entry
        WHERE entry.account_id = place.id AND entry.booked_at >= today.begins
              AND entry.balance_after = entry.amount
    ) AS last
    WHERE place.balance > 0
), apart AS (
    SELECT user_id, unnest(range_agg(tstzrange(begins, ends))) AS time FROM span GROUP BY user_id
), used AS (
    SELECT user_id, sum(extract(epoch FROM upper(time) - lower(time))) AS seconds FROM apart GROUP BY user_id
)
SELECT wanted.user_id,
       floor(extract(epoch FROM today.now) * 1000)::bigint AS now_ms,
       floor((extract(epoch FROM today.now) - coalesce(used.seconds, 0)) * 1000)::bigint AS idle_ms,
       floor(extract(epoch FROM today.ends) * 1000)::bigint AS day_ends_ms
FROM today CROSS JOIN unnest($1::bigint[]) AS wanted (user_id)
LEFT JOIN used ON used.user_id = wanted.user_id
"""


@frozen
class Usage:
    """Limits that hold for a player, and what counts against them now."""

    limits: Limits
    risks: Mapping[Period, PeriodRisk]
    sitting: Sitting | None


async def read_usage(
    reader: Reader, users: Collection[UserId], settings: ProtectionSettings
) -> dict[UserId, Usage]:
    """Give what holds for these players; asks no more than their limits need. What is off is not there."""
    limits = await _read_limits(reader, users, settings)
    risks = await _read_risks(reader, limits, settings.time_zone)
    timed = [user for user, one in limits.items() if one.session_ms is not None]
    sittings = await _read_sittings(reader, timed, settings.time_zone)
    return {user: Usage(one, risks[user], sittings.get(user)) for user, one in limits.items()}


async def read_limits_of(reader: Reader, user_id: UserId, settings: ProtectionSettings) -> Limits:
    """Give what holds for one player. What is off is not there."""
    return (await _read_limits(reader, [user_id], settings))[user_id]


async def read_rooms(
    reader: Reader, users: Collection[UserId], settings: ProtectionSettings
) -> dict[UserId, BuyInRoom]:
    """Give what these players may bring to tables. Their wallets must be locked: so nobody else uses it up."""
    usage = await read_usage(reader, users, settings)
    return {user: buy_in_room(one.limits, one.risks, one.sitting) for user, one in usage.items()}


async def _read_limits(
    reader: Reader, users: Collection[UserId], settings: ProtectionSettings
) -> dict[UserId, Limits]:
    values: dict[UserId, list[tuple[str, int | None]]] = {user: [] for user in users}
    for row in await reader.fetch(READ_LIMITS, sorted(users)):
        if settings.offers(row["kind"]):
            values[UserId(row["user_id"])].append((row["kind"], row["value"]))
    return {user: read_limits(of_user) for user, of_user in values.items()}


async def _read_risks(
    reader: Reader, limits: Mapping[UserId, Limits], time_zone: str
) -> dict[UserId, dict[Period, PeriodRisk]]:
    found: dict[UserId, dict[Period, PeriodRisk]] = defaultdict(dict)
    wanted = [(user, period.value) for user, one in limits.items() for period in one.losses]
    if wanted:
        users, units = zip(*wanted, strict=True)
        for row in await reader.fetch(AT_RISK, users, units, time_zone):
            found[UserId(row["user_id"])][Period(row["unit"])] = _risk(row)
    return found


async def _read_sittings(reader: Reader, users: Collection[UserId], time_zone: str) -> dict[UserId, Sitting]:
    rows = await reader.fetch(TIME_AT_TABLES, sorted(users), time_zone) if users else []
    return {
        UserId(row["user_id"]): Sitting(row["idle_ms"], row["now_ms"], row["day_ends_ms"]) for row in rows
    }


def _risk(row: Row) -> PeriodRisk:
    return PeriodRisk(row["begins_ms"], row["ends_ms"], Krw(row["at_risk"]))

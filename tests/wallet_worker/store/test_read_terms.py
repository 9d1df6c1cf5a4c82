"""What counts against a player's limits, as the ledger's own tables say: money at risk, time at tables."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cardroom.ids import TableId
from cardroom.service.protection import ProtectionSettings
from cardroom.wire.ledger import SettleHand
from tests.wallet_worker.house import House, hand_of, hold, leave
from tests.wallet_worker.terms import HERE, age, far_from_midnight, limit, limits_of, usage_of
from wallet_worker.rules.protection import Limits, Period
from wallet_worker.store.read_seated import read_seated

SECOND = 1000
_RISK = """
SELECT -coalesce(sum(net), 0)
       + (SELECT coalesce(sum(balance), 0) FROM account WHERE kind = 'escrow' AND user_id = $1)
FROM hand_result WHERE user_id = $1 AND booked_at >= $2
"""


def used(told: int, expected_seconds: float) -> bool:
    """Compare a time at tables with what it should be; a test takes some time, too."""
    return expected_seconds * SECOND - 1 <= told <= (expected_seconds + 5) * SECOND


async def test_what_began_holds_and_what_waits_does_not(house: House) -> None:
    await limit(house, 0, "loss_day", 100)
    await limit(house, 0, "loss_week", 50, 500, waits="1 day")
    await limit(house, 0, "session_minutes", 7, waits="0 s")
    await limit(house, 0, "session_minutes", None, 7, waits="-1 s")
    found = await limits_of(house, 0)
    assert {period.value: amount for period, amount in found.losses.items()} == {"day": 100, "week": 500}
    assert found.session_ms is None
    assert await limits_of(house, 1) == Limits()
    assert await limits_of(house, 0, ProtectionSettings(loss_limits=False)) == Limits()


async def test_at_risk_is_the_loss_so_far_and_all_that_lies_at_tables(house: House) -> None:
    """The short way by buy-ins and cash-outs gives what the long way over all hands gives."""
    user, one, two = house.players[0], *house.tables
    for kind in ("loss_day", "loss_week", "loss_month"):
        await limit(house, 0, kind, 10**9)
    chance, seats = random.Random(7), dict.fromkeys((one, two), 0)
    last: dict[TableId, SettleHand] = {}
    for table in (one, two):
        await house.ask(hold(house.players[1], table, 1, 40_000))
    for step in range(16):
        table = chance.choice((one, two))
        if step == 8:
            await age(house, "40 days")
        if seats[table] == 0:
            await house.ask(hold(user, table, 0, 5_000))
            seats[table] = 5_000
        elif chance.random() < 0.3:
            await house.ask(leave(user, table, 0, seats[table]))
            seats[table] = 0
        else:
            net = chance.choice([-seats[table], -700, 900])
            hand = hand_of(table, [(user, 0, net), (house.players[1], 1, -net - 10)], last.get(table))
            await house.ask(hand)
            last[table], seats[table] = hand, seats[table] + net
        usage = await usage_of(house, 0)
        for period in Period:
            risk = usage.risks[period]
            begins = datetime.fromtimestamp(risk.begins_ms / 1000, UTC)
            assert risk.at_risk == await house.number(_RISK, user, begins), (step, period)
    assert sum(seats.values()) > 0


async def test_periods_are_those_of_the_house(house: House) -> None:
    for kind in ("loss_day", "loss_week", "loss_month"):
        await limit(house, 0, kind, 1)
    for name in ("Asia/Seoul", "America/New_York"):
        risks = (await usage_of(house, 0, ProtectionSettings(time_zone=name))).risks
        ends = [datetime.fromtimestamp(risks[period].ends_ms / 1000, ZoneInfo(name)) for period in Period]
        begins = [datetime.fromtimestamp(risks[period].begins_ms / 1000, ZoneInfo(name)) for period in Period]
        now = datetime.now(ZoneInfo(name))
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        assert begins == [
            midnight,
            midnight - timedelta(days=now.weekday()),
            midnight.replace(day=1),
        ]
        assert [end.replace(tzinfo=None) for end in ends[:2]] == [
            midnight.replace(tzinfo=None) + timedelta(days=1),
            midnight.replace(tzinfo=None) + timedelta(days=7 - now.weekday()),
        ]
        assert ends[2].day == 1


async def test_time_at_tables_is_that_with_money_and_counts_once(house: House) -> None:
    user, one, two = house.players[0], *house.tables
    zone = far_from_midnight()
    await limit(house, 0, "session_minutes", 1440)
    await house.seat(0, 1_000, 1_000)
    await age(house, "2 hours")
    hand = hand_of(one, [(user, 0, -1_000), (house.players[1], 1, 1_000)])  # now nothing is left
    await house.ask(hand)
    await age(house, "1 hour")
    await house.ask(hold(user, one, 0, 500))
    await age(house, "10 minutes")
    await house.ask(hold(user, two, 0, 700))  # two tables at once
    await age(house, "20 minutes")
    await house.ask(leave(user, one, 0, 500))
    sitting = (await usage_of(house, 0, zone)).sitting
    assert sitting is not None
    # 2 h, then 10 min at one, and 20 min at both; still at the other
    assert used(sitting.used_ms, 2.5 * 3600)
    await age(house, "5 minutes")
    await house.ask(leave(user, two, 0, 700))
    await age(house, "30 minutes")
    sitting = (await usage_of(house, 0, zone)).sitting
    assert sitting is not None
    assert used(sitting.used_ms, 2.5 * 3600 + 300)


async def test_a_sitting_over_midnight_counts_from_midnight(house: House) -> None:
    zone = far_from_midnight()
    await limit(house, 0, "session_minutes", 60)
    await house.seat(0, 1_000, 1_000)
    await age(house, "3 days")
    sitting = (await usage_of(house, 0, zone)).sitting
    assert sitting is not None
    midnight_ms = sitting.day_ends_ms - 24 * 3600 * SECOND
    assert sitting.idle_ms == midnight_ms
    again = (await usage_of(house, 0, zone)).sitting
    assert again is not None
    assert (again.idle_ms, again.now_ms > sitting.now_ms) == (sitting.idle_ms, True)


async def test_who_never_sat_has_used_nothing(house: House) -> None:
    await limit(house, 0, "session_minutes", 60)
    sitting = (await usage_of(house, 0, HERE)).sitting
    assert sitting is not None
    assert sitting.used_ms == 0


async def test_who_is_seated_with_terms(house: House) -> None:
    await house.seat(0, 1_000, 2_000)
    await limit(house, 0, "loss_day", 1)
    await limit(house, 2, "loss_day", 1)
    (one,) = await read_seated(house.database)
    assert (one.user_id, one.money, one.seats) == (house.players[0], 1_000, 1)
    assert not one.is_excluded
    assert not one.is_blocked
    await limit(house, 0, "loss_day", 5, 1, waits="0.2 s")
    (asked,) = await read_seated(house.database)
    assert asked.version != one.version
    await house.rows("SELECT pg_sleep(0.25)")
    (begun,) = await read_seated(house.database)
    assert begun.version not in (one.version, asked.version)

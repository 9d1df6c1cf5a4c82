"""What is shared is exact, and whatever else stands there is as good as nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cardroom.service.redis import Redis
from cardroom.wire import keys
from wallet_worker.rates.shelf import Look, Shelf, read_look, write_look
from wallet_worker.rules.prices import Price

AT = datetime(2026, 1, 1, 12, 30, 15, 123_000, tzinfo=UTC)
LOOK = Look(
    AT,
    {
        "BTC": (
            Price("coingecko", Decimal("142350000.000000000000000001"), AT - timedelta(seconds=9)),
            Price("upbit", Decimal("1E+8"), AT),
        ),
        "ETH": (),
    },
)


async def test_what_one_puts_the_others_read_for_a_minute(redis: Redis) -> None:
    one, other = Shelf(redis), Shelf(redis)
    assert await other.read() is None
    await one.put(LOOK)
    assert await other.read() == LOOK
    assert 0 < await redis.ttl(keys.rates()) <= 60
    await one.put(Look(AT))
    assert 0 < await redis.ttl(keys.rates()) <= 5


async def test_one_at_a_time_asks(redis: Redis) -> None:
    one, other = Shelf(redis), Shelf(redis)
    assert [await one.may_ask(), await other.may_ask(), await one.may_ask()] == [True, False, True]
    assert 0 < await redis.ttl(keys.rates_asked()) <= 10


def test_a_look_is_good_for_a_minute_and_an_empty_one_for_seconds() -> None:
    second = timedelta(seconds=1)
    assert LOOK.is_good(AT + 59 * second)
    assert not LOOK.is_good(AT + 60 * second)
    assert not LOOK.is_good(AT - 60 * second), "a clock that is ahead by so much is not believed"
    assert Look(AT).is_good(AT + 4 * second)
    assert not Look(AT).is_good(AT + 5 * second)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"\xff", b"{}", b'{"asked_at":1,"prices":[]}', b'{"asked_at":"x","prices":{}}',
        b'{"asked_at":1,"prices":{"BTC":[["upbit","-1",1]]}}',
        b'{"asked_at":1,"prices":{"BTC":[["upbit","x",1]]}}',
        b'{"asked_at":1,"prices":{"BTC":[["upbit",1.5]]}}', b'{"asked_at":1e300,"prices":{}}',
        b'{"asked_at":1,"prices":{"BTC":[["upbit","NaN",1]]}}',
        b'{"asked_at":99999999999999999999,"prices":{}}', b'{"asked_at":1,"prices":' + b"[" * 100_000,
        b'{"asked_at":1,"prices":{"BTC":[["upbit","1",60000002]]}}',
    ],
)  # fmt: skip
def test_what_is_none_of_ours_is_nothing(data: bytes) -> None:
    assert read_look(data) is None


def test_a_price_of_the_moment_after_asking_is_one() -> None:
    later = Look(AT, {"BTC": (Price("upbit", Decimal(1), AT + timedelta(seconds=60)),)})
    assert read_look(write_look(later)) == later


def test_a_look_is_read_as_it_was_written() -> None:
    assert read_look(write_look(LOOK)) == LOOK

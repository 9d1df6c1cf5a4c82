"""A term from its taking to its end, in the shard's row."""

import pytest
import trio

from tests.wallet_worker.house import LOG, House
from tests.wallet_worker.post import SETTINGS
from wallet_worker.ledger.term import Term
from wallet_worker.store.lock_shard import TermLost


def _term_of(house: House) -> Term:
    return Term(house.database, house.shard, SETTINGS, LOG)


async def test_a_term_is_taken_only_when_it_may_be_and_by_one(house: House) -> None:
    one, two = _term_of(house), _term_of(house)
    one.obey(may_take=False, gives_back=False)
    assert await one.hold("test") is None
    one.obey(may_take=True, gives_back=False)
    number = await one.hold("test")
    assert number == house.term + 1
    assert await one.hold("test") == number
    assert await two.hold("another") is None


async def test_what_is_given_back_is_free_at_once_and_not_taken_again_untold(house: House) -> None:
    one, two = _term_of(house), _term_of(house)
    await one.hold("test")
    one.obey(may_take=True, gives_back=True)
    assert await one.hold("test") is None
    assert await one.hold("test") is None
    assert await two.hold("another") is not None


async def test_a_heartbeat_is_written_three_times_in_a_term_however_often_there_is_time(house: House) -> None:
    one = _term_of(house)
    await one.hold("test")
    beats = set()
    for _ in range(30):
        await one.renew_in_time()
        beats.add(
            (await house.rows("SELECT term_heartbeat FROM shard WHERE id = $1", house.shard))[0][
                "term_heartbeat"
            ]
        )
        await trio.sleep(0.03)
    assert 1 < len(beats) <= 2 + 30 * 0.03 / (SETTINGS.term_seconds / 3) + 1


async def test_who_waits_begins_as_soon_as_it_may(house: House) -> None:
    one = _term_of(house)
    one.obey(may_take=False, gives_back=False)
    held = []

    async def wait() -> None:
        while (number := await one.hold("test")) is None:
            pass
        held.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.sleep(0.05)
        one.obey(may_take=True, gives_back=False)
        with trio.fail_after(5):
            while not held:  # noqa: ASYNC110
                await trio.sleep(0.01)


async def test_a_renewed_term_stays_and_an_ended_one_tells(house: House) -> None:
    one, two = _term_of(house), _term_of(house)
    await one.hold("test")
    await house.change(f"UPDATE shard SET term_heartbeat = now() - interval '9 s' WHERE id = {house.shard}")
    await one.renew()
    assert await two.hold("another") is None
    await house.change(f"UPDATE shard SET term_heartbeat = now() - interval '9 s' WHERE id = {house.shard}")
    assert await two.hold("another") is not None
    with pytest.raises(TermLost):
        await one.renew()
    await one.end()
    assert await two.hold("another") is not None, "the end of an old term ends no other"

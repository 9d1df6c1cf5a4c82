"""Who waits for company and who does not; on a real stream, and by the rule alone."""

from typing import Never

import pytest
import trio
from attrs import evolve

from cardroom.service.redis import Redis
from cardroom.wire.ledger import BuyInHeld, CommandBody, CommandRefused, HandSettled, SettleHand
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import COMMANDS, LOG, House, hand_of, hold, leave, open_by
from tests.wallet_worker.post import SETTINGS, Post
from wallet_worker.ledger import metrics
from wallet_worker.ledger.consumer import Consumer
from wallet_worker.ledger.entries import EntryReader
from wallet_worker.ledger.gathering import Gatherer, may_wait, players_of
from wallet_worker.ledger.stream import CommandStream

PATIENT = evolve(SETTINGS, gather_seconds=1.5)
NOBODY: frozenset[Never] = frozenset()
SOON = 0.9
"""Well before the patience ends, seconds."""


@pytest.fixture
def post(house: House, redis: Redis) -> Post:
    return Post(house, redis)


async def gatherer(post: Post) -> Gatherer:
    """Give one that has just read a batch, a hand that nobody played."""
    one = Gatherer(stream_of(post), PATIENT)
    await post.put(hand_of(post.house.tables[0], []))
    (entry,) = await one.read(trio.Event())
    await stream_of(post).finish([entry], [])
    return one


def stream_of(post: Post) -> CommandStream:
    return CommandStream(post.redis, post.house.shard, EntryReader(post.house.shard, COMMANDS))


def hand_at(house: House, table: int, before: SettleHand | None = None) -> SettleHand:
    one, two = house.players[:2]
    return hand_of(house.tables[table], [(one, 0, -10), (two, 1, 10)], before)


async def test_hands_of_different_tables_may_wait(house: House) -> None:
    hands = [house.entry(house.command(hand_at(house, table))) for table in (0, 1)]
    assert may_wait(hands, NOBODY, hands_of_a_table=2)
    assert not may_wait(hands[:1], NOBODY, hands_of_a_table=1)


async def test_a_table_that_stands_still_is_waited_for_by_nobody_else(house: House) -> None:
    first = hand_at(house, 0)
    hands = [house.entry(house.command(body)) for body in (first, hand_at(house, 0, first))]
    assert not may_wait(hands, NOBODY, hands_of_a_table=2)
    assert may_wait(hands, NOBODY, hands_of_a_table=3)


async def test_whatever_else_there_is_somebody_waits_for(house: House) -> None:
    hand, player = house.entry(house.command(hand_at(house, 0))), house.players[0]
    others: list[CommandBody] = [
        hold(player, house.tables[0], 0, 1000), leave(player, house.tables[0], 0, 1000), open_by(1)
    ]  # fmt: skip
    for body in others:
        assert not may_wait([hand, house.entry(house.command(body))], NOBODY, 2)
    assert not may_wait([hand, house.entry(b"\xc1garbage")], NOBODY, 2)
    assert may_wait([], NOBODY, 2)


async def test_who_has_just_played_may_top_up_later(house: House) -> None:
    hand = house.entry(house.command(hand_at(house, 0)))
    one, _, stranger = house.players[:3]
    top_up = house.entry(house.command(hold(one, house.tables[0], 0, 1000)))
    played = players_of([hand, top_up])
    assert may_wait([hand, top_up], played, 2)
    assert not may_wait(
        [top_up, house.entry(house.command(hold(stranger, house.tables[0], 3, 1)))], played, 2
    )
    assert not may_wait([house.entry(house.command(hold(one, house.tables[1], 0, 1)))], played, 2)


async def _read_beside(post: Post, *bodies: CommandBody) -> tuple[int, float]:
    """Read, and append one body after the other meanwhile; gives the entries and the seconds."""
    found: list[int] = []
    one, began = await gatherer(post), trio.current_time()

    async def read() -> None:
        found.append(len(await one.read(trio.Event())))

    await post.put(bodies[0])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        for body in bodies[1:]:
            await trio.sleep(0.1)
            await post.put(body)
    return found[0], trio.current_time() - began


async def test_who_is_paid_out_ends_the_wait_of_those_before(house: House, post: Post) -> None:
    leaving = leave(house.players[0], house.tables[0], 0, 1)
    count, seconds = await _read_beside(post, hand_at(house, 0), hand_at(house, 1), leaving)
    assert count == 3
    assert seconds < SOON


async def test_a_table_that_reaches_its_limit_ends_the_wait(house: House, post: Post) -> None:
    first = hand_at(house, 0)
    count, seconds = await _read_beside(post, first, hand_at(house, 1), hand_at(house, 0, first))
    assert count == 3
    assert seconds < SOON


async def test_hands_alone_are_served_when_the_time_is_over(house: House, post: Post) -> None:
    count, seconds = await _read_beside(post, hand_at(house, 0), hand_at(house, 1))
    assert count == 2
    assert seconds >= PATIENT.gather_seconds - 0.1


async def test_what_comes_after_a_silence_waits_for_nobody(house: House, post: Post) -> None:
    await post.put(hand_at(house, 0))
    began = trio.current_time()
    assert len(await Gatherer(stream_of(post), PATIENT).read(trio.Event())) == 1
    assert trio.current_time() - began < SOON


async def test_a_stop_ends_the_wait(house: House, post: Post) -> None:
    one, stopping = await gatherer(post), trio.Event()
    await post.put(hand_at(house, 0))
    stopping.set()
    began = trio.current_time()
    assert len(await one.read(stopping)) == 1
    assert trio.current_time() - began < SOON


async def test_a_hand_that_fails_is_tried_again_without_a_wait(house: House, post: Post) -> None:
    consumer = Consumer(house.tools, stream_of(post), house.shard, PATIENT, LOG)
    await post.put(hand_at(house, 0))  # nobody sits there
    began = trio.current_time()
    for _ in range(PATIENT.tries):
        await consumer.step("test")
    assert await post.replies() == [CommandRefused(Refusal.TABLE_HALTED)]
    assert trio.current_time() - began < SOON


async def test_hands_that_were_gathered_are_settled_in_one_transaction(house: House, post: Post) -> None:
    for table in (0, 1):
        await house.seat(table, 20_000, 20_000)
    consumer = Consumer(house.tools, stream_of(post), house.shard, evolve(PATIENT, gather_seconds=0.3), LOG)
    counters = (metrics.SETTLED_HANDS, metrics.SETTLING_BATCHES)
    before = [counter.labels(shard=house.shard)._value.get() for counter in counters]
    await post.put(hold(house.players[2], house.tables[0], 2, 20_000))
    await consumer.step("test")
    await post.put(hand_at(house, 0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(consumer.step, "test")
        await trio.sleep(0.05)
        await post.put(hand_at(house, 1))
    assert [type(reply) for reply in await post.replies()] == [BuyInHeld, HandSettled, HandSettled]
    after = [counter.labels(shard=house.shard)._value.get() for counter in counters]
    assert [new - old for new, old in zip(after, before, strict=True)] == [2, 1]
    await house.assert_sound()

"""Records of settled hands become rows: in order, once, whatever crashes and whatever a record holds."""

from collections.abc import Sequence

import pytest
import structlog
import trio

from cardroom.handrecord.events import list_events
from cardroom.handrecord.record import write_phh
from cardroom.ids import HandId, ShardId
from cardroom.service.postgres import Postgres, PostgresRefused
from cardroom.wire.ledger import HandSettled, SettleHand
from tests.cardroom.handrecord.test_events import WHOLE
from tests.wallet_worker.house import LOG, House, hand_of, open_house
from wallet_worker.ledger.unpacker import UNREADABLE, Unpacker
from wallet_worker.settings import HandEventSettings

RECORD = write_phh(WHOLE).encode()
EVENTS = list_events(RECORD)
SMALL = HandEventSettings(group_hands=2, groups=2, pause_seconds=0.01)


def unpacker_of(house: House, settings: HandEventSettings = SMALL) -> Unpacker:
    return Unpacker(house.database, [house.shard], settings, LOG)


async def settle(
    house: House, table: int, records: Sequence[bytes], before: SettleHand | None = None
) -> SettleHand:
    """Settle one hand after the other, each in a batch of its own."""
    for record in records:
        nets = [(house.players[0], 0, -10), (house.players[1], 1, 9)]
        before = hand_of(house.tables[table], nets, before, record=record)
        (reply,) = await house.ask(before)
        assert isinstance(reply, HandSettled)
    assert before is not None
    return before


async def events_of(house: House) -> dict[HandId, int]:
    rows = await house.rows("SELECT hand_id, count(*) AS events FROM hand_event GROUP BY hand_id")
    return {HandId(row["hand_id"]): row["events"] for row in rows}


async def test_every_event_is_a_row_beside_its_hand(house: House) -> None:
    await house.seat(0, 1000, 1000)
    hand = await settle(house, 0, [RECORD])
    assert await unpacker_of(house).catch_up(house.shard) == 1
    rows = await house.rows(
        "SELECT event.*, hand.booked_at AS hand_booked_at FROM hand_events AS event"
        " JOIN hand USING (hand_id, booked_at) ORDER BY seq_no"
    )
    assert [row["hand_id"] for row in rows] == [hand.hand_id] * len(EVENTS)
    assert [row["seq_no"] for row in rows] == list(range(1, len(EVENTS) + 1))
    told = [
        (
            row["street"],
            row["action"],
            row["seat"],
            row["user_id"],
            row["amount"],
            row["cards"],
            row["notation"],
        )
        for row in rows
    ]
    assert told == [
        (one.street.value, one.action, one.seat, one.user_id, one.amount, one.cards or None, one.notation)
        for one in EVENTS
    ]


async def test_hands_of_all_tables_are_unpacked_in_groups_and_only_once(house: House) -> None:
    for table in (0, 1):
        await house.seat(table, 1000, 1000)
    first = await settle(house, 0, [RECORD] * 3)
    await settle(house, 1, [RECORD] * 3)
    unpacker = unpacker_of(house)
    assert await unpacker.catch_up(house.shard) == 4, "two groups of two, then another shard's turn"
    assert len(await events_of(house)) == 4
    assert await unpacker.catch_up(house.shard) == 2
    assert await unpacker.catch_up(house.shard) == 0
    await settle(house, 0, [RECORD], first)
    assert await unpacker.catch_up(house.shard) == 1
    assert set((await events_of(house)).values()) == {len(EVENTS)}
    assert len(await events_of(house)) == 7


async def test_many_hands_of_one_batch_are_cut_into_groups(house: House) -> None:
    await house.seat(0, 1000, 1000)
    nets = [(house.players[0], 0, -10), (house.players[1], 1, 9)]
    hands = [hand_of(house.tables[0], nets, record=RECORD)]
    for _ in range(4):
        hands.append(hand_of(house.tables[0], nets, hands[-1], record=RECORD))
    await house.ask(*hands)
    assert await house.number("SELECT count(DISTINCT batch) FROM transfer WHERE kind = 'hand'") == 1
    unpacker = unpacker_of(house)
    assert [await unpacker.unpack_group(house.shard) for _ in range(4)] == [2, 2, 1, 0]
    assert len(await events_of(house)) == 5


@pytest.mark.parametrize(
    "bad",
    [
        b"record",
        b"\xff",
        b"",
        RECORD[:-40],
        RECORD.replace(b"p1 f", b"p9 f"),
        RECORD.replace(b"d dh p1", b"d dx p1"),
    ],
)
async def test_a_record_that_cannot_be_read_is_said_counted_and_passed_over(house: House, bad: bytes) -> None:
    await house.seat(0, 1000, 1000)
    last = await settle(house, 0, [RECORD, bad, RECORD])
    before = UNREADABLE.labels(shard=house.shard)._value.get()
    log = structlog.get_logger()
    with structlog.testing.capture_logs() as lines:
        unpacker = Unpacker(house.database, [house.shard], SMALL, log)
        assert await unpacker.catch_up(house.shard) == 3
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("hand_events.unreadable", "error")
    assert line["hand_id"] == str(last.previous_hand_id)
    assert UNREADABLE.labels(shard=house.shard)._value.get() == before + 1
    assert len(await events_of(house)) == 2
    assert "AsKs" not in str(lines)
    assert line["reason"]


async def test_a_record_that_was_put_away_is_no_fault(house: House) -> None:
    await house.seat(0, 1000, 1000)
    await settle(house, 0, [RECORD, RECORD])
    await house.change("UPDATE hand SET record = NULL WHERE hand_no = 1")
    with structlog.testing.capture_logs() as lines:
        assert await unpacker_of(house).catch_up(house.shard) == 2
    assert lines == []
    assert len(await events_of(house)) == 1


async def test_a_crash_between_rows_and_progress_leaves_neither(house: House) -> None:
    await house.seat(0, 1000, 1000)
    await settle(house, 0, [RECORD] * 3)
    await house.change(
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'crash'; END $$",
        "CREATE TRIGGER crash BEFORE UPDATE ON hand_event_progress FOR EACH ROW EXECUTE FUNCTION crash()",
    )
    with pytest.raises(PostgresRefused):
        await unpacker_of(house).catch_up(house.shard)
    assert await events_of(house) == {}
    await house.change("DROP TRIGGER crash ON hand_event_progress")
    assert await unpacker_of(house).catch_up(house.shard) == 3
    assert len(await events_of(house)) == 3


async def test_of_two_workers_one_unpacks_and_the_other_does_not_wait(house: House) -> None:
    await house.seat(0, 1000, 1000)
    await settle(house, 0, [RECORD] * 3)
    unpacker = unpacker_of(house)
    await unpacker.unpack_group(house.shard)
    async with house.owner.transaction() as other:
        await other.execute("SELECT FROM hand_event_progress FOR UPDATE")
        with trio.fail_after(2):
            assert await unpacker.catch_up(house.shard) == 0
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(unpacker_of(house).catch_up, house.shard)
    while await unpacker.catch_up(house.shard):
        pass
    assert len(await events_of(house)) == 3


async def test_each_shard_has_its_own_order(house: House, database: Postgres, owner: Postgres) -> None:
    other = await open_house(database, owner, ShardId(house.shard + 1), house.players)
    for one in (house, other):
        await one.seat(0, 1000, 1000)
        await settle(one, 0, [RECORD] * 2)
    unpacker = Unpacker(database, [house.shard, other.shard], SMALL, LOG)
    with trio.move_on_after(5) as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(unpacker.run)
            while len(await events_of(house)) < 4:
                pass
            nursery.cancel_scope.cancel()
    assert not scope.cancelled_caught


async def test_nothing_is_asked_while_the_chain_ends_where_it_did(house: House) -> None:
    await house.seat(0, 1000, 1000)
    head = 1
    unpacker = Unpacker(house.database, [house.shard], SMALL, LOG, lambda _: head)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(unpacker.run)
        await trio.sleep(0.2)
        await settle(house, 0, [RECORD])
        await trio.sleep(0.2)
        assert await events_of(house) == {}, "the chain is said to end where it did"
        head = 2
        with trio.fail_after(5):
            while not await events_of(house):
                pass
        nursery.cancel_scope.cancel()


async def test_a_database_that_refuses_does_not_end_it(house: House) -> None:
    await house.seat(0, 1000, 1000)
    await settle(house, 0, [RECORD])
    await house.change("REVOKE INSERT ON hand_event FROM holdem_wallet")
    unpacker = unpacker_of(house)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(unpacker.run)
        await trio.sleep(0.1)
        assert await events_of(house) == {}
        await house.change("GRANT INSERT ON hand_event TO holdem_wallet")
        with trio.fail_after(5):
            while not await events_of(house):
                pass
        nursery.cancel_scope.cancel()

"""Orders about tables of a shard that is played here, through a real Valkey; the ledger is in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import attrs
import pytest
import trio
from attrs import define, frozen

from cardroom.ids import CommandId, SeatIndex, ShardId, TableId, UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.wire import keys
from cardroom.wire import table as wire
from cardroom.wire.ledger import LedgerTable
from cardroom.wire.orders import (
    AnnounceTable,
    CloseTable,
    MakeTable,
    OrderBody,
    OrderDone,
    OrderOutcome,
    OrderRefused,
    PauseTable,
    ResumeTable,
    TableOrder,
    order_answer_codec,
    order_codec,
)
from cardroom.wire.presence import LobbyState
from cardroom.wire.refusals import Refusal
from node.shards.orders import OrderDesk, OrderedShard
from node.shards.served_tables import ServedTables
from tests.node.shards.test_supervisor import STAKES, Held, held, table
from tests.node.tables.house import BUY_IN, LOG, TABLE, Guest, until

MAKE = MakeTable("Extra 1", "low", 6, False, "Main", True)
EMPTY = attrs.evolve(table(), escrow=())


def new_id() -> CommandId:
    return CommandId(uuid4())


@define
class Room:
    """A shard that is played, and the desk that takes the orders."""

    here: Held
    desk: OrderDesk

    async def order(self, body: OrderBody, id_: CommandId | None = None, **changes: Any) -> OrderOutcome:
        """Give an order as a router does; gives the outcome."""
        order = TableOrder(id_ or new_id(), self.here.shard.shard, "kim", "it is late", body)
        order = attrs.evolve(order, **changes)
        self.desk.take(order_codec().encode(order))
        found = await self.here.redis.blpop([keys.order_answer(order.id)], timeout=10.0)
        assert found is not None
        answer = order_answer_codec().decode(found[1])
        assert answer.id == order.id
        return answer.outcome

    async def served(self) -> ServedTables:
        await self.here.until(is_open=True)
        served = self.here.shard.served
        assert served is not None
        return served

    async def hand_is_dealt(self) -> list[Guest]:
        """Let the two who sit there play; gives them, whose turn it is first."""
        guests = [self.here.watch(user) for user in (1, 2)]
        for guest in guests:
            self.here.come_back(guest)
        await until(lambda: bool(guests[1].all(wire.TurnBegan)))
        seat = guests[0].last(wire.TurnBegan).turn.seat
        return sorted(guests, key=lambda guest: int(guest.user_id) != int(seat))

    async def journal(self) -> int:
        return int(await self.here.redis.exists([keys.journal(self.here.shard.shard, TABLE)]))


@asynccontextmanager
async def room(valkey: EmbeddedValkey, *told: LedgerTable) -> AsyncIterator[Room]:
    async with held(valkey, *told) as here, trio.open_nursery() as nursery:
        desk = OrderDesk([here.shard], STAKES, here.redis, LOG)
        nursery.start_soon(desk.run)
        found = Room(here, desk)
        await found.served()
        yield found
        nursery.cancel_scope.cancel()


async def test_a_table_that_is_made_is_open_when_that_is_answered(valkey: EmbeddedValkey) -> None:
    async with room(valkey, table()) as one:
        id_ = new_id()
        made = await one.order(attrs.evolve(MAKE, is_private=True), id_)
        assert isinstance(made, OrderDone)
        assert made.invitation == "ABCDEFGH23"
        entry = one.here.directory.find(made.table_id)
        assert entry is not None
        told = entry.summary
        assert (told.name, told.is_extra, told.is_private) == ("Extra 1", True, True)
        guest = one.here.watch(9, made.invitation, made.table_id)
        await until(lambda: bool(guest.all(wire.Snapshot)))
        again = Room(one.here, OrderDesk([one.here.shard], STAKES, one.here.redis, LOG))
        for room_of in (one, again):  # the second desk knows nothing of the first: the ledger does
            async with trio.open_nursery() as nursery:
                nursery.start_soon(again.desk.run)
                assert await room_of.order(attrs.evolve(MAKE, is_private=True), id_) == made
                nursery.cancel_scope.cancel()
        assert one.here.directory.find(made.table_id) is entry
        assert guest.kicked is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stake": "lost"}, Refusal.NO_SUCH_STAKE),
        ({"seat_count": 9}, Refusal.NO_SUCH_STAKE),
        ({"name": "Seoul"}, Refusal.NAME_TAKEN),
        ({"name": ""}, Refusal.MALFORMED),
        ({"room": "x" * 65}, Refusal.MALFORMED),
    ],
)
async def test_a_table_that_cannot_be_is_refused(
    valkey: EmbeddedValkey, changes: dict[str, str], code: Refusal
) -> None:
    async with room(valkey, table()) as one:
        refused = await one.order(attrs.evolve(MAKE, **changes))  # type: ignore[arg-type]
        assert refused == OrderRefused(code)
        assert len(one.here.directory) == 1


@pytest.mark.parametrize("change", [{"by": ""}, {"by": "x" * 65}, {"reason": ""}, {"reason": "a\0b"}])
async def test_an_order_needs_who_and_why(valkey: EmbeddedValkey, change: dict[str, Any]) -> None:
    async with room(valkey, table()) as one:
        assert await one.order(PauseTable(TABLE), **change) == OrderRefused(Refusal.MALFORMED)
        assert not one.here.table().holding.is_on


async def test_only_the_owner_of_the_shard_obeys(valkey: EmbeddedValkey) -> None:
    async with room(valkey, table()) as one:
        id_, wrong = new_id(), OrderRefused(Refusal.WRONG_OWNER)
        assert await one.order(PauseTable(TABLE), id_, shard=ShardId(4)) == wrong
        one.here.shard.is_open = False
        assert await one.order(PauseTable(TABLE), id_) == wrong
        one.here.shard.is_open = True
        assert await one.order(PauseTable(TABLE), id_) == OrderDone(TABLE), "that was for then, not for ever"


async def test_a_pause_outlives_its_owner_and_an_old_order_does_not_end_what_came_after_it(
    valkey: EmbeddedValkey,
) -> None:
    async with room(valkey, table()) as one:
        first, done = new_id(), OrderDone(TABLE)
        assert await one.order(PauseTable(TABLE), first) == done
        await until(lambda: one.here.table().entry.summary.state is LobbyState.PAUSED)
        await one.here.redis.hset(keys.lease(one.here.shard.shard), {"node": "node-2", "boot": "other"})
        await one.here.until(is_open=False)
        await one.here.redis.delete([keys.lease(one.here.shard.shard)])
        await one.here.until(is_open=True)
        guest = one.here.watch(1)
        await until(lambda: bool(guest.all(wire.TableHeld)))
        assert await one.order(ResumeTable(TABLE)) == done
        await until(lambda: guest.last(wire.TableHeld).reasons == ())
        one.desk._done.clear()  # as another start of a node has it
        assert await one.order(PauseTable(TABLE), first) == done
        assert await one.order(AnnounceTable(TABLE, "on we go")) == done
        assert guest.last(wire.TableHeld).reasons == ()


async def test_a_closed_table_is_played_out_paid_out_and_gone(valkey: EmbeddedValkey) -> None:
    async with room(valkey, table()) as one:
        actor, other = await one.hand_is_dealt()
        assert await one.order(CloseTable(TABLE, only_if_empty=False)) == OrderDone(TABLE)
        await until(lambda: one.here.table().holding.is_closing)
        assert not actor.all(wire.SeatLeft), "the hand is played out first"
        for again in (PauseTable(TABLE), ResumeTable(TABLE)):
            assert await one.order(again) == OrderRefused(Refusal.TABLE_CLOSING)
        actor.leave()
        await until(lambda: actor.kicked is not None)
        assert {actor.kicked, other.kicked} == {wire.CloseCode.TABLE_CLOSED}
        assert {left.reason for left in other.all(wire.SeatLeft)} == {
            wire.LeaveReason.LEFT, wire.LeaveReason.TABLE_CLOSED}  # fmt: skip
        ledger = one.here.worker.ledger
        await until(lambda: not ledger.tables)
        assert ledger.escrow == {}
        assert sum(ledger.wallets.values()) + ledger.rake == 2 * BUY_IN
        assert len(one.here.directory) == len(one.here.shard.tables) == 0
        assert await one.journal() == 0
        assert await one.order(PauseTable(TABLE)) == OrderRefused(Refusal.NO_SUCH_TABLE)
        assert await one.order(MAKE) != OrderRefused(Refusal.WRONG_OWNER), "the shard goes on"


@pytest.mark.parametrize("is_dealt", [True, False])
async def test_who_has_the_shard_next_goes_on_closing(valkey: EmbeddedValkey, is_dealt: bool) -> None:
    async with room(valkey, table()) as one:
        if is_dealt:
            await one.hand_is_dealt()
        one.here.worker.ledger.tables[TABLE] = attrs.evolve(table(), is_closing=True, switch_no=1)
        await one.here.redis.hset(keys.lease(one.here.shard.shard), {"node": "node-2", "boot": "other"})
        await one.here.until(is_open=False)
        await one.here.redis.delete([keys.lease(one.here.shard.shard)])
        await one.here.until(is_open=True)
        if is_dealt:
            player = one.here.watch(1)
            await until(lambda: bool(player.all(wire.Snapshot)))
            player.leave()
        await until(lambda: not one.here.worker.ledger.tables)
        assert one.here.worker.ledger.escrow == {}
        assert await one.journal() == 0


async def test_money_that_only_the_ledger_knows_of_keeps_a_table_from_being_closed(
    valkey: EmbeddedValkey,
) -> None:
    async with room(valkey, EMPTY) as one:
        (await one.served()).refused_seconds = 0.05
        ledger = one.here.worker.ledger
        ledger.escrow[TABLE, SeatIndex(4)] = (UserId(7), Krw(500))
        assert await one.order(CloseTable(TABLE, only_if_empty=False)) == OrderDone(TABLE)
        await until(lambda: not ledger.tables)
        assert ledger.wallets[UserId(7)] == 500


async def test_a_table_is_closed_only_if_it_is_empty(valkey: EmbeddedValkey) -> None:
    async with room(valkey, table()) as one:
        close, id_ = CloseTable(TABLE, only_if_empty=True), new_id()
        assert await one.order(close, id_) == OrderRefused(Refusal.TABLE_NOT_EMPTY)
        players = [one.here.watch(user) for user in (1, 2)]
        for player in players:
            player.leave()
        await until(lambda: not one.here.table().seats.holders)
        assert await one.order(close, id_) == OrderRefused(Refusal.TABLE_NOT_EMPTY), "as it was answered"
        closing = new_id()
        assert await one.order(close, closing) == OrderDone(TABLE)
        await until(lambda: not one.here.worker.ledger.tables)
        one.desk._done.clear()  # as another start of a node has it
        assert await one.order(close, closing) == OrderDone(TABLE), "the ledger knows that it was this order"
        assert await one.order(close) == OrderRefused(Refusal.NO_SUCH_TABLE)


async def test_a_table_that_was_not_closed_takes_players_again(
    valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room(valkey, EMPTY) as one:
        close, holding = CloseTable(TABLE, only_if_empty=True), one.here.table().holding
        with monkeypatch.context() as hurried:
            hurried.setattr("node.shards.orders._TABLE_SECONDS", 0.0)
            assert await one.order(close) == OrderRefused(Refusal.TABLE_UNAVAILABLE)
        await until(lambda: not holding.is_kept_empty)
        one.here.worker.ledger.refuses = Refusal.COMMAND_TOO_OLD
        assert await one.order(close) == OrderRefused(Refusal.COMMAND_TOO_OLD)
        await until(lambda: not holding.is_kept_empty)


async def test_extra_tables_do_not_pile_up_while_the_ledger_does_not_answer(
    valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.shards.orders._ORDER_SECONDS", 0.05)
    async with room(valkey, table()) as one:
        one.here.worker.is_deaf = True
        for number in range(12):
            order = TableOrder(
                new_id(), one.here.shard.shard, "kim", "why", attrs.evolve(MAKE, name=f"E {number}")
            )
            one.desk.take(order_codec().encode(order))
        await until(lambda: one.here.worker.unread >= 4 and not one.desk._under_way)
        monkeypatch.undo()
        assert await one.order(MAKE) == OrderRefused(Refusal.BUSY)
        one.here.worker.is_deaf = False
        ledger = (await one.served()).ledger
        await until(lambda: not ledger.unanswered)
        assert len(one.here.worker.ledger.tables) <= 1 + 4


async def test_an_announcement_is_told_once(valkey: EmbeddedValkey) -> None:
    async with room(valkey, table()) as one:
        guest, id_ = one.here.watch(1), new_id()
        await until(lambda: bool(guest.all(wire.Snapshot)))
        for _ in range(2):
            assert await one.order(AnnounceTable(TABLE, "Back at ten."), id_) == OrderDone(TABLE)
        assert [event.text for event in guest.all(wire.Announced)] == ["Back at ten."]
        refused = await one.order(AnnounceTable(TABLE, "  "))
        assert refused == OrderRefused(Refusal.TEXT_NOT_ALLOWED)
        refused = await one.order(AnnounceTable(TableId(77), "Back at ten."))
        assert refused == OrderRefused(Refusal.NO_SUCH_TABLE)


async def test_an_order_that_comes_again_before_it_is_answered_is_answered_twice(
    valkey: EmbeddedValkey,
) -> None:
    async with room(valkey, table()) as one:
        one.here.worker.is_deaf = True
        id_ = new_id()
        order = order_codec().encode(TableOrder(id_, one.here.shard.shard, "kim", "it is late", MAKE))
        one.desk.take(b"\xc1")
        one.desk.take(order)
        await until(lambda: one.here.worker.unread > 0)
        one.desk.take(order)
        one.here.worker.is_deaf = False
        for _ in range(2):
            assert await one.here.redis.blpop([keys.order_answer(id_)], timeout=10.0) is not None
        for _ in range(20):  # whoever asks again as soon as there is an answer is answered, too
            assert isinstance(await one.order(MAKE, id_), OrderDone)
        assert len(one.here.worker.ledger.tables) == 2


@frozen
class NoShard:
    """A shard that orders go to and that is played elsewhere."""

    shard: ShardId
    served: ServedTables | None = None


async def test_what_cannot_be_read_or_is_too_much_is_left(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table()) as here:
        shards: list[OrderedShard] = [NoShard(ShardId(0))]
        desk = OrderDesk(shards, STAKES, here.redis, LOG)
        ids = [new_id() for _ in range(40)]
        for id_ in ids:
            desk.take(order_codec().encode(TableOrder(id_, ShardId(0), "kim", "why", PauseTable(TABLE))))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(desk.run)
            for id_ in ids[:32]:
                assert await here.redis.blpop([keys.order_answer(id_)], timeout=10.0) is not None
            nursery.cancel_scope.cancel()
        assert await here.redis.exists([keys.order_answer(id_) for id_ in ids[32:]]) == 0

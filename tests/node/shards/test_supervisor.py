"""A shard from its opening to its loss, through a real Valkey; the test is the wallet worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from uuid import uuid4

import attrs
import pytest
import trio
from attrs import define, field

from cardroom.ids import BootNonce, CommandId, Epoch, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.service.redis import Redis, open_redis
from cardroom.wire import keys
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.ledger import (
    LedgerReply,
    LedgerTable,
    OpenShard,
    SeatEscrow,
    SettleHand,
    ShardOpened,
    StaleEpoch,
    TableReleased,
    command_codec,
    reply_codec,
)
from cardroom.wire.player import SitIn
from cardroom.wire.presence import read_lease
from cardroom.wire.refusals import Refusal
from node.sessions.fanout import Fanout, Framer
from node.settings import (
    JournalSettings,
    LeaseSettings,
    LedgerSettings,
    StakesFile,
    StopSettings,
    TableLimits,
)
from node.shards.claim import is_free
from node.shards.lease import NodeIdentity
from node.shards.opening import TableMaker
from node.shards.store import RedisShardStore
from node.shards.supervisor import Shard, ShardServices
from node.tables.commands import Ask, Watch
from node.tables.deck import shuffled_deck
from node.tables.directory import Directory
from node.tables.table import Table
from tests.fakes.ledger import LedgerInMemory
from tests.node.tables.house import BUY_IN, LOG, SEAL, STAKE, TABLE, Guest, until

SHARDS = count(5000)
IDENTITY = NodeIdentity(NodeId("node-1"), BootNonce("c" * 32))
ESCROW = tuple(SeatEscrow(UserId(user), f"player-{user}", SeatIndex(user), BUY_IN) for user in (1, 2))


@define
class Worker:
    """Answers the shard's stream as the ledger does; epochs count from 41."""

    redis: Redis
    shard: ShardId
    tables: tuple[LedgerTable, ...]
    ledger: LedgerInMemory
    epoch: int = 41
    opened: list[Epoch] = field(factory=list)
    is_deaf: bool = False
    loses_hands: bool = False
    unread: int = 0

    async def run(self) -> None:
        while True:
            self.unread = await self.redis.xlen(keys.commands(self.shard))
            for entry in () if self.is_deaf else await self.redis.xrange(keys.commands(self.shard)):
                command = command_codec().decode(entry.field_values[keys.COMMAND_FIELD])
                if self.loses_hands and isinstance(command.body, SettleHand):
                    await self.redis.xdel(keys.commands(self.shard), [entry.identifier])
                    continue
                if isinstance(command.body, OpenShard):
                    body = self._open(command.body)
                else:
                    replies: list[object] = []
                    self.ledger.submit(command.body, replies.append, command.id)
                    body = replies[0]  # type: ignore[assignment]
                reply = reply_codec().encode(LedgerReply(command.id, body))
                await self.redis.rpush(keys.replies(self.shard, command.boot), [reply])
                await self.redis.xdel(keys.commands(self.shard), [entry.identifier])
            await trio.sleep(0.01)

    def _open(self, body: OpenShard) -> ShardOpened | StaleEpoch:
        if body.from_epoch != self.epoch:
            return StaleEpoch(Epoch(self.epoch))
        self.epoch += 1
        self.opened.append(Epoch(self.epoch))
        tables = [self.ledger.tables.get(one.table_id) for one in self.tables]
        return ShardOpened(Epoch(self.epoch), tuple(one for one in tables if one is not None))

    async def release(self, release: int, table_id: TableId = TABLE) -> None:
        """Tell the owner that a table's letters are resolved."""
        self.ledger.released.add(table_id)
        told = reply_codec().encode(LedgerReply(CommandId(uuid4()), TableReleased(table_id, release)))
        await self.redis.rpush(keys.replies(self.shard, IDENTITY.boot), [told])


@define
class Held:
    """A shard that runs."""

    shard: Shard
    worker: Worker
    redis: Redis
    directory: Directory

    async def until(self, is_open: bool) -> None:
        await until(lambda: self.shard.is_open is is_open)

    def watch(self, user: int, invitation: str = "", table_id: TableId = TABLE) -> Guest:
        guest = Guest(UserId(user), self.table(table_id))
        guest.table.entry.inbox.deliver(Watch(guest, invitation=invitation))
        return guest

    def table(self, table_id: TableId = TABLE) -> Table:
        return next(one for one in self.shard.tables if one.seats.game.table_id == table_id)

    def come_back(self, guest: Guest) -> None:
        request = SitIn(guest.next_id(), guest.table.seats.game.table_id, posts_blind=True)
        assert guest.table.entry.inbox.offer(Ask(guest, request, trio.current_time()))


def table(
    *, stake: str = "low", seats: int = 6, is_halted: bool = False, invitation: str = ""
) -> LedgerTable:
    return LedgerTable(TABLE, "Seoul", stake, seats, is_halted, None, 0, ESCROW, invitation, ())


STAKES = StakesFile({"low": attrs.evolve(STAKE, sizes=("six_max",))}, sizes={"six_max": 6})


@asynccontextmanager
async def held(valkey: EmbeddedValkey, *told: LedgerTable) -> AsyncIterator[Held]:
    number = ShardId(next(SHARDS))
    limits = TableLimits(between_hands_seconds=0.05)
    maker = TableMaker(STAKES, limits, Fanout({one: Framer(one) for one in Encoding}), LOG)
    lying = {(table.table_id, one.seat): (one.user_id, one.amount) for table in told for one in table.escrow}
    ledger = LedgerInMemory({}, lying, tables={table.table_id: table for table in told})
    async with open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        directory = Directory()
        services = ShardServices(
            IDENTITY, lambda shard: RedisShardStore(shard, IDENTITY, redis, 30), directory, maker, SEAL,
            shuffled_deck, LeaseSettings(0.05, 30), JournalSettings(),
            LedgerSettings(poll_seconds=1.0, resend_seconds=0.2), StopSettings(), LOG,
        )  # fmt: skip
        shard, worker = Shard(number, services), Worker(redis, number, told, ledger)
        nursery.start_soon(worker.run)
        nursery.start_soon(shard.run)
        yield Held(shard, worker, redis, directory)
        nursery.cancel_scope.cancel()


async def heard(guest: Guest, kind: type[wire.TableMessage]) -> None:
    await until(lambda: bool(guest.all(kind)))


async def test_opening_finds_the_epoch_and_seats_escrow_sitting_out(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table()) as here:
        await here.until(is_open=True)
        assert here.worker.opened == [42]
        guest = here.watch(1)
        await heard(guest, wire.Snapshot)
        seats = guest.last(wire.Snapshot).seats
        assert {(one.user_id, one.stack, one.status) for one in seats} == {
            (one.user_id, one.amount, wire.SeatStatus.SITTING_OUT) for one in ESCROW
        }


async def test_a_private_table_opens_for_its_seats_and_its_code_only(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table(invitation="ABCDEFGH23")) as here:
        await here.until(is_open=True)
        stranger, holder, friend = here.watch(3), here.watch(1), here.watch(4, "ABCDEFGH23")
        await heard(friend, wire.Snapshot)
        assert [bool(one.all(wire.Snapshot)) for one in (stranger, holder, friend)] == [False, True, True]
        assert stranger.heard == [wire.Refused(None, Refusal.INVITATION_NEEDED)]
        assert stranger.kicked is wire.CloseCode.NOT_AUTHENTICATED
        assert here.directory.find(TABLE).summary.is_private  # type: ignore[union-attr]


async def test_a_halted_table_deals_no_hand(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table(is_halted=True)) as here:
        await here.until(is_open=True)
        guests = [here.watch(user) for user in (1, 2)]
        for guest in guests:
            here.come_back(guest)
        await heard(guests[1], wire.Done)
        assert guests[0].last(wire.Snapshot).state is wire.TableState.HALTED
        assert guests[0].table.seats.is_halted


@pytest.mark.parametrize("told", [table(stake="lost"), table(seats=9)], ids=["stake", "size"])
async def test_a_table_that_is_not_on_offer_stays_closed_and_keeps_no_other(
    valkey: EmbeddedValkey, told: LedgerTable
) -> None:
    async with held(valkey, told) as here:
        await here.until(is_open=True)
        assert len(here.directory) == 0
        assert len(here.worker.opened) == 1


async def _playing(here: Held) -> list[Guest]:
    await here.until(is_open=True)
    guests = [here.watch(user) for user in (1, 2)]
    for guest in guests:
        here.come_back(guest)
    await heard(guests[0], wire.TurnBegan)
    return guests


async def test_a_lost_shard_voids_its_hands_kicks_and_is_opened_again(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table()) as here:
        guests = await _playing(here)
        late = here.watch(3)  # its arrival may be unread when the shard is lost
        await here.redis.hset(keys.lease(here.shard.shard), {"node": "node-2", "boot": "other"})
        await here.until(is_open=False)
        assert {one.kicked for one in (*guests, late)} == {wire.CloseCode.RESTART}
        assert len(here.directory) == 0
        assert here.worker.ledger.settled == []
        await here.redis.delete([keys.lease(here.shard.shard)])
        await here.until(is_open=True)
        assert here.worker.opened == [42, 43]
        assert {holder.escrow for holder in here.shard.tables[0].seats.holders.values()} == {BUY_IN}


async def test_draining_ends_the_hand_settles_and_leaves_the_shard_free(
    valkey: EmbeddedValkey,
) -> None:
    async with held(valkey, table()) as here:
        guests = await _playing(here)
        here.shard.drain()
        seat = guests[0].last(wire.TurnBegan).turn.seat
        actor = guests[0] if guests[0].table.seats.holders[seat].user_id == 1 else guests[1]
        actor.leave()
        await here.until(is_open=False)
        with trio.fail_after(8):
            while True:
                lease = read_lease(dict(await here.redis.hgetall(keys.lease(here.shard.shard))))
                if lease is not None and is_free(lease):
                    break
                await trio.sleep(0.01)
        (hand,) = here.worker.ledger.settled
        assert isinstance(hand, SettleHand)
        assert sum(result.net for result in hand.results) == -hand.rake == Krw(0)
        assert {one.kicked for one in guests} == {wire.CloseCode.RESTART}


OTHER = TableId(2)
OTHER_ESCROW = tuple(SeatEscrow(UserId(user), f"player-{user}", SeatIndex(user), BUY_IN) for user in (3, 4))


def another() -> LedgerTable:
    return attrs.evolve(table(), table_id=OTHER, name="Busan", escrow=OTHER_ESCROW)


async def test_a_released_table_begins_anew_and_another_plays_on(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table(is_halted=True), another()) as here:
        await here.until(is_open=True)
        sitting, neighbours = here.watch(1), [here.watch(user, table_id=OTHER) for user in (3, 4)]
        for guest in neighbours:
            here.come_back(guest)
        await heard(neighbours[0], wire.TurnBegan)
        await heard(sitting, wire.Snapshot)
        beside = here.table(OTHER)
        del here.worker.ledger.escrow[TABLE, SeatIndex(2)]  # somebody has paid the second player out
        await here.worker.release(1)
        await until(lambda: sitting.kicked is not None)
        assert sitting.kicked is wire.CloseCode.RESTART
        assert not here.table().seats.is_halted
        assert {(one.user_id, one.escrow) for one in here.table().seats.holders.values()} == {(1, BUY_IN)}
        entry = here.directory.find(TABLE)
        assert entry is here.table().entry
        assert entry.run != sitting.table.entry.run
        assert here.table(OTHER) is beside
        assert [guest.kicked for guest in neighbours] == [None, None]
        assert not neighbours[0].all(wire.HandVoided)
        returned = here.watch(1)
        await heard(returned, wire.Snapshot)
        assert returned.last(wire.Snapshot).state is wire.TableState.WAITING_FOR_PLAYERS


async def test_who_is_told_twice_begins_anew_once_and_a_later_release_counts(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table(is_halted=True)) as here:
        await here.until(is_open=True)
        first = here.table()
        await here.worker.release(5)
        await until(lambda: here.table() is not first)
        second, guest = here.table(), here.watch(1)
        for release in (5, 4):
            await here.worker.release(release)
        await trio.sleep(0.3)  # many times what a new beginning takes
        assert here.table() is second
        assert guest.kicked is None
        await here.worker.release(6)
        await until(lambda: here.table() is not second)
        assert guest.kicked is wire.CloseCode.RESTART


async def test_what_the_old_table_had_asked_is_decided_before_and_never_sent_again(
    valkey: EmbeddedValkey,
) -> None:
    async with held(valkey, table()) as here:
        guests = await _playing(here)
        here.worker.ledger.refuses = Refusal.TABLE_HALTED  # as after a dead letter
        seat = guests[0].last(wire.TurnBegan).turn.seat
        actor = next(one for one in guests if here.table().seats.holders[seat].user_id == one.user_id)
        actor.leave()
        await until(lambda: here.table().seats.is_halted)
        here.worker.ledger.refuses = None
        await here.worker.release(1)
        await until(lambda: not here.table().seats.is_halted)
        assert here.worker.ledger.settled == []
        assert {one.escrow for one in here.table().seats.holders.values()} == {BUY_IN}
        again = [here.watch(user) for user in (1, 2)]
        for guest in again:
            here.come_back(guest)
        await heard(again[0], wire.TurnBegan)


async def test_a_hand_that_the_old_table_waits_for_is_not_settled_behind_the_new_one_s_back(
    valkey: EmbeddedValkey,
) -> None:
    async with held(valkey, table()) as here:
        guests = await _playing(here)
        here.worker.loses_hands = True
        seat = guests[0].last(wire.TurnBegan).turn.seat
        actor = next(one for one in guests if here.table().seats.holders[seat].user_id == one.user_id)
        actor.leave()
        old = here.table()
        await until(lambda: len(old.seats.settlements) == 1)
        await here.worker.release(1)
        await until(lambda: here.table() is not old)
        here.worker.loses_hands = False
        await trio.sleep(0.7)  # three times the age at which it would be sent again
        assert here.worker.ledger.settled == []
        assert {one.escrow for one in here.table().seats.holders.values()} == {BUY_IN}


async def test_a_released_table_that_is_gone_leaves_the_node(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table(is_halted=True), another()) as here:
        await here.until(is_open=True)
        sitting = here.watch(1)
        del here.worker.ledger.tables[TABLE]
        await here.worker.release(1)
        await until(lambda: sitting.kicked is not None)
        assert here.directory.find(TABLE) is None
        assert [one.seats.game.table_id for one in here.shard.tables] == [OTHER]


async def test_a_shard_is_given_back_while_a_table_waits_to_begin_anew(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table(is_halted=True)) as here:
        await here.until(is_open=True)
        here.worker.is_deaf = True
        await here.worker.release(1)
        await until(lambda: here.worker.unread > 0)
        here.shard.drain()
        here.worker.is_deaf = False
        await here.until(is_open=False)


async def test_a_release_that_was_never_told_is_found_by_the_next_opening(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table(is_halted=True)) as here:
        await here.until(is_open=True)
        here.worker.ledger.tables[TABLE] = table()
        await here.redis.hset(keys.lease(here.shard.shard), {"node": "node-2", "boot": "other"})
        await here.until(is_open=False)
        await here.redis.delete([keys.lease(here.shard.shard)])
        await here.until(is_open=True)
        assert not here.table().seats.is_halted

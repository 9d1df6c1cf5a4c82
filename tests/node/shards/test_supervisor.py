"""A shard from its opening to its loss, through a real Valkey; the test is the wallet worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import attrs
import pytest
import trio
from attrs import define, field

from cardroom.ids import BootNonce, CommandId, Epoch, NodeId, SeatIndex, ShardId, UserId
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
    command_codec,
    reply_codec,
)
from cardroom.wire.player import SitIn
from cardroom.wire.refusals import Refusal
from node.sessions.fanout import Fanout, Framer
from node.settings import LeaseSettings, LedgerSettings, StakesFile, StopSettings, TableLimits
from node.shards.lease import NodeIdentity
from node.shards.opening import TableMaker
from node.shards.supervisor import Shard, ShardServices
from node.tables.commands import Ask, Watch
from node.tables.deck import shuffled_deck
from node.tables.directory import Directory
from tests.fakes.ledger import LedgerInMemory
from tests.node.tables.house import BUY_IN, LOG, STAKE, TABLE, Guest, until

SHARDS = count(5000)
IDENTITY = NodeIdentity(NodeId("node-1"), BootNonce("c" * 32))
ESCROW = tuple(SeatEscrow(UserId(user), f"player-{user}", SeatIndex(user), BUY_IN) for user in (1, 2))


@define
class Worker:
    """Answers the shard's stream as the ledger does; epochs count from 41."""

    redis: Redis
    shard: ShardId
    table: LedgerTable
    ledger: LedgerInMemory
    epoch: int = 41
    opened: list[Epoch] = field(factory=list)
    answered: set[CommandId] = field(factory=set)

    async def run(self) -> None:
        while True:
            for entry in await self.redis.xrange(keys.commands(self.shard)):
                command = command_codec().decode(entry.field_values[keys.COMMAND_FIELD])
                if isinstance(command.body, OpenShard):
                    body = self._open(command.body)
                else:
                    replies: list[object] = []
                    self.ledger.submit(command.body, replies.append)
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
        return ShardOpened(Epoch(self.epoch), (self.table,))


@define
class Held:
    """A shard that runs."""

    shard: Shard
    worker: Worker
    redis: Redis
    directory: Directory

    async def until(self, is_open: bool) -> None:
        await until(lambda: self.shard.is_open is is_open)

    def watch(self, user: int, invitation: str = "") -> Guest:
        guest = Guest(UserId(user), self.shard.tables[0])
        guest.table.entry.inbox.deliver(Watch(guest, invitation=invitation))
        return guest

    def come_back(self, guest: Guest) -> None:
        request = SitIn(guest.next_id(), TABLE, posts_blind=True)
        assert guest.table.entry.inbox.offer(Ask(guest, request, trio.current_time()))


def table(
    *, stake: str = "low", seats: int = 6, is_halted: bool = False, invitation: str = ""
) -> LedgerTable:
    return LedgerTable(TABLE, "Seoul", stake, seats, is_halted, None, 0, ESCROW, invitation, ())


STAKES = StakesFile({"low": attrs.evolve(STAKE, sizes=("six_max",))}, sizes={"six_max": 6})


@asynccontextmanager
async def held(valkey: EmbeddedValkey, told: LedgerTable) -> AsyncIterator[Held]:
    number = ShardId(next(SHARDS))
    limits = TableLimits(between_hands_seconds=0.05)
    maker = TableMaker(STAKES, limits, Fanout({one: Framer(one) for one in Encoding}), LOG)
    ledger = LedgerInMemory({}, {(TABLE, one.seat): (one.user_id, one.amount) for one in told.escrow})
    async with open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        directory = Directory()
        services = ShardServices(
            IDENTITY, redis, directory, maker, shuffled_deck, LeaseSettings(0.05, 30),
            LedgerSettings(poll_seconds=1.0), StopSettings(), LOG,
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


async def test_draining_ends_the_hand_settles_and_gives_the_lease_back(valkey: EmbeddedValkey) -> None:
    async with held(valkey, table()) as here:
        guests = await _playing(here)
        here.shard.drain()
        seat = guests[0].last(wire.TurnBegan).turn.seat
        actor = guests[0] if guests[0].table.seats.holders[seat].user_id == 1 else guests[1]
        actor.leave()
        await here.until(is_open=False)
        with trio.fail_after(8):
            while True:
                if not await here.redis.exists([keys.lease(here.shard.shard)]):
                    break
                await trio.sleep(0.01)
        (hand,) = here.worker.ledger.settled
        assert isinstance(hand, SettleHand)
        assert sum(result.net for result in hand.results) == -hand.rake == Krw(0)
        assert {one.kicked for one in guests} == {wire.CloseCode.RESTART}

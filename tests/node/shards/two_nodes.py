"""Two nodes and one shard over a real Valkey; the ledger is in memory, players follow the table."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count, pairwise
from typing import TypeVar

import attrs
import trio
from attrs import define, field

from cardroom.ids import BootNonce, Epoch, HandId, NodeId, SeatIndex, ShardId, UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.service.redis import Redis, RedisAway, open_redis
from cardroom.wire import keys
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.ledger import LedgerTable, command_codec
from cardroom.wire.moved import Moved
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import ActionKind
from cardroom.wire.presence import Lease
from node.journal.port import Flush, FlushOutcome
from node.sessions.fanout import Fanout, Framer
from node.settings import (
    JournalSettings,
    LeaseSettings,
    LedgerSettings,
    MoveSettings,
    StakesFile,
    StopSettings,
    TableLimits,
)
from node.shards.lease import NodeIdentity
from node.shards.moving import ShardMove
from node.shards.opening import TableMaker
from node.shards.store import RedisShardStore
from node.shards.supervisor import Shard, ShardServices
from node.tables.commands import Watch
from node.tables.deck import shuffled_deck
from node.tables.directory import Directory
from node.tables.table import Table
from tests.fakes.ledger_books import LedgerBooks
from tests.node.tables.house import BUY_IN, LOG, PURSE, SEAL, STAKE, TABLE, Guest, until
from wallet_worker.ledger.entries import EntryReader

Heard = TypeVar("Heard")

SHARDS = count(20_000)
QUICK = MoveSettings(wait_seconds=5.0, take_seconds=0.5, open_seconds=2.0)
STEADY = LeaseSettings(renew_seconds=0.1, dead_seconds=30.0)
_LOOK_SECONDS = 0.002


@define
class Player:
    """Plays one seat, wherever the table is; keeps all that it ever saw."""

    user_id: UserId
    seat: int
    acts: bool = True
    """Whether it checks or calls when its turn comes."""
    guest: "PlayingGuest | None" = None
    seen: list[wire.TableMessage] = field(factory=list)

    def come(self, table: Table) -> None:
        """Watch the table, and go on from where it broke off."""
        last_seq = self.last_seq if self.seen else None
        before, self.guest = self.guest, PlayingGuest(self.user_id, table, player=self)
        if before is not None:
            self.guest.count_from(before)
        table.entry.inbox.deliver(Watch(self.guest, last_seq))

    def act_at_last(self) -> None:
        """Act from here on, in the turn that was told last too, if it is the own one."""
        self.acts = True
        began = self.all(wire.TurnBegan)[-1]
        if self.guest is not None and began.turn.seat == self.seat:
            self.guest.use(began)

    @property
    def last_seq(self) -> int:
        return max(getattr(one, "table_seq", 0) for one in self.seen)

    def all(self, kind: type[Heard]) -> list[Heard]:
        return [one for one in self.seen if isinstance(one, kind)]

    def dealt(self) -> dict[int, HandId]:
        """Give the hands that were seen to begin, by number."""
        return {one.hand_no: one.hand_id for one in self.all(wire.HandStarted)}


@define
class PlayingGuest(Guest):
    """A connection of a player."""

    player: Player = field(kw_only=True)

    def count_from(self, before: Guest) -> None:
        """Use no number that an earlier connection has used."""
        self._requests = before._requests

    def answer(self, message: wire.TableMessage) -> None:
        super().answer(message)
        self._note(1)

    def offer_frames(self, frames: bytes) -> None:
        before = len(self.heard)
        super().offer_frames(frames)
        self._note(len(self.heard) - before)

    def _note(self, fresh: int) -> None:
        for message in self.heard[len(self.heard) - fresh :]:
            self.player.seen.append(message)
            if not self.player.acts:
                continue
            if isinstance(message, wire.Snapshot | wire.TurnBegan):
                self.use(message)
            elif isinstance(message, PlaceChanged) and (told := self.player.all(wire.TurnBegan)):
                self.use(told[-1])  # caught up: what was asked of an earlier connection may be lost

    def use(self, began: wire.Snapshot | wire.TurnBegan) -> None:
        """Check, or call, if it is the player's turn."""
        turn = began.turn
        if turn is not None and turn.seat == self.player.seat:
            kind = ActionKind.CHECK if turn.legal.can_check else ActionKind.CALL
            self.act_in(began.hand_no, turn.turn, kind)


class HastyStore(RedisShardStore):
    """A store that lets its node believe, when told so, that it may take the shard from whoever holds it.

    ``trips`` says of which calls no answer comes, once each: by name, and whether they are carried out.
    """

    node: NodeId
    is_hasty = False
    taken_over = 0
    trips: list[tuple[str, bool]]
    _real: Lease | None = None

    async def look(self) -> Lease | None:
        self._real = seen = await self._trip("look", super().look)
        if self.is_hasty and seen is not None:
            return attrs.evolve(seen, node=self.node, boot=BootNonce(""))
        return seen

    async def take(self, *, absent: bool) -> bool:
        if not self.is_hasty or self._real is None:
            return await self._trip("take", partial(super().take, absent=absent))
        is_taken = await super().take_over(self._real)
        self.taken_over += is_taken
        return is_taken

    async def offer(self, to: NodeId) -> bool:
        return await self._trip("offer", partial(super().offer, to))

    async def take_back(self, to: NodeId, epoch: Epoch) -> bool:
        return await self._trip("take_back", partial(super().take_back, to, epoch))

    async def flush(self, flush: Flush) -> FlushOutcome:
        return await self._trip("flush", partial(super().flush, flush))

    async def _trip(self, name: str, call: Callable[[], Awaitable[Heard]]) -> Heard:
        for is_done in (True, False):
            if (name, is_done) in self.trips:
                self.trips.remove((name, is_done))
                if is_done:
                    await call()
                raise RedisAway(f"no answer to {name}")
        return await call()


@define
class Node:
    """One start of a node, with its part in the shard."""

    identity: NodeIdentity
    shard: Shard
    directory: Directory
    stores: list[HastyStore]
    trips: list[tuple[str, bool]]
    """Calls to Redis that the node gets no answer to."""
    scope: trio.CancelScope = field(factory=trio.CancelScope)

    async def run(self) -> None:
        """Be there until ``die``."""
        with self.scope:
            await self.shard.run()

    def die(self) -> None:
        """End in the middle of everything: the lease stays as it is, the journal too."""
        self.scope.cancel()

    def seize(self) -> None:
        """Take the shard over, whoever has it, as soon as this node stands by for it."""
        for store in self.stores:
            store.is_hasty = store is self.stores[-1] and not self.shard.is_open
        self.shard.nudge()

    def rest(self) -> None:
        """Judge as it should again."""
        for store in self.stores:
            store.is_hasty = False

    @property
    def taken_over(self) -> int:
        """How often it has taken the shard over."""
        return sum(store.taken_over for store in self.stores)

    @property
    def table(self) -> Table:
        return self.shard.tables[0]


@define
class Pair:
    """Two nodes, one shard, its ledger and its players."""

    number: ShardId
    redis: Redis
    ledger: LedgerBooks
    nodes: tuple[Node, Node]
    players: tuple[Player, ...]
    nursery: trio.Nursery
    make_node: Callable[[str], Node]
    is_deaf: bool = False
    """Whether the ledger answers nothing."""

    async def serve_ledger(self) -> None:
        """Carry commands out, as the wallet worker does."""
        reader, stream = EntryReader(self.number, command_codec()), keys.commands(self.number)
        while True:
            entries = () if self.is_deaf else await self.redis.xrange(stream)
            letters = [
                reader.read(one.identifier, dict(one.field_values))  # type: ignore[arg-type]  # all bytes
                for one in entries
            ]
            for answer in self.ledger.commit(self.number, letters):
                await self.redis.rpush(keys.replies(self.number, answer.boot), [answer.reply])
            if entries:
                await self.redis.xdel(stream, [one.identifier for one in entries])
            await trio.sleep(_LOOK_SECONDS)

    async def lead_players(self) -> None:
        """Let every player without a connection come to where the table is played."""
        while True:
            here = [one for one in self.nodes if one.shard.is_open and one.shard.tables]
            for player in self.players:
                if here and (player.guest is None or player.guest.kicked is not None):
                    player.come(self._way_of(player, here).table)
            await trio.sleep(_LOOK_SECONDS)

    def _way_of(self, player: Player, here: list[Node]) -> Node:
        """Give the node that a player was sent to, if it was."""
        told = player.seen[-1] if player.seen else None
        return next(
            (one for one in here if isinstance(told, Moved) and one.identity.node == told.url), here[0]
        )

    async def sit_down(self) -> None:
        """Let all players take their seats, and play."""
        await until(lambda: all(player.guest is not None for player in self.players))
        for player in self.players:
            assert player.guest is not None
            player.guest.sit(player.seat)
        await until(lambda: bool(self.players[0].all(wire.HandStarted)))

    def move(self, to: Node, wait_seconds: float = 5.0) -> ShardMove:
        """Order that the shard goes to a node, from where it is."""
        move = ShardMove(to.identity.node, to.identity.node, "a test", wait_seconds)
        self.owner.shard.begin_move(move)
        return move

    def start_again(self, dead: Node) -> Node:
        """Start a node again that has died; it takes its place in the pair."""
        again = self.make_node(str(dead.identity.node))
        self.nodes = (again, self.nodes[1]) if dead is self.nodes[0] else (self.nodes[0], again)
        self.nursery.start_soon(again.run)
        return again

    @property
    def owner(self) -> Node:
        return next(one for one in self.nodes if one.shard.is_open)

    def other(self, node: Node) -> Node:
        return next(one for one in self.nodes if one is not node)

    async def until_open(self, node: Node) -> None:
        await until(lambda: node.shard.is_open)

    async def until_settled(self, more: int) -> None:
        """Wait until so many more hands are settled."""
        enough = len(self.ledger.hands) + more
        await until(lambda: len(self.ledger.hands) >= enough)

    def check(self) -> None:
        """Assert that no won and no hand was lost, made, or played twice."""
        self.ledger.check()
        numbers = [hand.hand_no for hand in self.ledger.hands]
        assert numbers == list(range(1, len(numbers) + 1)), "each hand is settled once, in order"
        settled = {hand.hand_no: hand.hand_id for hand in self.ledger.hands}
        for player in self.players:
            for hand_no, hand_id in player.dealt().items():
                assert settled.get(hand_no, hand_id) == hand_id, "what was seen dealt is what was settled"
            assert not player.all(wire.HandVoided)
            told = [getattr(one, "table_seq", None) for one in player.seen]
            numbers = [one for one in told if one is not None]
            assert all(one <= another for one, another in pairwise(numbers)), "nothing is taken back"


def _node(
    redis: Redis, number: ShardId, name: str, tell: Callable[[NodeId], None], lease: LeaseSettings
) -> Node:
    identity = NodeIdentity(NodeId(name), BootNonce(secrets.token_hex(8)))
    directory = Directory()
    limits = TableLimits(between_hands_seconds=0.02, after_showdown_seconds=0.02)
    maker = TableMaker(
        StakesFile({"low": STAKE}), limits, Fanout({one: Framer(one) for one in Encoding}), LOG
    )

    stores: list[HastyStore] = []
    trips: list[tuple[str, bool]] = []

    def open_store(shard: ShardId) -> RedisShardStore:
        stores.append(HastyStore(shard, identity, redis, lease.dead_seconds))
        stores[-1].node, stores[-1].trips = identity.node, trips
        return stores[-1]

    async def tell_offer(to: NodeId, _: ShardId) -> None:
        tell(to)

    services = ShardServices(
        identity, open_store, directory, maker, SEAL, shuffled_deck, lease, JournalSettings(),
        LedgerSettings(poll_seconds=1.0, resend_seconds=0.2, open_seconds=1.0),
        StopSettings(hands_seconds=0.3, settle_seconds=2.0), LOG, QUICK, tell_offer=tell_offer,
    )  # fmt: skip
    shard = Shard(number, services, is_home=name == "node-1")
    return Node(identity, shard, directory, stores, trips)


@asynccontextmanager
async def open_pair(
    valkey: EmbeddedValkey, *, players: int = 2, seats: int = 6, lease: LeaseSettings = STEADY
) -> AsyncIterator[Pair]:
    """Let node-1 hold a shard with one table, node-2 stand by, and players play."""
    number, ledger = ShardId(next(SHARDS)), LedgerBooks()
    ledger.add_table(number, LedgerTable(TABLE, "Seoul", "low", seats, False, None, 0, (), "", ()))
    crowd = tuple(Player(UserId(one), SeatIndex(one - 1)) for one in range(1, players + 1))
    for player in crowd:
        ledger.add_player(player.user_id, f"player-{player.user_id}", PURSE + BUY_IN)
    async with open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:

        def tell(to: NodeId) -> None:
            next(one for one in pair.nodes if one.identity.node == to).shard.nudge()

        def make_node(name: str) -> Node:
            return _node(redis, number, name, tell, lease)

        nodes = (make_node("node-1"), make_node("node-2"))
        pair = Pair(number, redis, ledger, nodes, crowd, nursery, make_node)
        nursery.start_soon(pair.serve_ledger)
        nursery.start_soon(nodes[0].run)
        await pair.until_open(nodes[0])
        nursery.start_soon(nodes[1].run)
        nursery.start_soon(pair.lead_players)
        await pair.sit_down()
        yield pair
        nursery.cancel_scope.cancel()

"""A card room under simulation: one server, its shards, nodes, wallet workers, a ledger and players."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from uuid import uuid4

import trio
from attrs import define, field, frozen

from cardroom.ids import CommandId, HandId, NodeId, ShardId, TableId, UserId
from cardroom.service.redis import RedisAway
from cardroom.wire.ledger import LedgerTable
from tests.fakes.ledger_books import LedgerBooks
from tests.fakes.redis import RedisInMemory, ShardKeys
from tests.fakes.worker import WorkerInMemory
from tests.simulation.nodes import Node
from tests.simulation.players import Door, Player
from tests.simulation.trace import Trace
from tests.simulation.weather import CALM, FaultyLink, Weather
from tests.simulation.witness import Witness
from wallet_worker.ledger.entries import Letter

_SEATS = 6
_PURSE = 10**9
_LOOK_SECONDS = 5.0
_WORDS_ARRIVE = 0.8


@frozen
class Plan:
    """How large a room is."""

    shards: int = 2
    tables: int = 1
    nodes: int = 2
    players: int = 5
    """At each table."""
    weather: Weather = CALM
    """What is usual."""


@define
class ServedShard:
    """A shard's wallet worker, with both of its links."""

    link: FaultyLink
    database: FaultyLink
    worker: WorkerInMemory
    scope: trio.CancelScope | None = None


@define
class Room:
    """Everything there is."""

    plan: Plan
    draw: Random
    trace: Trace
    witness: Witness
    nursery: trio.Nursery
    server: RedisInMemory = field(factory=RedisInMemory)
    ledger: LedgerBooks = field(factory=LedgerBooks)
    shards: list[ShardId] = field(factory=list)
    shard_of: dict[TableId, ShardId] = field(factory=dict)
    nodes: list[Node] = field(factory=list)
    players: list[Player] = field(factory=list)
    workers: dict[ShardId, ServedShard] = field(factory=dict)
    poisoned: set[TableId] = field(factory=set)
    """The next command about one of these becomes a dead letter."""

    @property
    def tables(self) -> list[TableId]:
        return list(self.shard_of)

    def players_of(self, table_id: TableId) -> list[Player]:
        """Give everybody whose table this is."""
        return [player for player in self.players if player.table_id == table_id]

    def last_hand_no(self, table_id: TableId) -> int:
        """Give the number of the last settled hand of a table."""
        return self.ledger.last_hand(self.shard_of[table_id], table_id).hand_no

    def links(self) -> list[Node | FaultyLink]:
        """Give everything that has weather."""
        return [*self.nodes, *(one.link for one in self.workers.values())]

    def find(self, table_id: TableId) -> Door | None:
        """Show a player the way, as the router does: to the node of the lease, if the table is there."""
        keys = self.server.shards.get(self.shard_of[table_id], ShardKeys())
        for node in self.nodes:
            life = node.life
            if keys.lease is not None and life is not None and keys.lease.boot == life.identity.boot:
                return node.door(table_id)
        return None

    def later(self, seconds: float, operation: Callable[[], object]) -> None:
        """Let something reach a server late, whoever sent it; nobody hears the answer."""
        self.nursery.start_soon(_late, seconds, operation)

    async def tell_offer(self, to: NodeId, shard: ShardId) -> None:
        """Carry the word that a shard is offered; not every word arrives."""
        await trio.sleep(self.draw.random() * 0.1)
        for node in self.nodes:
            if node.node_id == to and self.draw.random() < _WORDS_ARRIVE:
                node.nudge(shard)

    # The server.

    def stop_server(self, run: int | None = None) -> bool:
        """Stop it, if it is there, and this start of it where one is named; says whether it was."""
        if self.server.is_away or run not in (None, self.server.run):
            return False
        self.trace.note("server", "stops")
        self.server.is_away = True
        return True

    def start_server(self, image: dict[ShardId, ShardKeys] | None) -> None:
        """Start it again, with what it has or with an image of before."""
        self.trace.note("server", f"starts {'with all' if image is None else 'with an image'}")
        self.server.restart(image)
        self._server_lost()

    def empty_server(self) -> None:
        self.trace.note("server", "is emptied")
        self.server.empty()
        self._server_lost()

    def _server_lost(self) -> None:
        """What the server had is not trusted any more: only a node that reaches it can write it again."""
        for shard in self.shards:
            is_disputed = (
                sum(node.holds(shard) for node in self.nodes) > 1
            )  # one of them does not know it yet
            if is_disputed or not any(self._can_write(node, shard) for node in self.nodes):
                self.witness.lose(shard)
            self.server.wake(shard)

    def _can_write(self, node: Node, shard: ShardId) -> bool:
        """Say whether a node holds a shard, with its hands in memory, and would be let write its journal."""
        life = node.life
        is_owner = life is not None and self.server.last_boot.get(shard) == life.identity.boot
        return is_owner and node.holds(shard) and not node.is_cut

    def note_gone(self, node: Node, shards: Sequence[ShardId]) -> None:
        """A node goes, for now or for ever: its hands are lost where the server has lost them, too."""
        for shard in shards:
            if self.server.is_away or not self.server.is_trusted(shard):
                self.trace.note("gone", f"{node.node_id} {shard}")
                self.witness.lose(shard)

    # Wallet workers.

    def kill_worker(self, shard: ShardId) -> None:
        served = self.workers[shard]
        if served.scope is not None:
            self.trace.note("kill", f"worker {shard}")
            served.scope.cancel()
            served.scope = None

    def start_worker(self, shard: ShardId) -> None:
        served = self.workers[shard]
        if served.scope is None:
            served.scope = trio.CancelScope()
            self.nursery.start_soon(_serve, served.worker, served.scope)

    def is_poison(self, letter: Letter) -> bool:
        """Say whether a command cannot be carried out, whatever is tried; each table's next one once."""
        if letter.table_id not in self.poisoned:
            return False
        self.poisoned.discard(letter.table_id)
        self.trace.halted.add(letter.table_id)
        self.trace.note("letter", f"{letter.table_id} {type(letter.command.body).__name__}")
        return True

    async def resolve_letters(self, table_id: TableId, *, retries: bool) -> None:
        """Let an administrator resolve a table's dead letters, and tell its owner until it has begun anew."""
        shard = self.shard_of[table_id]
        letters = self.ledger.shards[shard].letters
        while letters.get(table_id):
            self._resolve(shard, table_id, retries=retries)
        while table_id in self.ledger.shards[shard].releases:
            try:
                await self.workers[shard].worker.tell_released(table_id, CommandId(uuid4()))
            except RedisAway:
                self.trace.note("untold", f"release of {table_id}")
            await trio.sleep(5.0)

    def _resolve(self, shard: ShardId, table_id: TableId, *, retries: bool) -> None:
        if retries and self.ledger.retry(shard, table_id):
            self.trace.note("retried", table_id)
            self.witness.forgive(table_id)
            return
        closing = HandId(uuid4())
        self.ledger.void(shard, table_id, closing)
        last = self.ledger.last_hand(shard, table_id)
        self.trace.note("voided", f"{table_id} {last}")
        self.witness.close_void(table_id, last.hand_id, last.hand_no)

    # What must hold all along.

    async def watch(self) -> None:
        """Look again and again: no won is lost, and tables that are served know what the ledger knows."""
        while True:
            await trio.sleep(_LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Check the books, and every served table's balance."""
        try:
            self.ledger.check()
            for node in self.nodes:
                for shard in node.life.shards if node.life is not None else ():
                    for table in shard.tables:
                        table.seats.check_balance()
        except AssertionError as broken:
            self.trace.accuse(f"books: {broken}")


async def _late(seconds: float, operation: Callable[[], object]) -> None:
    await trio.sleep(seconds)
    try:
        operation()
    except RedisAway:
        return


async def _serve(worker: WorkerInMemory, scope: trio.CancelScope) -> None:
    with scope:
        await worker.run()


@asynccontextmanager
async def open_room(seed: int, plan: Plan, trace: Trace) -> AsyncIterator[Room]:
    """Open a card room in which everything runs."""
    async with trio.open_nursery() as nursery:
        room = Room(plan, Random(seed), trace, Witness(trace), nursery)
        room.ledger.on_settled = room.witness.settle
        room.ledger.on_released = room.witness.forgive
        for shard in range(1, plan.shards + 1):
            _add_shard(room, ShardId(shard), plan)
        for number in range(plan.nodes):
            _add_node(room, number, plan)
        for player in room.players:
            nursery.start_soon(player.run)
        yield room
        nursery.cancel_scope.cancel()


def _add_node(room: Room, number: int, plan: Plan) -> None:
    homes = tuple(shard for shard in room.shards if (shard - 1) % plan.nodes == number)
    others = tuple(shard for shard in room.shards if shard not in homes)
    node = Node(
        NodeId(f"node-{number + 1}"), homes, others, room.server, Random(room.draw.getrandbits(64)),
        room.trace, room.nursery, room.later, room.note_gone, room.tell_offer,
    )  # fmt: skip
    node.weather = plan.weather
    room.nodes.append(node)
    node.start()


def _add_shard(room: Room, shard: ShardId, plan: Plan) -> None:
    room.shards.append(shard)
    for place in range(plan.tables):
        table_id = TableId(shard * 100 + place)
        room.shard_of[table_id] = shard
        table = LedgerTable(table_id, f"Seoul {table_id}", "low", _SEATS, False, None, 0, (), "", ())
        room.ledger.add_table(shard, table)
        for number in range(plan.players):
            user_id = UserId(table_id * 100 + number)
            room.ledger.add_player(user_id, f"player-{user_id}", _PURSE)
            draw = Random(room.draw.getrandbits(64))
            room.players.append(Player(user_id, table_id, draw, room.find, room.witness))
    link, database = (_open_link(room) for _ in range(2))
    worker = WorkerInMemory(room.ledger, room.server, shard, link, database, room.is_poison)
    room.workers[shard] = ServedShard(link, database, worker)
    room.start_worker(shard)


def _open_link(room: Room) -> FaultyLink:
    return FaultyLink(Random(room.draw.getrandbits(64)), room.later, room.plan.weather)

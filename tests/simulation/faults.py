"""What goes wrong in a simulation: drawn one after another, each undone after a while."""

import contextlib
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

import trio
from attrs import define

from cardroom.ids import ShardId
from node.shards.moving import MoveRefused, ShardMove
from tests.simulation.room import Room
from tests.simulation.weather import DRIZZLE, STORM

Fault = Callable[["Faults"], Awaitable[None]]

_LOST_SECONDS: Final = 1.0
"""A server that writes to the disk once a second loses at most this."""
_AT_ONCE: Final = 3


@define
class Faults:
    """Lets things go wrong in a room, at most some at once."""

    room: Room
    draw: Random
    pause_seconds: float = 40.0
    kinds: tuple[str, ...] = ()
    """Only these, where any are named."""

    async def run(self) -> None:
        """Go on until cancelled; what is out of order then stays so."""
        limit = trio.CapacityLimiter(_AT_ONCE)
        chosen = [one for one in KINDS if not self.kinds or one[1].__name__ in self.kinds]
        async with trio.open_nursery() as nursery:
            while True:
                await trio.sleep(self.draw.expovariate(1 / self.pause_seconds))
                (fault,) = self.draw.choices([one for _, one in chosen], [often for often, _ in chosen])
                if limit.available_tokens:
                    nursery.start_soon(self._commit, fault, limit)

    async def _commit(self, fault: Fault, limit: trio.CapacityLimiter) -> None:
        async with limit:
            self.room.trace.note("fault", fault.__name__)
            await fault(self)

    def seconds(self, longest: float) -> float:
        """Draw a time: mostly short, sometimes long."""
        return longest * self.draw.random() ** 3

    def shard(self) -> ShardId:
        """Draw a shard."""
        return self.draw.choice(self.room.shards)


async def kill_node(faults: Faults) -> None:
    """Kill a node; it starts again soon, or after others have taken its shards."""
    node = faults.draw.choice(faults.room.nodes)
    await node.kill()
    await trio.sleep(faults.seconds(90.0))
    node.start()


async def stop_node(faults: Faults) -> None:
    """Stop a node in order; it starts again."""
    node = faults.draw.choice(faults.room.nodes)
    await node.stop()
    await trio.sleep(faults.seconds(60.0))
    node.start()


async def move_shard(faults: Faults) -> None:
    """Move a shard to another node while it is played."""
    node = faults.draw.choice(faults.room.nodes)
    others = [one for one in faults.room.nodes if one is not node]
    opened = node.open_shards()
    if not opened or not others:
        return
    move = ShardMove(faults.draw.choice(others).node_id, "ws://there", "simulation", faults.seconds(60.0))
    with contextlib.suppress(MoveRefused):
        faults.draw.choice(opened).begin_move(move)
        with trio.move_on_after(90.0):
            await move.ended.wait()
        faults.room.trace.note("move", move.phase.value)


async def cut_node(faults: Faults) -> None:
    """Cut a node off from the server, its players not."""
    node = faults.draw.choice(faults.room.nodes)
    node.is_cut = True
    await trio.sleep(faults.seconds(120.0))
    node.is_cut = False


async def lose_players(faults: Faults) -> None:
    """Break the connections of all players of a table off, or of one."""
    players = faults.room.players_of(faults.draw.choice(faults.room.tables))
    for player in players if faults.draw.random() < 0.3 else [faults.draw.choice(players)]:
        player.break_off()
    await trio.lowlevel.checkpoint()


async def kill_worker(faults: Faults) -> None:
    """Kill a shard's wallet worker; another takes its term later."""
    shard = faults.shard()
    faults.room.kill_worker(shard)
    await trio.sleep(faults.seconds(60.0))
    faults.room.start_worker(shard)


async def cut_worker(faults: Faults) -> None:
    """Cut a wallet worker off from the server, or from the database."""
    worker = faults.room.workers[faults.shard()]
    link = faults.draw.choice([worker.link, worker.database])
    link.is_cut = True
    await trio.sleep(faults.seconds(60.0))
    link.is_cut = False


async def stop_server(faults: Faults) -> None:
    """Stop the server and start it again with all it had."""
    if faults.room.server.is_away:
        return
    faults.room.stop_server()
    await trio.sleep(faults.seconds(60.0))
    faults.room.start_server(None)


async def crash_server(faults: Faults) -> None:
    """Let the server crash; what it took in the last moments is lost."""
    room = faults.room
    if room.server.is_away:
        return
    image, run = room.server.image(), room.server.run
    await trio.sleep(faults.draw.random() * _LOST_SECONDS)
    if not room.stop_server(run):
        return
    await trio.sleep(faults.seconds(60.0))
    room.start_server(image)


async def empty_server(faults: Faults) -> None:
    """Let the server lose everything, with a start or without."""
    room = faults.room
    if room.server.is_away:
        return
    if faults.draw.random() < 0.5:
        room.stop_server()
        await trio.sleep(faults.seconds(30.0))
        room.start_server({})
    else:
        room.empty_server()


async def lose_entry(faults: Faults) -> None:
    """Let the server lose one command out of a stream."""
    room, shard = faults.room, faults.shard()
    stream = room.server.shards[shard].stream if shard in room.server.shards else {}
    if stream:
        del stream[faults.draw.choice(list(stream))]
    await trio.lowlevel.checkpoint()


async def change_weather(faults: Faults) -> None:
    """Let calls go wrong more often for a while, everywhere or for one process."""
    links = faults.room.links()
    hit = links if faults.draw.random() < 0.5 else [faults.draw.choice(links)]
    weather = faults.draw.choice([STORM, DRIZZLE])
    for link in hit:
        link.weather = weather
    await trio.sleep(faults.seconds(120.0))
    for link in hit:
        link.weather = faults.room.plan.weather


async def freeze_player(faults: Faults) -> None:
    """Let the ledger refuse a player's money for a while."""
    player = faults.draw.choice(faults.room.players)
    faults.room.ledger.freeze(player.user_id, is_frozen=True)
    await trio.sleep(faults.seconds(120.0))
    faults.room.ledger.freeze(player.user_id, is_frozen=False)


async def poison_command(faults: Faults) -> None:
    """Let the next command about a table fail until it is a dead letter, which is voided or retried."""
    room, table_id = faults.room, faults.draw.choice(faults.room.tables)
    room.poisoned.add(table_id)
    await trio.sleep(20.0 + faults.seconds(60.0))
    room.poisoned.discard(table_id)
    await room.resolve_letters(table_id, retries=faults.draw.random() < 0.5)


KINDS: Final[tuple[tuple[int, Fault], ...]] = (
    (6, kill_node), (3, stop_node), (3, move_shard), (4, cut_node), (4, lose_players), (4, kill_worker),
    (3, cut_worker),
    (3, stop_server), (2, crash_server), (2, empty_server), (2, lose_entry), (5, change_weather),
    (1, freeze_player), (1, poison_command),
)  # fmt: skip
"""How often each, and what."""

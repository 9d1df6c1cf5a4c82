"""One simulation from its seed to its verdict: faults for some hours, then peace, and everybody goes home."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

import trio
from attrs import field, frozen

from cardroom.ids import TableId
from tests.simulation.faults import Faults
from tests.simulation.room import Plan, Room, open_room
from tests.simulation.scheduling import run_seeded
from tests.simulation.trace import Trace
from tests.simulation.weather import CALM, MIST

PEACE_SECONDS: Final = 900.0
"""Within so long after the last fault everything is in order again and hands are played everywhere."""
HOME_SECONDS: Final = 600.0


@frozen
class Verdict:
    """What became of a seed."""

    seed: int
    hours: float
    digest: str
    troubles: tuple[str, ...]
    counts: Counter[str] = field(factory=Counter)
    last_lines: tuple[str, ...] = ()


def simulate(seed: int, hours: float = 1.0, *, is_loud: bool = False, kinds: tuple[str, ...] = ()) -> Verdict:
    """Play out one seed; may be repeated with the same course."""
    trace = Trace(is_loud)

    async def main() -> float:
        return await _play_out(seed, hours, trace, kinds, _plan_of(seed))

    simulated = run_seeded(seed, main)
    return Verdict(
        seed, simulated / 3600, trace.digest, tuple(trace.troubles), trace.counts, tuple(trace.last(200))
    )


def _plan_of(seed: int) -> Plan:
    draw = Random(seed)
    return Plan(
        shards=draw.choice([1, 2, 2]), tables=draw.choice([1, 1, 2]), nodes=draw.choice([1, 2, 2, 3]),
        players=draw.choice([2, 4, 5, 7]), weather=draw.choice([CALM, CALM, MIST]),
    )  # fmt: skip


async def _play_out(seed: int, hours: float, trace: Trace, kinds: tuple[str, ...], plan: Plan) -> float:
    began = trio.current_time()
    trace.note("plan", plan)
    async with open_room(seed, plan, trace) as room:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_end_with_trouble, trace, nursery.cancel_scope)
            nursery.start_soon(room.watch)
            await _play(Random(seed + 1), hours, room, kinds)
            nursery.cancel_scope.cancel()
        return trio.current_time() - began


async def _end_with_trouble(trace: Trace, scope: trio.CancelScope) -> None:
    await trace.wait_for_trouble()
    scope.cancel()


async def _play(draw: Random, hours: float, room: Room, kinds: tuple[str, ...]) -> None:
    faults = Faults(room, draw, pause_seconds=draw.choice([15.0, 40.0, 90.0]), kinds=kinds)
    await trio.sleep(30.0)
    with trio.move_on_after(hours * 3600):
        await faults.run()
    await _make_peace(room)
    room.trace.note("peace")
    await _see_that_all_tables_play(room)
    await _send_everybody_home(room)


async def _make_peace(room: Room) -> None:
    """End every fault."""
    if room.server.is_away:
        room.start_server(None)
    for node in room.nodes:
        node.is_cut, node.weather = False, CALM
    for served in room.workers.values():
        for link in (served.link, served.database):
            link.is_cut, link.weather = False, CALM
    for node in room.nodes:
        if node.life is not None and node.life.is_stopping:
            await node.kill()
        node.start()
    for shard in room.shards:
        room.start_worker(shard)
    for player in room.players:
        room.ledger.freeze(player.user_id, is_frozen=False)
    room.poisoned.clear()
    for table_id in room.tables:
        await room.resolve_letters(table_id, retries=False)


async def _see_that_all_tables_play(room: Room) -> None:
    before = {table_id: room.last_hand_no(table_id) for table_id in room.tables}

    def still() -> list[TableId]:
        return [table_id for table_id, last in before.items() if room.last_hand_no(table_id) < last + 2]

    if not await _until(lambda: not still(), PEACE_SECONDS):
        room.trace.accuse(f"in peace no hands are settled at the tables {still()}")


async def _send_everybody_home(room: Room) -> None:
    """Let all leave; then no escrow lies anywhere, and every hand that was seen is settled."""
    for player in room.players:
        player.goes_home = True
    if not await _until(lambda: not any(map(room.ledger.escrow, room.tables)), HOME_SECONDS):
        lying = {table_id: room.ledger.escrow(table_id) for table_id in room.tables}
        room.trace.accuse(f"nobody gets the money back that lies at the tables: {lying}")
    room.look()
    room.witness.judge_unsettled(room.shard_of, trio.current_time())


async def _until(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; False if it does not in time."""
    with trio.move_on_after(seconds):
        while True:
            await trio.sleep(5.0)
            if holds():
                return True
    return False

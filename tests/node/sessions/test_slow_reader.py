"""Who never reads is closed when the outbox is full, and nobody else waits for it."""

import statistics
from collections.abc import Callable
from contextlib import AsyncExitStack

import trio
from attrs import define, field
from wsproto.events import CloseConnection

from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.player import Act, ActionKind
from node.settings import SessionLimits, TableLimits
from tests.node.sessions.door import Door, Player, Untended, open_door
from tests.node.tables.house import TABLE, until

PLAYERS = 8
SLOW = 15
ROUNDS = 4
ACTIONS = 150
"""Of one round without the slow reader; one with it lasts until it is closed, which takes about as many."""
FILLER = (b"\x82\x7e\x07\xd0" + bytes(2_000)) * 4
"""More than the system's buffers take, so that the outbox is in use from the first event on."""
LIMITS = SessionLimits(
    outbox_bytes=10_000,
    send_buffer_bytes=4_096,
    messages_per_second=10_000,
    message_burst=10_000,
    close_seconds=10.0,
)


@define
class Actions:
    """How long actions took in the present round, from sending to the answer."""

    taken: list[float] = field(factory=list)

    async def measure(self, is_over: Callable[[], bool]) -> list[float]:
        """Let the players act until a round is over, and give how long each action took."""
        self.taken = []
        await until(is_over, seconds=30)
        return self.taken

    async def play(self, player: Player, seat: int) -> None:
        """Check or call whenever it is this player's turn."""
        sent_at = {}
        while True:
            message = await player.hear()
            if isinstance(message, wire.TurnBegan) and message.turn.seat == seat:
                kind = ActionKind.CHECK if message.turn.legal.can_check else ActionKind.CALL
                sent_at[message.table_seq] = trio.current_time()
                await player.send(
                    Act(message.table_seq, TABLE, message.hand_no, message.turn.turn, kind, Krw(0))
                )
            elif isinstance(message, wire.Done) and message.request_id in sent_at:
                self.taken.append(trio.current_time() - sent_at.pop(message.request_id))


def fill_buffers_of_slow(door: Door) -> bool:
    """Fill what the system keeps for the one who never reads, once the table is followed."""
    for viewer in door.house.table.audience.viewers:
        if viewer.user_id == SLOW:
            viewer.offer_frames(FILLER)
            return True
    return False


async def _close_code(slow: Untended) -> int:
    """Read what was left unread, and give the code at its end."""
    while not isinstance(event := await slow.hear(), CloseConnection):
        pass
    return event.code


async def test_eight_play_as_fast_beside_one_who_never_reads(valkey: EmbeddedValkey) -> None:
    tables = TableLimits(between_hands_seconds=0.0, after_showdown_seconds=0.0)
    actions = Actions()
    async with (
        open_door(valkey.settings, LIMITS, tables=tables, seats=9) as door,
        AsyncExitStack() as stack,
    ):
        players = [await stack.enter_async_context(door.enter(seat + 1)) for seat in range(PLAYERS)]
        async with trio.open_nursery() as nursery:
            for seat, player in enumerate(players):
                await player.sit(seat)
                nursery.start_soon(actions.play, player, seat)
            alone, beside = await _compare(door, actions)
            nursery.cancel_scope.cancel()
    assert beside < 2 * alone + 0.002


async def _compare(door: Door, actions: Actions) -> tuple[float, float]:
    """Give the medians of rounds without and with one who never reads, in turns."""
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(ROUNDS):
        alone += await actions.measure(lambda: len(actions.taken) >= ACTIONS)
        async with door.enter_by_hand(SLOW, receive_buffer=1_024) as slow:
            await until(lambda: fill_buffers_of_slow(door))
            beside += await actions.measure(lambda: len(door.connections) == PLAYERS)
            assert await _close_code(slow) == wire.CloseCode.TOO_SLOW.value
    return statistics.median(alone), statistics.median(beside)

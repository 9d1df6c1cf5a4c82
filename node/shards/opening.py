"""Open a shard: ask the ledger for an epoch, and set up its tables with the escrow that lies there."""

import secrets
import time

import trio
from attrs import frozen

from cardroom.ids import Epoch, NodeId, ShardId, TableId
from cardroom.service.logs import Log
from cardroom.wire.ledger import (
    CommandBody,
    CommandRefused,
    LedgerTable,
    OpenShard,
    ReopenTable,
    ReplyBody,
    ShardOpened,
    StaleEpoch,
    TableReopened,
)
from node.ledger.port import LedgerPort
from node.ledger.settlement import HandMark, SettlementQueue
from node.rules import seating as rules
from node.settings import StakesFile, TableLimits
from node.tables.actor import Table
from node.tables.audience import Audience, Publisher
from node.tables.chat import ChatRoom
from node.tables.directory import TableEntry
from node.tables.game import Game, make_game
from node.tables.history import History
from node.tables.inbox import Inbox
from node.tables.invitations import InvitationList
from node.tables.proving import ProvableHands
from node.tables.public_state import PublicState
from node.tables.rail import Rail
from node.tables.seats import SeatHolder, Seats
from node.tables.spare_time import SpareTime
from node.tables.waitlist import WaitingList

_ATTEMPTS = 5
_RUN_BYTES = 4


class NotOpened(Exception):
    """The ledger did not give the shard, or did not answer in time. Try again later."""


class NotOnOffer(Exception):
    """The stakes file of this node does not have the table's stake, or not at tables of that size."""


@frozen
class TableMaker:
    """What all tables of a node have in common."""

    stakes: StakesFile
    limits: TableLimits
    publisher: Publisher
    log: Log


async def open_shard(ledger: LedgerPort, node: NodeId, seconds: float) -> ShardOpened:
    """Raise the shard's epoch by one, whatever it is; raises ``NotOpened``.

    In the stream this is a barrier: whatever an earlier owner had sent is decided before the answer.
    """
    from_epoch = Epoch(0)
    for _ in range(_ATTEMPTS):
        reply = await _ask(ledger, OpenShard(node, from_epoch), seconds)
        match reply:
            case ShardOpened():
                return reply
            case StaleEpoch(current):
                from_epoch = current
            case CommandRefused(code):
                raise NotOpened(f"refused: {code.value}")
            case _:
                raise AssertionError(f"{reply} is no answer to opening a shard")
    raise NotOpened("others open the shard at the same time")


async def reopen_table(ledger: LedgerPort, table_id: TableId) -> LedgerTable | None:
    """Ask for a table as it stands, once the ledger has decided all that was sent about it; None: it is gone.

    Waits as long as the ledger takes: it is asked again and again until it answers.
    """
    match await _hear(ledger, ReopenTable(table_id)):
        case TableReopened(table):
            return table
        case CommandRefused():
            return None
        case reply:
            raise AssertionError(f"{reply} is no answer to opening a table anew")


async def _ask(ledger: LedgerPort, command: OpenShard, seconds: float) -> ReplyBody:
    with trio.move_on_after(seconds):
        return await _hear(ledger, command)
    raise NotOpened(f"no answer from the ledger in {seconds} s")


async def _hear(ledger: LedgerPort, command: CommandBody) -> ReplyBody:
    send, receive = trio.open_memory_channel[ReplyBody](1)
    ledger.submit(command, send.send_nowait)
    return await receive.receive()


def set_up_table(table: LedgerTable, shard: ShardId, maker: TableMaker) -> Table:
    """Make a table as the ledger knows it; who has escrow there is seated, sitting out.

    Raises ``NotOnOffer``.
    """
    stake = maker.stakes.stakes.get(table.stake)
    if stake is None:
        raise NotOnOffer(f"the stakes file lacks {table.stake!r}")
    if not maker.stakes.offers(stake, table.seat_count):
        raise NotOnOffer(f"{table.stake!r} is not offered at tables of {table.seat_count} seats")
    game = make_game(table, shard, stake, maker.limits)
    seats = _seat_from_escrow(table, game)
    audience = Audience()
    public = PublicState(table.table_id)
    public.set_up(seats.public(), seats.seating.button)
    history = History(
        table.table_id,
        audience,
        maker.publisher,
        public=public,
        kept_events=maker.limits.kept_events,
        hand_no=table.last_hand_no,
    )
    return Table(
        entry=TableEntry(
            inbox=Inbox(maker.limits.inbox), summary=seats.summary(), run=secrets.token_hex(_RUN_BYTES)
        ),
        audience=audience,
        history=history,
        seats=seats,
        rail=Rail(
            seats=seats,
            history=history,
            chat=ChatRoom(seats, audience, maker.publisher),
            proofs=ProvableHands(maker.limits.provable_hands),
        ),
        invitations=InvitationList(table.invitation, seats),
        log=maker.log.bind(table_id=table.table_id),
    )


def _seat_from_escrow(table: LedgerTable, game: Game) -> Seats:
    seating = rules.empty_table(game.seat_count)
    holders = {}
    for lying in table.escrow:
        seating = rules.sit_out(rules.seat_player(seating, lying.seat, lying.amount), lying.seat)
        spare = SpareTime(game.time_bank.first_seconds)
        holders[lying.seat] = SeatHolder(
            lying.user_id, lying.nickname, lying.seat, escrow=lying.amount, spare=spare
        )
    settled = HandMark(table.last_hand_id, table.last_hand_no)
    seats = Seats(
        game=game,
        seating=seating,
        settlements=SettlementQueue(settled, game.limits.unsettled_hands),
        waiting=WaitingList(game.limits),
        is_halted=table.is_halted,
        holders=holders,
    )
    _remember_departures(table, seats)
    return seats


def _remember_departures(table: LedgerTable, seats: Seats) -> None:
    """Take over who has left within the hour: an earlier owner of the table saw them go (rule 35)."""
    now, now_ms = trio.current_time(), time.time_ns() // 1_000_000
    for left in table.departures:
        seats.departures.note(left.user_id, left.stack, now - (now_ms - left.left_unix_ms) / 1000, now)

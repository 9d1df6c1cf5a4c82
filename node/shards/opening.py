"""Open a shard: ask the ledger for an epoch, and set up its tables with the escrow that lies there."""

import secrets
import time

import trio
from attrs import frozen

from cardroom.ids import CommandId, Epoch, NodeId, ShardId, TableId
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
    TableMode,
    TableReopened,
)
from node.journal.fields import TableJournal
from node.journal.port import ShardLost
from node.ledger.port import LedgerPort
from node.ledger.settlement import HandMark, SettlementQueue
from node.rules import seating as rules
from node.settings import StakesFile, TableLimits
from node.tables.audience import Audience, Publisher
from node.tables.chat import ChatRoom
from node.tables.directory import TableEntry
from node.tables.game import Game, make_game
from node.tables.history import History
from node.tables.holding import Holding
from node.tables.inbox import Inbox
from node.tables.invitations import InvitationList
from node.tables.keeping import Keeper
from node.tables.left_hand import LeftHand
from node.tables.pausing import Pausing
from node.tables.proving import ProvableHands
from node.tables.public_state import PublicState
from node.tables.rail import Rail
from node.tables.restoring import Outcomes, RestoredHands, is_as_told, restore_seats, seat_from_escrow
from node.tables.seats import Seats
from node.tables.table import Table
from node.tables.telling import Telling
from node.tables.waitlist import WaitingList

_ATTEMPTS = 5
_RUN_BYTES = 4


class NotOpened(Exception):
    """The ledger did not give the shard, or did not answer in time. Try again later."""


class NotOnOffer(Exception):
    """The stakes file of this node does not have the table's stake, or not at tables of that size."""


@frozen
class RestoredTable:
    """What an earlier owner has left of a table, and what became of the money that was under way."""

    journal: TableJournal
    hands: RestoredHands
    outcomes: Outcomes


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
    match await hear(ledger, ReopenTable(table_id)):
        case TableReopened(table):
            return table
        case CommandRefused():
            return None
        case reply:
            raise AssertionError(f"{reply} is no answer to opening a table anew")


async def _ask(ledger: LedgerPort, command: OpenShard, seconds: float) -> ReplyBody:
    with trio.move_on_after(seconds):
        return await hear(ledger, command)
    raise NotOpened(f"no answer from the ledger in {seconds} s")


async def hear(ledger: LedgerPort, command: CommandBody, command_id: CommandId | None = None) -> ReplyBody:
    """Give the ledger a command and wait for its outcome, as long as that takes."""
    send, receive = trio.open_memory_channel[ReplyBody](1)
    ledger.submit(command, send.send_nowait, command_id)
    return await receive.receive()


async def open_again(ledger: LedgerPort, node: NodeId, epoch: Epoch) -> ShardOpened:
    """Ask whether the shard is still ours, who had it under ``epoch``; gives it under the next one.

    Raises ``ShardLost`` if somebody else had it in between. Waits as long as the ledger takes.
    """
    match await hear(ledger, OpenShard(node, epoch)):
        case ShardOpened() as opened:
            return opened
        case StaleEpoch(current):
            raise ShardLost(f"the shard was another's: its epoch is {current}")
        case CommandRefused(code):
            raise ShardLost(f"opening again is refused: {code.value}")
        case reply:
            raise AssertionError(f"{reply} is no answer to opening a shard")


def set_up_table(
    told: LedgerTable, shard: ShardId, maker: TableMaker, restored: RestoredTable | None = None
) -> Table:
    """Make a table as the ledger knows it, with what an earlier owner has left of it.

    Where nothing is left, who has escrow there is seated, sitting out. Raises ``NotOnOffer`` or
    ``DoesNotFit``.
    """
    game = _game_of(told, shard, maker)
    hands = restored.hands if restored is not None else RestoredHands()
    if restored is None:
        seats = _seat_from_escrow(told, game)
    else:
        seats = restore_seats(restored.journal, told, game, hands, restored.outcomes)
    _remember_departures(told, seats)
    table = _build_table(told, seats, maker)
    if restored is not None:
        _recall_table(table, restored)
    return table


def _game_of(told: LedgerTable, shard: ShardId, maker: TableMaker) -> Game:
    stake = maker.stakes.stakes.get(told.stake)
    if stake is None:
        raise NotOnOffer(f"the stakes file lacks {told.stake!r}")
    if not maker.stakes.offers(stake, told.seat_count):
        raise NotOnOffer(f"{told.stake!r} is not offered at tables of {told.seat_count} seats")
    return make_game(told, shard, stake, maker.limits)


def _build_table(told: LedgerTable, seats: Seats, maker: TableMaker) -> Table:
    log = maker.log.bind(table_id=told.table_id)
    audience, telling, keeper = Audience(), Telling(maker.publisher, log), Keeper()
    holding = Holding(told.table_id, audience, telling, _mode_of(told), told.switch_no)
    seats.state = holding.state
    public = PublicState(told.table_id)
    public.set_up(seats.public(), seats.seating.button)
    history = History(
        told.table_id,
        audience,
        telling,
        public=public,
        kept_events=maker.limits.kept_events,
        hand_no=seats.settlements.last_played.hand_no,
    )
    return Table(
        entry=TableEntry(
            inbox=Inbox(maker.limits.inbox), summary=seats.summary(now=0.0), run=secrets.token_hex(_RUN_BYTES)
        ),
        audience=audience,
        history=history,
        seats=seats,
        rail=Rail(
            seats=seats,
            history=history,
            chat=ChatRoom(seats, audience, telling, keeper),
            proofs=ProvableHands(maker.limits.provable_hands),
        ),
        invitations=InvitationList(told.invitation, seats),
        telling=telling,
        pausing=Pausing(told.table_id, audience, telling),
        holding=holding,
        keeper=keeper,
        log=log,
    )


def _mode_of(told: LedgerTable) -> TableMode:
    if told.is_closing:
        return TableMode.CLOSING
    return TableMode.PAUSED if told.is_paused else TableMode.RUNNING


def _recall_table(table: Table, restored: RestoredTable) -> None:
    """Let a table go on where its earlier owner has told its players the last thing."""
    journal, hands = restored.journal, restored.hands
    if is_as_told(journal.memory, table.seats):
        table.entry.run = journal.memory.run
    table.history.table_seq = journal.table_seq
    table.invitations.recall(journal.memory.invited)
    table.keeper.adopt(hands.journaled)
    table.resubmits = table.seats.settlements.unsettled
    if journal.talk is not None:
        table.rail.chat.recall(journal.talk, trio.current_time())
        table.keeper.is_talked = True
    if hands.in_play is not None:
        table.history.begin_hand(hands.in_play.hand_id, hands.in_play.hand_no)
        table.history.public.set_up_hand(hands.in_play.hand)
        time_outs = {player.seat: player.time_outs for player in journal.memory.players}
        table.left_by_owner = LeftHand(hands.in_play, hands.journaled[-1].moves, time_outs)


def _seat_from_escrow(table: LedgerTable, game: Game) -> Seats:
    seats = Seats(
        game=game,
        seating=rules.empty_table(game.seat_count),
        settlements=SettlementQueue(
            HandMark(table.last_hand_id, table.last_hand_no), game.limits.unsettled_hands
        ),
        waiting=WaitingList(game.limits),
        is_halted=table.is_halted,
    )
    for lying in table.escrow:
        seat_from_escrow(seats, lying)
    return seats


def _remember_departures(table: LedgerTable, seats: Seats) -> None:
    """Take over who has left within the hour: an earlier owner of the table saw them go (rule 35)."""
    now, now_ms = trio.current_time(), time.time_ns() // 1_000_000
    for left in table.departures:
        seats.departures.note(left.user_id, left.stack, now - (now_ms - left.left_unix_ms) / 1000, now)

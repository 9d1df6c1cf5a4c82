"""A finished hand in the words of its record."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from cardroom.handrecord.record import HandRecord, RecordedPlayer, RecordedRake, write_phh
from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire.ledger import MAX_RECORD_BYTES, SeatResult, SettleHand
from node.rules import events as rules
from node.rules.actions import ActionCause, ActionKind
from node.rules.blinds import HEADS_UP, Post, PostKind
from node.rules.cards import format_cards
from node.tables.game import Game
from node.tables.hand_in_play import HandInPlay
from node.tables.seats import Seats

SECOND_BOARD = 2
_DEAD = frozenset({PostKind.ANTE, PostKind.BIG_BLIND_ANTE, PostKind.DEAD_BLIND})


def write_settlement(play: HandInPlay, seats: Seats, settlement: rules.HandSettlement) -> SettleHand:
    """Write what a finished hand does to the money; the same hand gives the same, whoever writes it."""
    record = write_phh(record_hand(play, seats.game, settlement)).encode()
    assert len(record) <= MAX_RECORD_BYTES, "a hand of nine players fits into a record"
    return SettleHand(
        table_id=seats.game.table_id,
        hand_id=play.hand_id,
        hand_no=play.hand_no,
        previous_hand_id=seats.settlements.last_played.hand_id,
        started_unix_ms=play.started_unix_ms,
        results=tuple(
            SeatResult(play.players[part.seat], part.seat, part.net, part.contributed_rake)
            for part in settlement.seats
        ),
        rake=settlement.rake,
        record=record,
    )


def record_hand(play: HandInPlay, game: Game, settlement: rules.HandSettlement) -> HandRecord:
    """Write down who played what, as PHH has it: ``p1`` is the first player in dealing order."""
    seats = tuple(part.seat for part in settlement.seats)
    names = player_names(seats)
    posts = play.deal.posts
    dealt_under = play.hand.setup.rules
    rake_rule = dealt_under.heads_up_rake if len(seats) == HEADS_UP else dealt_under.rake
    return HandRecord(
        table_id=game.table_id,
        hand_id=play.hand_id,
        hand_no=play.hand_no,
        started_unix_ms=play.started_unix_ms,
        button=play.deal.button,
        big_blind=dealt_under.big_blind,
        players=tuple(
            RecordedPlayer(play.players[part.seat], part.seat, part.stack_before, part.stack)
            for part in settlement.seats
        ),
        blinds=phh_blinds(posts, seats),
        antes=phh_antes(posts, seats),
        posts=tuple(f"{names[post.seat]} {post.kind.value} {post.amount}" for post in posts),
        actions=phh_actions(play.events, names),
        runs_twice=next((e.twice for e in play.events if isinstance(e, rules.RunItTwiceDecided)), None),
        second_board=second_board(play.events),
        rake=RecordedRake(settlement.rake, rake_rule.ratio, rake_rule.cap),
        commitment=play.deck.commitment,
    )


def player_names(seats: Sequence[SeatIndex]) -> dict[SeatIndex, str]:
    """Name the players as PHH does: ``p1`` is the first in dealing order."""
    return {seat: f"p{number}" for number, seat in enumerate(seats, start=1)}


def phh_blinds(posts: Sequence[Post], seats: Sequence[SeatIndex]) -> tuple[Krw, ...]:
    """Give what each player has to post live, below zero if he owed it: PHH marks such posts like that.

    Who has less posts less, which PHH readers know from the stack.
    """
    live = [post for post in posts if post.kind not in _DEAD]
    return tuple(
        Krw(sum(-post.amount if post.kind is PostKind.LIVE_BLIND else post.amount for post in live_of_seat))
        for live_of_seat in _by_seat(live, seats)
    )


def phh_antes(posts: Sequence[Post], seats: Sequence[SeatIndex]) -> tuple[Krw, ...]:
    """Give what each player has to post dead: antes and dead blinds."""
    dead = [post for post in posts if post.kind in _DEAD]
    return tuple(Krw(sum(post.amount for post in dead_of_seat)) for dead_of_seat in _by_seat(dead, seats))


def phh_actions(events: Sequence[rules.Event], names: Mapping[SeatIndex, str]) -> tuple[str, ...]:
    """Write all that PHH calls an action; a second board stands elsewhere."""
    actions = [_action(event, names) for event in events]
    return tuple([action for action in actions if action is not None])


def second_board(events: Sequence[rules.Event]) -> str:
    """Give the cards of the second run; nothing if the board was dealt once."""
    dealt = (event for event in events if isinstance(event, rules.StreetDealt))
    return "".join(format_cards(street.cards) for street in dealt if street.board == SECOND_BOARD)


def _by_seat(posts: Sequence[Post], seats: Sequence[SeatIndex]) -> list[list[Post]]:
    """Sort posts by player; heads-up PHH lists the small blind first, who is dealt to last."""
    order = list(reversed(seats)) if len(seats) == HEADS_UP else seats
    return [[post for post in posts if post.seat == seat] for seat in order]


def _action(event: rules.Event, names: Mapping[SeatIndex, str]) -> str | None:
    match event:
        case rules.TurnBegan():  # every second event: first, so that nothing else is looked at
            return None
        case rules.ActionTaken(seat, kind, _, street_bet, _, _, cause):
            why = "" if cause is ActionCause.PLAYER else f" # {cause.value}"
            return f"{names[seat]} {_move(kind, street_bet)}{why}"
        case rules.HoleCardsDealt(seat, cards):
            return f"d dh {names[seat]} {format_cards(cards)}"
        case rules.StreetDealt(_, board_cards, board):
            return f"d db {format_cards(board_cards)}" if board != SECOND_BOARD else None
        case rules.HandShown(seat, shown, _):
            return f"{names[seat]} sm {format_cards(shown)}"
        case rules.HandMucked(seat):
            return f"{names[seat]} sm"
        case _:
            return None


def _move(kind: ActionKind, street_bet: Krw) -> str:
    match kind:
        case ActionKind.FOLD:
            return "f"
        case ActionKind.CHECK | ActionKind.CALL:
            return "cc"
        case ActionKind.BET | ActionKind.RAISE:
            return f"cbr {street_bet}"
        case _ as unreachable:
            assert_never(unreachable)

"""A finished hand in the words of its record."""

from collections.abc import Sequence
from typing import assert_never

from cardroom.handrecord.record import HandRecord, RecordedPlayer
from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules import events as rules
from node.rules.actions import ActionKind
from node.rules.blinds import HEADS_UP, Post, PostKind
from node.rules.cards import format_cards
from node.tables.game import Game
from node.tables.hand_in_play import HandInPlay


def record_hand(play: HandInPlay, game: Game, settlement: rules.HandSettlement) -> HandRecord:
    """Write down who played what, as PHH has it: ``p1`` is the first player in dealing order."""
    names = {part.seat: f"p{number}" for number, part in enumerate(settlement.seats, start=1)}
    blind_of = _blinds_in_phh_order(tuple(names))
    players = tuple(
        RecordedPlayer(
            user_id=play.players[part.seat],
            seat=part.seat,
            starting_stack=part.stack_before,
            final_stack=part.stack,
            blind=_blind(play.deal.posts, blind_of[part.seat]),
            dead=_dead(play.deal.posts, part.seat),
        )
        for part in settlement.seats
    )
    actions = (_action(event, names) for event in play.events)
    second_run = (
        event for event in play.events if isinstance(event, rules.StreetDealt) and event.board == SECOND_BOARD
    )
    return HandRecord(
        table_id=game.table_id,
        hand_id=play.hand_id,
        hand_no=play.hand_no,
        started_unix_ms=play.started_unix_ms,
        button=play.deal.button,
        big_blind=game.rules.big_blind,
        players=players,
        posts=tuple(f"{names[post.seat]} {post.kind.value} {post.amount}" for post in play.deal.posts),
        actions=tuple(action for action in actions if action is not None),
        second_board="".join(format_cards(street.cards) for street in second_run),
        rake=settlement.rake,
    )


SECOND_BOARD = 2
_DEAD = frozenset({PostKind.ANTE, PostKind.BIG_BLIND_ANTE, PostKind.DEAD_BLIND})


def _blinds_in_phh_order(seats: tuple[SeatIndex, ...]) -> dict[SeatIndex, SeatIndex]:
    """Give whose blind stands at each place: heads-up PHH lists the small blind first all the same."""
    return dict(zip(seats, reversed(seats) if len(seats) == HEADS_UP else seats, strict=True))


def _blind(posts: Sequence[Post], seat: SeatIndex) -> Krw:
    """Give the blind or straddle of a seat, below zero if it is owed.

    Who has less posts less, which PHH readers know from the stack.
    """
    live = [post for post in posts if post.seat == seat and post.kind not in _DEAD]
    return Krw(sum(-post.amount if post.kind is PostKind.LIVE_BLIND else post.amount for post in live))


def _dead(posts: Sequence[Post], seat: SeatIndex) -> Krw:
    """Give what a seat has to post dead."""
    return Krw(sum(post.amount for post in posts if post.seat == seat and post.kind in _DEAD))


def _action(event: rules.Event, names: dict[SeatIndex, str]) -> str | None:
    match event:
        case rules.HoleCardsDealt(seat, cards):
            return f"d dh {names[seat]} {format_cards(cards)}"
        case rules.StreetDealt(_, board_cards, board):
            return f"d db {format_cards(board_cards)}" if board != SECOND_BOARD else None
        case rules.ActionTaken(seat, kind, _, street_bet, _, _, _):
            return f"{names[seat]} {_move(kind, street_bet)}"
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

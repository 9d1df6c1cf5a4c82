"""The moves of a hand: all that decides what comes after the deal. Play and replay take them the same way."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, assert_never

from attrs import frozen

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.player import ActionKind
from node.rules import hand as rules
from node.rules.actions import Action, AllIn, Call, Check, Fold, RaiseTo
from node.rules.hand import Hand, Step

_MAX_MOVE_BYTES: Final = 256


@frozen
class PlayerActs:
    """A player used the turn. A repeat is known by the client's ``action_id``, also by a later owner."""

    seat: SeatIndex
    action_id: int
    turn: int
    kind: ActionKind
    amount: Krw


@frozen
class ClockActs:
    """The time of the player to act was over: checked if that is free, else folded (rule 31)."""

    seat: SeatIndex


@frozen
class PlayerLeaves:
    """A player of the hand leaves (rule 33)."""

    seat: SeatIndex


@frozen
class PlayerAgrees:
    """A player agrees to run it twice; not all have yet."""

    seat: SeatIndex


@frozen
class BoardRunsOut:
    """Whether to run it twice is decided (rule 30)."""

    twice: bool


Move = PlayerActs | ClockActs | PlayerLeaves | PlayerAgrees | BoardRunsOut

MOVE_TAGS: Final[Mapping[int, type]] = MappingProxyType(
    {1: PlayerActs, 2: ClockActs, 3: PlayerLeaves, 4: PlayerAgrees, 5: BoardRunsOut}
)
"""Tag of each move in the journal; a tag is never given to another."""


def move_codec() -> Codec[Move]:
    """Give the codec for one move in the journal."""
    return Codec(Move, Encoding.MSGPACK, _MAX_MOVE_BYTES, {Move: MOVE_TAGS})


def take(hand: Hand, move: Move) -> Step:
    """Take a move; a move that the rules do not allow raises ``IllegalAction`` and changes nothing."""
    match move:
        case PlayerActs(seat=seat, kind=kind, amount=amount):
            return rules.apply(hand, seat, action_of(kind, amount))
        case ClockActs(seat):
            return rules.time_out(hand, seat)
        case PlayerLeaves(seat):
            return rules.mark_leaving(hand, seat)
        case PlayerAgrees():
            return hand, ()
        case BoardRunsOut(twice):
            return rules.agree_run_twice(hand, twice)
        case _ as unreachable:
            assert_never(unreachable)


def action_of(kind: ActionKind, amount: Krw) -> Action:
    """Translate what a player sent; the amount counts for a raise only."""
    match kind:
        case ActionKind.FOLD:
            return Fold()
        case ActionKind.CHECK:
            return Check()
        case ActionKind.CALL:
            return Call()
        case ActionKind.RAISE_TO:
            return RaiseTo(amount)
        case ActionKind.ALL_IN:
            return AllIn()
        case _ as unreachable:
            assert_never(unreachable)

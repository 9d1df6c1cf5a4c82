"""What happened in a hand, in order: enough for a client to follow it with no other information.

Events say everything, hole cards included: the table's projection decides who may see what. Amounts are
won. ``pot`` counts from 0, the main pot; ``board`` counts from 1.
"""

from enum import Enum, unique
from typing import NamedTuple

import attrs

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.actions import ActionCause, ActionKind, LegalActions
from node.rules.blinds import DealtSeat, PostKind
from node.rules.cards import Card
from node.rules.hand_rank import HandRanking


@unique
class Street(Enum):
    """The betting rounds."""

    PREFLOP = "preflop"
    FLOP = "flop"
    TURN = "turn"
    RIVER = "river"

    @property
    def following(self) -> "Street":
        """The next street; the river has none."""
        return STREETS[STREETS.index(self) + 1]

    @property
    def board_after(self) -> int:
        """How many board cards lie while this street is bet."""
        return _BOARD_CARDS[STREETS.index(self)]


STREETS = tuple(Street)
_BOARD_CARDS = (0, 3, 4, 5)


@attrs.frozen(slots=False)
class HandStarted:
    """A hand begins; ``players`` stand in dealing order with their stacks before posting."""

    players: tuple[DealtSeat, ...]
    button: SeatIndex
    small_blind: SeatIndex | None
    big_blind: SeatIndex


@attrs.frozen(slots=False)
class Posted:
    """A seat has posted; ``amount`` may be short of the nominal post. ``street_bet`` counts for the call."""

    seat: SeatIndex
    kind: PostKind
    amount: Krw
    street_bet: Krw
    stack: Krw


@attrs.frozen(slots=False)
class HoleCardsDealt:
    """A seat has its two cards. For that seat's eyes only."""

    seat: SeatIndex
    cards: tuple[Card, Card]


class TurnBegan(NamedTuple):
    """A seat is asked to decide; ``turn`` counts the decisions of the hand from 1."""

    seat: SeatIndex
    turn: int
    legal: LegalActions


class ActionTaken(NamedTuple):
    """A seat has decided. ``amount`` went in now; ``street_bet`` and ``stack`` are after it."""

    seat: SeatIndex
    kind: ActionKind
    amount: Krw
    street_bet: Krw
    stack: Krw
    is_all_in: bool
    cause: ActionCause


@attrs.frozen(slots=False)
class UncalledReturned:
    """The part of the last bet that nobody called goes back."""

    seat: SeatIndex
    amount: Krw
    stack: Krw


@attrs.frozen(slots=False)
class StreetDealt:
    """New board cards lie; the second board exists only when it is run twice."""

    street: Street
    cards: tuple[Card, ...]
    board: int


@attrs.frozen(slots=False)
class RunItTwiceOffered:
    """All are all-in: the live seats are asked whether the rest of the board is dealt twice."""

    seats: tuple[SeatIndex, ...]


@attrs.frozen(slots=False)
class RunItTwiceDecided:
    """The answer: twice only if all live seats agreed."""

    twice: bool


@attrs.frozen(slots=False)
class HandShown:
    """A seat shows its hand. ``ranking`` is None while the board is not complete, or lies twice."""

    seat: SeatIndex
    cards: tuple[Card, Card]
    ranking: HandRanking | None


@attrs.frozen(slots=False)
class HandMucked:
    """A seat cannot win any pot and does not show: its cards go to nobody else."""

    seat: SeatIndex


@attrs.frozen(slots=False)
class CardsShown:
    """After the hand, somebody shows one or both cards of his own will."""

    seat: SeatIndex
    cards: tuple[Card, ...]


@attrs.frozen(slots=False)
class RakeTaken:
    """The rake leaves the pots: ``pots`` gives its parts, main pot first."""

    amount: Krw
    pots: tuple[Krw, ...]


@attrs.frozen(slots=False)
class PotWinner:
    """One winner of a pot; ``ranking`` is None when he won without a showdown."""

    seat: SeatIndex
    amount: Krw
    ranking: HandRanking | None


@attrs.frozen(slots=False)
class PotAwarded:
    """A pot (run twice: its half on one board) goes to its winners; ``amount`` is after rake."""

    pot: int
    amount: Krw
    winners: tuple[PotWinner, ...]
    board: int


class SeatSettlement(NamedTuple):
    """What the hand did to one seat. ``net`` = stack - stack_before; ``put_in`` is after uncalled chips."""

    seat: SeatIndex
    stack_before: Krw
    stack: Krw
    net: Krw
    put_in: Krw
    contributed_rake: Krw


@attrs.frozen(slots=False)
class HandSettlement:
    """The money of a finished hand: the nets and the rake sum to zero.

    ``seats`` stand in dealing order, ``awards`` as they were made: each names pot, board and winners.
    """

    seats: tuple[SeatSettlement, ...]
    rake: Krw
    called_pot: Krw
    awards: tuple[PotAwarded, ...]

    def of(self, seat: SeatIndex) -> SeatSettlement:
        """Give one seat's part; asking for a seat that was not dealt in is our mistake."""
        return next(part for part in self.seats if part.seat == seat)


@attrs.frozen(slots=False)
class HandEnded:
    """The hand is over and settled."""

    settlement: HandSettlement


Event = (
    HandStarted
    | Posted
    | HoleCardsDealt
    | TurnBegan
    | ActionTaken
    | UncalledReturned
    | StreetDealt
    | RunItTwiceOffered
    | RunItTwiceDecided
    | HandShown
    | HandMucked
    | CardsShown
    | RakeTaken
    | PotAwarded
    | HandEnded
)

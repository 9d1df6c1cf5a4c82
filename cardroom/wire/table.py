"""Node to player: answers, a snapshot of a table, and the events that follow it.

Events of a table are numbered by ``table_seq`` without a gap; a snapshot says which number it stands at. All
viewers get the same numbers, and the same content but for hole cards. Amounts are whole won.
"""

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from cardroom.ids import HandId, NodeId, SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode, MadeHand
from cardroom.wire.chat import Emoted, Said
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.place import Place, PlaceChanged
from cardroom.wire.proof import Openings
from cardroom.wire.refusals import Refusal

MAX_TABLE_MESSAGE_BYTES: Final = 16 * 1024
"""No message to a player is longer."""


@unique
class SeatStatus(Enum):
    """What the occupant of a seat is doing between and during hands."""

    RESERVED = "reserved"
    PLAYING = "playing"
    SITTING_OUT = "sitting_out"
    WAITING_FOR_BLIND = "waiting_for_blind"
    LEAVING = "leaving"


@unique
class PostKind(Enum):
    """Why chips were put in before the first action."""

    ANTE = "ante"
    SMALL_BLIND = "small_blind"
    BIG_BLIND = "big_blind"
    BIG_BLIND_ANTE = "big_blind_ante"
    STRADDLE = "straddle"
    LIVE_BLIND = "live_blind"
    DEAD_BLIND = "dead_blind"


@unique
class AnteKind(Enum):
    """Who posts an ante, if anybody: all who are dealt in, or the big blind for the table."""

    NONE = "none"
    PER_SEAT = "per_seat"
    BIG_BLIND = "big_blind"


@unique
class MoveKind(Enum):
    """What an action turned out to be."""

    FOLD = "fold"
    CHECK = "check"
    CALL = "call"
    BET = "bet"
    RAISE = "raise"


@unique
class MoveCause(Enum):
    """Who decided: the player, the clock, or the fact that the player has left."""

    PLAYER = "player"
    TIME_OUT = "time_out"
    LEAVING = "leaving"


@unique
class Street(Enum):
    """The betting rounds."""

    PREFLOP = "preflop"
    FLOP = "flop"
    TURN = "turn"
    RIVER = "river"


@unique
class TableState(Enum):
    """What a table is doing."""

    WAITING_FOR_PLAYERS = "waiting_for_players"
    PLAYING = "playing"
    BETWEEN_HANDS = "between_hands"
    WAITING_FOR_LEDGER = "waiting_for_ledger"
    HALTED = "halted"


@frozen
class Welcome:
    """The ticket was good. Silence longer than ``heartbeat_seconds`` closes the connection.

    ``resume`` is the token for ``Resume`` after this connection.
    """

    user_id: UserId
    nickname: str
    node: NodeId
    heartbeat_seconds: int
    resume: str


@frozen
class Pong:
    """Answer to ``Ping``."""

    number: int


@frozen
class Done:
    """The request was carried out."""

    request_id: int


@frozen
class Refused:
    """The request was refused and changed nothing. ``request_id`` is None for bytes that were no message."""

    request_id: int | None
    code: Refusal


@frozen
class LegalActions:
    """What the player to act may do; folding is always allowed.

    ``call_amount`` is what a call puts in, 0 if there is nothing to call. A raise goes from ``min_raise_to``
    to ``max_raise_to``, counted as street bets; both are None when a raise is refused. ``all_in_amount`` is
    what all-in puts in, None when it is refused.
    """

    can_check: bool
    call_amount: Krw
    min_raise_to: Krw | None
    max_raise_to: Krw | None
    all_in_amount: Krw | None


@unique
class ClockPhase(Enum):
    """Whose time runs: the turn's own, a broken connection's extra time, or the player's time bank."""

    TURN = "turn"
    CONNECTION = "connection"
    TIME_BANK = "time_bank"


@frozen
class TurnView:
    """Whose turn it is, and how long the present phase still lasts at the moment of sending.

    ``bank_ms`` is what the player has in the time bank, which begins when the other time is over; then it
    is 0.
    """

    seat: SeatIndex
    turn: int
    phase: ClockPhase
    left_ms: int
    bank_ms: int
    legal: LegalActions


@frozen
class SeatView:
    """One occupied seat as everybody sees it; ``cards`` only what this viewer may see."""

    seat: SeatIndex
    user_id: UserId
    nickname: str
    stack: Krw
    status: SeatStatus
    is_in_hand: bool
    street_bet: Krw
    cards: tuple[CardCode, ...]


@frozen
class PotView:
    """A main or side pot and who may win it."""

    amount: Krw
    seats: tuple[SeatIndex, ...]


@frozen
class TableOptions:
    """What is played besides the blinds.

    ``straddle`` is the amount that a player under the gun may post, 0 where there is none.
    ``runs_twice``: when all are all-in, the rest of the board may be dealt twice. ``turn_ms`` is the clock of
    a turn, without time bank. ``same_address_seats``: two players may sit here from one network address.
    """

    ante_kind: AnteKind
    ante: Krw
    straddle: Krw
    runs_twice: bool
    turn_ms: int
    same_address_seats: bool


@frozen
class RunItTwiceView:
    """The players of ``seats`` are asked whether the rest of the board is dealt twice."""

    seats: tuple[SeatIndex, ...]
    left_ms: int


@frozen
class Snapshot:
    """A whole table as one viewer may see it. The next event has ``table_seq + 1``.

    ``is_private``: the lobby does not list the table, and it lets in only those who are invited. ``pots`` are
    gathered from the streets before, main pot first. ``waiting`` is how many stand in the waiting list.
    ``you`` is the viewer's own business.
    """

    table_id: TableId
    table_seq: int
    hand_no: int
    name: str
    stake: str
    small_blind: Krw
    big_blind: Krw
    min_buy_in: Krw
    max_buy_in: Krw
    seat_count: int
    options: TableOptions
    is_private: bool
    state: TableState
    hand_id: HandId | None
    button: SeatIndex | None
    street: Street | None
    board: tuple[CardCode, ...]
    pots: tuple[PotView, ...]
    seats: tuple[SeatView, ...]
    turn: TurnView | None
    run_it_twice: RunItTwiceView | None
    waiting: int
    you: Place


@frozen
class TableEvent:
    """What every event carries: the table, its number there, and the hand it belongs to (0: none yet).

    ``state_hash`` is there with every event whose number can be divided by 20: the hash of all that everybody
    can see of the table after this event. A client that computes another one has drifted and asks to
    ``Resync``.
    """

    table_id: TableId
    table_seq: int
    hand_no: int
    state_hash: bytes | None = field(default=None, kw_only=True)


@frozen
class SeatTaken(TableEvent):
    """A player has a seat; reserved until the buy-in is held."""

    seat: SeatIndex
    user_id: UserId
    nickname: str
    status: SeatStatus
    stack: Krw


@frozen
class SeatChanged(TableEvent):
    """A seat's status or stack is another one, outside of a hand's course."""

    seat: SeatIndex
    status: SeatStatus
    stack: Krw


@unique
class LeaveReason(Enum):
    """Why a seat was given up."""

    LEFT = "left"
    """The player wanted to go."""
    BUY_IN_REFUSED = "buy_in_refused"
    """The ledger did not give the money for the buy-in: nobody has sat there."""
    MISSED_BLINDS = "missed_blinds"
    """The big blind has passed the player too often in a row (rule 22)."""


@frozen
class SeatLeft(TableEvent):
    """The seat is free; ``paid`` went to the player's wallet."""

    seat: SeatIndex
    user_id: UserId
    paid: Krw
    reason: LeaveReason


@frozen
class WaitingListChanged(TableEvent):
    """So many stand in the waiting list."""

    waiting: int


@frozen
class StateChanged(TableEvent):
    """The table waits, plays or stands still."""

    state: TableState


@frozen
class DealtSeat:
    """A player and the stack before a hand."""

    seat: SeatIndex
    stack: Krw


@frozen
class Post:
    """Chips put in before the first action; bet and stack are after it."""

    seat: SeatIndex
    kind: PostKind
    amount: Krw
    street_bet: Krw
    stack: Krw


@frozen
class HandStarted(TableEvent):
    """A deal. Seats in dealing order; no small blind seat when it is dead.

    ``commitment`` (32 bytes) fixes the deck before its first card is dealt; see ``Openings``.
    """

    hand_id: HandId
    button: SeatIndex
    small_blind_seat: SeatIndex | None
    big_blind_seat: SeatIndex
    seats: tuple[DealtSeat, ...]
    posts: tuple[Post, ...]
    commitment: bytes


@frozen
class CardsDealt(TableEvent):
    """Everybody who is dealt in has hole cards; ``cards`` are this viewer's own, else empty."""

    cards: tuple[CardCode, ...]


@frozen
class TurnBegan(TableEvent):
    """A player is to act."""

    turn: TurnView


@frozen
class TimeExtended(TableEvent):
    """The turn goes on in another phase of the clock; the legal actions are the same."""

    seat: SeatIndex
    turn: int
    phase: ClockPhase
    left_ms: int


@frozen
class Acted(TableEvent):
    """A player acted, or the clock did. ``amount`` went in now; bet and stack are after it."""

    seat: SeatIndex
    kind: MoveKind
    amount: Krw
    street_bet: Krw
    stack: Krw
    is_all_in: bool
    cause: MoveCause


@frozen
class StreetDealt(TableEvent):
    """Board cards. ``board`` is 1, or 2 for the second of two runs."""

    street: Street
    board: int
    cards: tuple[CardCode, ...]


@frozen
class UncalledReturned(TableEvent):
    """The part of a bet that nobody matched goes back."""

    seat: SeatIndex
    amount: Krw
    stack: Krw


@frozen
class RunItTwiceOffered(TableEvent):
    """No more betting: each of these players may answer with ``RunItTwice``; no answer means once."""

    offer: RunItTwiceView


@frozen
class RunItTwiceDecided(TableEvent):
    """The rest of the board is dealt twice, if all who were asked agreed, else once."""

    twice: bool


@frozen
class HandShown(TableEvent):
    """A player's hole cards are open to all, or after the hand one of them.

    ``hand`` is what they make; None while the board is not complete, if it is dealt twice, and after the
    hand.
    """

    seat: SeatIndex
    cards: tuple[CardCode, ...]
    hand: MadeHand | None


@frozen
class HandMucked(TableEvent):
    """A beaten hand goes unseen."""

    seat: SeatIndex


@frozen
class PotWin:
    """What a player gets out of a pot, and the hand that wins it; None if nobody contested it."""

    seat: SeatIndex
    amount: Krw
    hand: MadeHand | None


@frozen
class PotAwarded(TableEvent):
    """A pot (0 is the main pot) is paid, rake already out."""

    pot: int
    board: int
    wins: tuple[PotWin, ...]


@frozen
class SeatNet:
    """What a hand did to a player, and the stack after it."""

    seat: SeatIndex
    net: Krw
    stack: Krw


@frozen
class HandEnded(TableEvent):
    """The hand is over; nets and rake sum to zero."""

    hand_id: HandId
    rake: Krw
    results: tuple[SeatNet, ...]


@frozen
class HandVoided(TableEvent):
    """The hand does not count: everybody has what they had before it, which ``stacks`` says."""

    hand_id: HandId
    stacks: tuple[DealtSeat, ...]


@frozen
class Announced(TableEvent):
    """An administrator's words to all who watch."""

    text: str


AnyTableEvent = (
    SeatTaken
    | SeatChanged
    | SeatLeft
    | StateChanged
    | HandStarted
    | CardsDealt
    | TurnBegan
    | TimeExtended
    | Acted
    | StreetDealt
    | UncalledReturned
    | RunItTwiceOffered
    | RunItTwiceDecided
    | HandShown
    | HandMucked
    | PotAwarded
    | HandEnded
    | HandVoided
    | WaitingListChanged
    | Announced
)

TableMessage = (
    Welcome | Pong | Done | Refused | Snapshot | AnyTableEvent | PlaceChanged | Said | Emoted | Openings
)

TABLE_TAGS: Final[Mapping[int, type]] = MappingProxyType(
    {
        1: Welcome,
        2: Pong,
        3: Done,
        4: Refused,
        5: Snapshot,
        6: SeatTaken,
        7: SeatChanged,
        8: SeatLeft,
        9: StateChanged,
        10: HandStarted,
        11: CardsDealt,
        12: TurnBegan,
        13: Acted,
        14: StreetDealt,
        15: UncalledReturned,
        16: HandShown,
        17: HandMucked,
        18: PotAwarded,
        19: HandEnded,
        20: HandVoided,
        21: RunItTwiceOffered,
        22: RunItTwiceDecided,
        23: TimeExtended,
        24: WaitingListChanged,
        25: PlaceChanged,
        26: Announced,
        27: Said,
        28: Emoted,
        29: Openings,
    }
)
"""Tag of each message; a tag is never given to another message."""


@unique
class CloseCode(Enum):
    """Why the node closes a connection (RFC 6455 section 7.4; from 4000 on our own)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    WRONG_DATA_KIND = 1003
    MALFORMED = 1007
    POLICY = 1008
    TOO_LARGE = 1009
    INTERNAL = 1011
    RESTART = 1012
    TRY_AGAIN_LATER = 1013
    NOT_AUTHENTICATED = 4401
    HEARTBEAT_MISSED = 4408
    REPLACED = 4409
    TOO_SLOW = 4410
    TOO_MANY_MESSAGES = 4429


def table_codec(encoding: Encoding) -> Codec[TableMessage]:
    """Give the codec for messages to a player."""
    return Codec(TableMessage, encoding, MAX_TABLE_MESSAGE_BYTES, {TableMessage: TABLE_TAGS})

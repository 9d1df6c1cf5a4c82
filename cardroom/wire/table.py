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
from cardroom.wire.moved import Moved
from cardroom.wire.notices import DepositNotice, WithdrawalNotice
from cardroom.wire.place import Place, PlaceChanged
from cardroom.wire.proof import Openings
from cardroom.wire.protection import RealityCheck
from cardroom.wire.refusals import Refusal

MAX_TABLE_MESSAGE_BYTES: Final = 16 * 1024
"""No message to a player is longer."""


@unique
class SeatStatus(Enum):
    """What the occupant of a seat is doing between and during hands."""

    RESERVED = "reserved"
    """The buy-in is on its way from the wallet."""
    PLAYING = "playing"
    """Is dealt into the next hand."""
    SITTING_OUT = "sitting_out"
    """Keeps the seat and is dealt no cards until ``SitIn``."""
    WAITING_FOR_BLIND = "waiting_for_blind"
    """Is dealt in when the big blind or the end of a wait comes."""
    LEAVING = "leaving"
    """Is paid out and gone as soon as nothing is open."""


@unique
class PostKind(Enum):
    """Why chips were put in before the first action."""

    ANTE = "ante"
    """Each player's ante, dead in the pot."""
    SMALL_BLIND = "small_blind"
    BIG_BLIND = "big_blind"
    BIG_BLIND_ANTE = "big_blind_ante"
    """The ante that the big blind posts for the table, dead in the pot."""
    STRADDLE = "straddle"
    """A blind bet of twice the big blind under the gun."""
    LIVE_BLIND = "live_blind"
    """A big blind posted to be dealt in at once; it counts as a bet."""
    DEAD_BLIND = "dead_blind"
    """A missed small blind; it lies in the pot and counts as no bet."""


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
    """Fewer than two players are ready."""
    PLAYING = "playing"
    """A hand is in play."""
    BETWEEN_HANDS = "between_hands"
    """The next hand is about to be dealt."""
    WAITING_FOR_LEDGER = "waiting_for_ledger"
    """Too many hands are not booked yet; play goes on by itself."""
    HALTED = "halted"
    """No more hands until an administrator has looked at the table."""
    HELD = "held"
    """No more hands for now, or for ever: ``TableHeld`` says why."""


@frozen
class Welcome:
    """The ticket was good. Silence longer than ``heartbeat_seconds`` closes the connection.

    ``resume`` is the token for ``Resume`` after this connection.
    """

    user_id: UserId
    nickname: str
    """The player's name."""
    node: NodeId
    heartbeat_seconds: int
    resume: str


@frozen
class Pong:
    """Answer to ``Ping``."""

    number: int
    """The number of the ``Ping``."""


@frozen
class Done:
    """The request was carried out."""

    request_id: int
    """The number of the request, or the ``action_id`` of an action."""


@frozen
class Refused:
    """The request was refused and changed nothing. ``request_id`` is None for bytes that were no message."""

    request_id: int | None
    """The number of the request or action; None for bytes that were no message, and before ``Welcome``."""
    code: Refusal
    """Why."""


@frozen
class LegalActions:
    """What the player to act may do; folding is always allowed.

    ``call_amount`` is what a call puts in, 0 if there is nothing to call. A raise goes from ``min_raise_to``
    to ``max_raise_to``, counted as street bets; both are None when a raise is refused. ``all_in_amount`` is
    what all-in puts in, None when it is refused.
    """

    can_check: bool
    """There is nothing to call."""
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
    """The number of the turn in this hand; the same as long as this player is to act."""
    phase: ClockPhase
    left_ms: int
    """What was left of the phase when the message was sent."""
    bank_ms: int
    legal: LegalActions


@frozen
class SeatView:
    """One occupied seat as everybody sees it; ``cards`` only what this viewer may see."""

    seat: SeatIndex
    user_id: UserId
    nickname: str
    """The name of the player."""
    stack: Krw
    """Chips behind, without what is bet on this street."""
    status: SeatStatus
    is_in_hand: bool
    """Was dealt in and has not folded."""
    street_bet: Krw
    """What the player has put in on this street."""
    cards: tuple[CardCode, ...]
    """Hole cards that this viewer may see, else empty."""


@frozen
class PotView:
    """A main or side pot and who may win it."""

    amount: Krw
    """What lies in it, without the bets of this street."""
    seats: tuple[SeatIndex, ...]
    """Who may win it."""


@frozen
class TableOptions:
    """What is played besides the blinds.

    ``straddle`` is the amount that a player under the gun may post, 0 where there is none.
    ``runs_twice``: when all are all-in, the rest of the board may be dealt twice. ``turn_ms`` is the clock of
    a turn, without time bank. ``same_address_seats``: two players may sit here from one network address.
    """

    ante_kind: AnteKind
    ante: Krw
    """The amount of one ante, 0 where there is none."""
    straddle: Krw
    runs_twice: bool
    turn_ms: int
    same_address_seats: bool


@frozen
class RunItTwiceView:
    """The players of ``seats`` are asked whether the rest of the board is dealt twice."""

    seats: tuple[SeatIndex, ...]
    """Who is asked."""
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
    """The number of the last event that this snapshot has in it."""
    hand_no: int
    """The number of the hand in play, else of the last one; 0: none yet."""
    name: str
    """The table's name."""
    stake: str
    """The name of the game that is played."""
    small_blind: Krw
    big_blind: Krw
    min_buy_in: Krw
    """The smallest buy-in of the table."""
    max_buy_in: Krw
    """The largest buy-in of the table."""
    seat_count: int
    """How many seats the table has, free ones too."""
    options: TableOptions
    is_private: bool
    state: TableState
    hand_id: HandId | None
    """The hand in play; None between hands."""
    button: SeatIndex | None
    """Where the button lies; the seat may be empty."""
    street: Street | None
    """The betting round; None between hands."""
    board: tuple[CardCode, ...]
    """The board cards in the order of dealing."""
    pots: tuple[PotView, ...]
    """The main pot first; without the bets of this street."""
    seats: tuple[SeatView, ...]
    """The seats that are taken."""
    turn: TurnView | None
    """Whose turn it is; None if nobody's."""
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
    """The table at which it happened."""
    table_seq: int
    """The event's number at this table, one more than the one before."""
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
    TABLE_CLOSED = "table_closed"
    """The table is being closed (rule 36)."""


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
    """How many wait now."""


@frozen
class StateChanged(TableEvent):
    """The table waits, plays or stands still."""

    state: TableState


@frozen
class DealtSeat:
    """A player and the stack before a hand."""

    seat: SeatIndex
    stack: Krw
    """Chips before posting."""


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
    """Where the button lies; the seat may be empty."""
    small_blind_seat: SeatIndex | None
    """Who posts the small blind; None when it is dead."""
    big_blind_seat: SeatIndex
    seats: tuple[DealtSeat, ...]
    """Who is dealt in, in the order of dealing."""
    posts: tuple[Post, ...]
    """What is put in before the cards, in this order."""
    commitment: bytes


@frozen
class CardsDealt(TableEvent):
    """Everybody who is dealt in has hole cards; ``cards`` are this viewer's own, else empty."""

    cards: tuple[CardCode, ...]
    """The viewer's own hole cards; empty for everybody else."""


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
    """What went in now."""
    street_bet: Krw
    """The player's bet of this street, after it."""
    stack: Krw
    """Chips behind, after it."""
    is_all_in: bool
    """No chips are left behind."""
    cause: MoveCause


@frozen
class StreetDealt(TableEvent):
    """Board cards. ``board`` is 1, or 2 for the second of two runs."""

    street: Street
    board: int
    """1, or 2 for the second of two runs."""
    cards: tuple[CardCode, ...]
    """The new cards."""


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
    """Whether it is dealt twice."""


@frozen
class HandShown(TableEvent):
    """A player's hole cards are open to all, or after the hand one of them.

    ``hand`` is what they make; None while the board is not complete, if it is dealt twice, and after the
    hand.
    """

    seat: SeatIndex
    cards: tuple[CardCode, ...]
    """The hole cards that are open now."""
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
    """What the player gets."""
    hand: MadeHand | None


@frozen
class PotAwarded(TableEvent):
    """A pot (0 is the main pot) is paid, rake already out."""

    pot: int
    """0 is the main pot, 1 the first side pot."""
    board: int
    """The run that decided it: 1, or 2 for the second."""
    wins: tuple[PotWin, ...]
    """Who gets what."""


@frozen
class SeatNet:
    """What a hand did to a player, and the stack after it."""

    seat: SeatIndex
    net: Krw
    """What was won, or with a minus lost."""
    stack: Krw
    """Chips after the hand."""


@frozen
class HandEnded(TableEvent):
    """The hand is over; nets and rake sum to zero."""

    hand_id: HandId
    rake: Krw
    """What the house takes out of the pots."""
    results: tuple[SeatNet, ...]
    """Of all who were dealt in."""


@frozen
class HandVoided(TableEvent):
    """The hand does not count: everybody has what they had before it, which ``stacks`` says."""

    hand_id: HandId
    stacks: tuple[DealtSeat, ...]


@frozen
class Announced(TableEvent):
    """An administrator's words to all who watch."""

    text: str
    """What is announced."""


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


@frozen
class TablePaused:
    """The table waits for a server (``is_paused``), or goes on. No event: it has no number.

    While it waits nobody can act and no clock runs; requests are refused as ``table_paused``. When it goes
    on, whose turn it is has all the time again.
    """

    table_id: TableId
    is_paused: bool


@unique
class HoldReason(Enum):
    """Why no hand is dealt after the one in play."""

    ADMINISTRATOR = "administrator"
    """An administrator has paused this table."""
    PLAY_FROZEN = "play_frozen"
    """An administrator has frozen all play."""
    CLOSING = "closing"
    """The table is being closed: who is not in a hand is paid out."""


@frozen
class TableHeld:
    """No hand is dealt after the one in play, for these ``reasons``; without any, hands are dealt again.

    No event: it has no number. It comes when the reasons change, and to who comes while there are any.
    Meanwhile everybody may leave, and nobody sits down or tops up (``table_held``, ``play_frozen``,
    ``table_closing``). ``text`` is what the administrator wants to have said, or empty.
    """

    table_id: TableId
    reasons: tuple[HoldReason, ...]
    text: str


TableMessage = (
    Welcome
    | Pong
    | Done
    | Refused
    | Snapshot
    | AnyTableEvent
    | PlaceChanged
    | Said
    | Emoted
    | Openings
    | Moved
    | TablePaused
    | TableHeld
    | RealityCheck
    | DepositNotice
    | WithdrawalNotice
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
        31: Moved,
        30: TablePaused,
        32: TableHeld,
        33: RealityCheck,
        34: DepositNotice,
        35: WithdrawalNotice,
    }
)
"""Tag of each message; a tag is never given to another message."""


@unique
class CloseCode(Enum):
    """Why the node closes a connection (RFC 6455 section 7.4; from 4000 on our own)."""

    NORMAL = 1000
    """The player's side has closed, or there is nothing more to say."""
    GOING_AWAY = 1001
    """Reserved."""
    WRONG_DATA_KIND = 1003
    """Reserved."""
    MALFORMED = 1007
    """A text frame that is not UTF-8."""
    POLICY = 1008
    """Reserved."""
    TOO_LARGE = 1009
    """A message above the limit of bytes."""
    INTERNAL = 1011
    """Something is wrong at the node. Connect again after a while."""
    RESTART = 1012
    """The node stops, or does not play this table any more. Ask the router for another ticket."""
    TRY_AGAIN_LATER = 1013
    """The node has as many connections as it may. Ask the router again after some seconds."""
    TABLE_CLOSED = 4301
    """The table is closed for good: choose another one in the lobby."""
    MOVED = 4302
    """Another node plays the table from now on: ``Moved`` said which."""
    NOT_AUTHENTICATED = 4401
    """Nothing said in time, a message that opens no connection, or a ticket that is not good."""
    HEARTBEAT_MISSED = 4408
    """No sign of life of the player for the time that ``Welcome`` names."""
    REPLACED = 4409
    """The player has opened more connections than allowed; the oldest is closed."""
    TOO_SLOW = 4410
    """The player does not read what the node sends. Connect again."""
    TOO_MANY_MESSAGES = 4429
    """The player went on sending after many refusals as ``rate_limited``."""


def table_codec(encoding: Encoding) -> Codec[TableMessage]:
    """Give the codec for messages to a player."""
    return Codec(TableMessage, encoding, MAX_TABLE_MESSAGE_BYTES, {TableMessage: TABLE_TAGS})

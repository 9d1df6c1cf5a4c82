"""Player to node. Every request names itself by a number that its answer repeats.

Amounts are whole won. A request that is refused changes nothing and is answered with ``Refused``.
"""

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.chat import Emote
from cardroom.wire.codec import Codec, Encoding

MAX_PLAYER_MESSAGE_BYTES: Final = 4096
"""A longer message closes the connection with code 1009."""


@unique
class ActionKind(Enum):
    """What a player does with the turn. On msgpack the position is sent: append, never reorder."""

    FOLD = "fold"
    """Give the hand up."""
    CHECK = "check"
    """Pass, while there is nothing to call."""
    CALL = "call"
    """Match the bet, or put in all one has towards it."""
    RAISE_TO = "raise_to"
    """Bet or raise to ``amount``."""
    ALL_IN = "all_in"
    """Put in everything, as a raise where that is allowed, else as a call."""


@frozen
class Hello:
    """The first message: ``ticket`` is the one that the router gave, good once and for 30 s.

    Answered with ``Welcome`` and a ``Snapshot`` of the ticket's table, or with ``Refused`` and close code
    4401, or 1012 for a table that is not here any more, or 1013 for a node that is full. Nothing else but
    ``Resume`` is accepted before it.

    ``invitation`` is the code of a private table, empty where none is needed: at public tables, for who holds
    a seat, and for who was let in before. A node that starts again knows only the seats: keep the code.
    Refused after ``Welcome``, with the same close code: invitation needed.
    """

    ticket: str
    invitation: str = field(repr=False)  # no log or error message shows it


@frozen
class Resume:
    """The first message of who comes back: the token out of ``Welcome``, and the last event seen there.

    Answered with ``Welcome``, which has a new token, and then with the events that were missed, in order. If
    ``last_seq`` is None, or the node does not know all events since then, a ``Snapshot`` comes instead.
    Refused and closed as for ``Hello``; then ask the router for a ticket. The token is no invitation: after a
    start of its node a private table asks who holds no seat for the code again, which ``Hello`` shows.
    """

    token: str
    """What ``Welcome`` gave as ``resume``."""
    last_seq: int | None


@frozen
class Ping:
    """A sign of life; answered with ``Pong`` and the same number."""

    number: int
    """Any number; it comes back."""


@frozen
class SitDown:
    """Take a seat (any free one if ``seat`` is None) with a buy-in from the wallet.

    ``posts_blind``: play as soon as allowed by posting, instead of waiting for the big blind.
    The seat is reserved while the ledger holds the money; ``Done`` comes when it does. Refused: no such
    table or seat, seat taken, already seated, buy-in too small or too large, insufficient funds, frozen.
    """

    request_id: int
    """A number of the client's choice, which the answer repeats."""
    table_id: TableId
    """The table of this connection."""
    seat: SeatIndex | None
    """The seat wanted; None: any that is free."""
    buy_in: Krw
    posts_blind: bool
    """Play as soon as allowed by posting, instead of waiting for the big blind."""


@frozen
class Leave:
    """Leave the table: a live hand is folded when the turn comes, then the stack is paid to the wallet.

    ``after_hand``: play the hand to its end first; ``SitIn`` takes it back until then. ``Done`` comes at
    once; the payment shows as ``SeatLeft``. Refused: not seated. May be repeated.
    """

    request_id: int
    table_id: TableId
    after_hand: bool


@frozen
class SitOut:
    """Be dealt no more hands, seat kept.

    ``at_big_blind``: go on until the big blind comes, and do not post it. Refused: not seated. May be
    repeated.
    """

    request_id: int
    table_id: TableId
    at_big_blind: bool


@frozen
class SitIn:
    """Be dealt in again; missed blinds are posted, or the big blind waited for. May be repeated.

    Takes back "sit out at the big blind" and "leave after the hand". Refused: not seated, leaving.
    """

    request_id: int
    table_id: TableId
    posts_blind: bool


@frozen
class Act:
    """Use the turn. ``amount`` counts only for ``raise_to``: the street bet to raise (or bet) to.

    Refused: no hand, stale hand or turn number, out of turn, action or amount not allowed. A repeated
    ``action_id`` with the same content gets the first answer again, with other content it is refused.
    """

    action_id: int
    table_id: TableId
    hand_no: int
    """The hand that is meant, as its events name it."""
    turn: int
    """The turn that is meant, as it was announced."""
    kind: ActionKind
    amount: Krw
    """For ``raise_to``: the total that the player's bet of this street becomes; else 0."""


@frozen
class Straddle:
    """Say whether to post a straddle when under the gun; it stays so until said otherwise.

    Posted only with three or more dealt in, and if the stack covers it. Refused: not seated, not offered at
    this table. May be repeated.
    """

    request_id: int
    table_id: TableId
    straddles: bool
    """Whether to post a straddle wherever that is possible."""


@frozen
class RunItTwice:
    """Answer ``RunItTwiceOffered``. One "no" decides, also after a "yes" while others are still asked.

    Refused: not seated, no hand, stale hand number, not offered (to this player, or not any more). May be
    repeated.
    """

    request_id: int
    table_id: TableId
    hand_no: int
    agrees: bool
    """Whether the rest of the board is to be dealt twice."""


@frozen
class ShowCards:
    """Show one or both of one's cards after the hand, however it ended.

    Refused: not seated, stale hand number, not offered (the hand is not over, or too long ago), not one's own
    cards. May be repeated.
    """

    request_id: int
    table_id: TableId
    hand_no: int
    cards: tuple[CardCode, ...]
    """One or both of the player's own."""


@frozen
class TopUp:
    """Bring more chips from the wallet; they play from the next hand (rule 34). A rebuy when none are left.

    Answered when the ledger has decided. The stack before the hand and the top-up together are at most the
    table's largest buy-in, and at least its smallest if no chips are left. The same request again, with the
    same ``request_id``, gets the first answer again and moves nothing. Refused: not seated, leaving, a top-up
    under way, buy-in too small or too large, insufficient funds, frozen.
    """

    request_id: int
    table_id: TableId
    amount: Krw


@frozen
class AutoTopUp:
    """Fill the stack up to ``up_to`` after each hand that leaves less; 0 ends it. May be repeated.

    It ends by itself when the ledger refuses; ``PlaceChanged`` says so. Refused: not seated, leaving, buy-in
    too small or too large.
    """

    request_id: int
    table_id: TableId
    up_to: Krw


@frozen
class JoinWaitingList:
    """Wait for a seat. ``PlaceChanged`` tells the place in the list, and the offer of a seat.

    The offer is kept for 30 s and taken with ``SitDown``. Who has no connection when a seat comes free is
    passed over and keeps the place for a while. Refused: already seated, seat is free, waiting list full. May
    be repeated.
    """

    request_id: int
    table_id: TableId


@frozen
class LeaveWaitingList:
    """Wait no more, and give back a seat that was offered. Refused: not waiting."""

    request_id: int
    table_id: TableId


@frozen
class Resync:
    """Ask for what was missed after the event ``last_seq``; answered with it, then ``Done``.

    What was missed comes as events if the table still has them all, else as a ``Snapshot``; always as one
    when ``last_seq`` is None, which a client sends that has drifted. May be repeated. Counts as ten messages;
    refused: rate limited.
    """

    request_id: int
    table_id: TableId
    last_seq: int | None


@frozen
class Chat:
    """Say something to the table; all hear it as ``Said``, but those who have muted the player.

    The text is put into Unicode's form NFC and loses white space at its ends. Refused: not seated (a seat
    that waits for its buy-in is none yet), silenced by an administrator, text not allowed (empty, more than
    200 letters, control or format characters), chat closed (the player was dealt into the hand in play and
    somebody in it is all-in), rate limited (five at once, then one every two seconds, emotes included).
    """

    request_id: int
    table_id: TableId
    text: str
    """What is said."""


@frozen
class ShowEmote:
    """Show an emote to the table; all see it as ``Emoted``. Refused as ``Chat``, and counted with it."""

    request_id: int
    table_id: TableId
    emote: Emote


@frozen
class Mute:
    """Hear a player no more at this table, neither words nor emotes, or hear the player again.

    It lasts, whatever becomes of the connection, while the asker holds a seat or watches. Refused: neither
    seated nor watching (not seated), too many muted already (mutes full). May be repeated.
    """

    request_id: int
    table_id: TableId
    user_id: UserId
    """Whom to hear no more."""
    is_muted: bool
    """False: hear the player again."""


@frozen
class Prove:
    """Ask for the openings of all cards of a hand that the asker may see now; answered with ``Openings``.

    Also while the hand is played, and for the last 20 hands of the table. Refused: no hand of that number
    counts (no hand), the node does not know its deck any more (stale hand). May be repeated.
    """

    request_id: int
    table_id: TableId
    hand_no: int


Talk = Chat | ShowEmote | Mute

TableRequest = (
    SitDown
    | Leave
    | SitOut
    | SitIn
    | Act
    | Straddle
    | RunItTwice
    | ShowCards
    | TopUp
    | AutoTopUp
    | JoinWaitingList
    | LeaveWaitingList
    | Resync
    | Talk
    | Prove
)
"""What a table is asked for; each is answered with ``Done`` (``Prove`` with ``Openings``) or ``Refused``."""

PlayerMessage = Hello | Resume | Ping | TableRequest

PLAYER_TAGS: Final[Mapping[int, type]] = MappingProxyType(
    {
        1: Hello,
        2: Ping,
        3: SitDown,
        4: Leave,
        5: SitOut,
        6: SitIn,
        7: Act,
        8: Straddle,
        9: RunItTwice,
        10: ShowCards,
        11: TopUp,
        12: AutoTopUp,
        13: JoinWaitingList,
        14: LeaveWaitingList,
        15: Resync,
        16: Resume,
        17: Chat,
        18: ShowEmote,
        19: Mute,
        20: Prove,
    }
)
"""Tag of each message; a tag is never given to another message."""


def player_codec(encoding: Encoding) -> Codec[PlayerMessage]:
    """Give the codec for messages from a player."""
    return Codec(PlayerMessage, encoding, MAX_PLAYER_MESSAGE_BYTES, {PlayerMessage: PLAYER_TAGS})

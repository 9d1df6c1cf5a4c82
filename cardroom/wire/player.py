"""Player to node. Every request names itself by a number that its answer repeats.

Amounts are whole won. A request that is refused changes nothing and is answered with ``Refused``.
"""

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from attrs import frozen

from cardroom.ids import SeatIndex, TableId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
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
    4401. Nothing else is accepted before it.
    """

    ticket: str


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

    ``Done`` comes at once; the payment shows as ``SeatLeft``. Refused: not seated. May be repeated.
    """

    request_id: int
    table_id: TableId


@frozen
class SitOut:
    """Be dealt no more hands, seat kept. Refused: not seated. May be repeated."""

    request_id: int
    table_id: TableId


@frozen
class SitIn:
    """Be dealt in again; missed blinds are posted, or the big blind waited for. May be repeated.

    Refused: not seated, leaving.
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


TableRequest = SitDown | Leave | SitOut | SitIn | Act | Straddle | RunItTwice | ShowCards
"""What a table is asked for; each is answered with ``Done`` or ``Refused``."""

PlayerMessage = Hello | Ping | SitDown | Leave | SitOut | SitIn | Act | Straddle | RunItTwice | ShowCards

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
    }
)
"""Tag of each message; a tag is never given to another message."""


def player_codec(encoding: Encoding) -> Codec[PlayerMessage]:
    """Give the codec for messages from a player."""
    return Codec(PlayerMessage, encoding, MAX_PLAYER_MESSAGE_BYTES, {PlayerMessage: PLAYER_TAGS})

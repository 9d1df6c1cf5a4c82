"""What a table remembers between hands, as the journal has it: seats, wishes, money under way, the talk."""

from typing import Final

from attrs import frozen

from cardroom.ids import CommandId, HandId, SeatIndex, UserId
from cardroom.money import Krw
from cardroom.wire.chat import Said
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.player import SitDown, TopUp
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import LeaveReason
from node.rules.seating import Seating

MAX_INVITED: Final = 1000
"""So many of those whom a private table has let in are remembered, the newest; others need the code again."""

MAX_MUTING: Final = 200
"""Of so many players who have muted somebody that is remembered, the newest; however many watch a table."""

_MAX_MEMORY_BYTES: Final = 64 * 1024
_MAX_TALK_BYTES: Final = 256 * 1024


@frozen
class BuyInUnderWay:
    """A reserved seat: what was asked for, and the command that asks the ledger for the money."""

    request: SitDown
    command_id: CommandId


@frozen
class ChipsUnderWay:
    """A top-up that the ledger was asked for; without a request the table asked by itself."""

    amount: Krw
    request: TopUp | None
    command_id: CommandId


@frozen
class AnsweredRequest:
    """A top-up that was decided; ``refusal`` is None if the chips came."""

    request: TopUp
    refusal: Refusal | None


@frozen
class SpareMemory:
    """A player's time bank and broken connections."""

    bank_ms: int
    breaks: int
    used_in_hand: int
    hands: int


@frozen
class PlayerMemory:
    """One held seat; the stack stands in the table's ``seating``."""

    user_id: UserId
    nickname: str
    seat: SeatIndex
    escrow: Krw
    arriving: Krw
    buy_in: BuyInUnderWay | None
    top_up: ChipsUnderWay | None
    paying_out: CommandId | None
    answered: tuple[AnsweredRequest, ...]
    sits_out_at_first: bool
    straddles: bool
    posts_blind: bool
    sits_out_at_big_blind: bool
    leaves_after_hand: bool
    is_leaving: bool
    leave_reason: LeaveReason
    auto_top_up_to: Krw
    address: str
    spare: SpareMemory
    time_outs: int
    ends_for: Refusal | None
    sat_unix_ms: int
    brought: Krw


@frozen
class OfferMemory:
    """A free seat that is kept for somebody of the waiting list."""

    seat: SeatIndex
    user_id: UserId
    left_ms: int


@frozen
class TableMemory:
    """A table between two hands: while one is played, as it was before that. Nothing of it is a card."""

    run: str
    """The numbering of the table's events; it goes on with the next owner."""
    seating: Seating
    players: tuple[PlayerMemory, ...]
    settled_hand_id: HandId | None
    settled_hand_no: int
    waiting: tuple[UserId, ...]
    offers: tuple[OfferMemory, ...]
    invited: tuple[UserId, ...]


@frozen
class MutedMemory:
    """Whom a player has muted."""

    user_id: UserId
    muted: tuple[UserId, ...]


@frozen
class SilencedMemory:
    """Who may say nothing, and for how long yet."""

    user_id: UserId
    left_ms: int


@frozen
class TalkMemory:
    """What was said last, and who is kept out of it."""

    lines: tuple[Said, ...]
    muted: tuple[MutedMemory, ...]
    silenced: tuple[SilencedMemory, ...]


def memory_codec() -> Codec[TableMemory]:
    """Give the codec for what a table remembers."""
    return Codec(TableMemory, Encoding.MSGPACK, _MAX_MEMORY_BYTES, {})


def talk_codec() -> Codec[TalkMemory]:
    """Give the codec for a table's talk."""
    return Codec(TalkMemory, Encoding.MSGPACK, _MAX_TALK_BYTES, {})

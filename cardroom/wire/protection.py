"""Protection of players: what they set at the router, and what nodes are told. Amounts are whole won."""

from enum import Enum, unique
from typing import Final

from attrs import field, frozen

from cardroom.ids import TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.json_schema import whole
from cardroom.wire.refusals import Refusal

FOR_EVER_UNIX_MS: Final = 253_402_214_400_000
"""The last day of the year 9999: a self-exclusion until then never ends."""

EXCLUSION: Final = "exclusion"
"""Under which name a self-exclusion stands in the history, among the kinds of limits."""

MAX_TERMS_BYTES: Final = 256
"""No encoded ``PlayerTerms`` are longer."""


@unique
class LimitKind(Enum):
    """What a player can limit; days, weeks (from Monday) and months are those of the house's time zone."""

    DEPOSIT_DAY = "deposit_day"
    """Won that may come in by coins within a calendar day."""
    DEPOSIT_WEEK = "deposit_week"
    DEPOSIT_MONTH = "deposit_month"
    LOSS_DAY = "loss_day"
    """Won that may be lost at tables within a calendar day."""
    LOSS_WEEK = "loss_week"
    LOSS_MONTH = "loss_month"
    SESSION_MINUTES = "session_minutes"
    """Minutes a calendar day with money at any table."""
    REALITY_CHECK_MINUTES = "reality_check_minutes"
    """How often a player at a table is told of the time and the money that went by."""


@frozen
class Limit:
    """One limit. ``None`` is no limit."""

    kind: LimitKind
    value: int | None
    """What holds now: whole won, or minutes."""
    next_value: int | None
    """What holds from ``next_unix_ms`` on; the same as ``value`` if nothing is to change."""
    next_unix_ms: int | None
    """When ``next_value`` begins; None if nothing is to change."""


@frozen
class Protection:
    """``GET /api/v1/me/protection``: the limits that the house offers, and the self-exclusion.

    Also the answer of whoever changes one of them.
    """

    limits: tuple[Limit, ...]
    """One for each kind that the house offers."""
    excluded_until_unix_ms: int | None
    """The end of the self-exclusion that stands now, 253402214400000 for ever; None without one."""
    loosen_seconds: int
    """How long a limit that becomes looser, or is taken away, has to wait."""


@frozen
class LimitWish:
    """``PUT /api/v1/me/protection/limits/{kind}``: the limit that the player wants, None for none.

    What is tighter holds at once, and ends a wish for less that still waits. What is looser holds after
    ``loosen_seconds``. The same wish again changes nothing. Refused: malformed, not offered.
    """

    value: int | None = field(metadata=whole(0, 10**15))
    """Whole won from 0, or minutes: 0 to 1440 at tables, 1 to 1440 between reality checks."""


@frozen
class ExclusionWish:
    """``PUT /api/v1/me/protection/exclusion``: no play and no deposits for so long, from now on.

    It cannot be ended or made shorter; the same or more is a longer one. Refused: malformed, not offered,
    exclusion stands (the present one ends later).
    """

    hours: int | None = field(metadata=whole(24, 87_600))
    """24 to 87,600 (ten years); None for ever."""


@frozen
class PlayerTerms:
    """A field of the hash ``keys.player_terms``, named by the user's id: what holds for the player's seats.

    Written for players who have money at a table, and any terms or a block. From ``play_until_unix_ms`` on
    (None: not limited) each seat ends after the hand in play, for ``reason``.
    """

    user_id: UserId
    play_until_unix_ms: int | None
    reason: Refusal | None
    """Why play ends then: self-excluded, blocked, the session limit or a loss limit; None without an end."""
    reality_check_seconds: int
    """How often the player is told of time and money; 0: as the house does it."""


@frozen
class RealityCheck:
    """How long the player has been at the table, and what was won or lost; as often as the player wants.

    No event: it has no number. It is sent to all of the player's connections to the table, and asks for no
    answer. A sitting begins when the buy-in is there and ends when the seat is free. A hand in play does not
    count yet.
    """

    table_id: TableId
    seated_seconds: int
    """How long this sitting is."""
    net: Krw
    """What was won at this table in this sitting, below zero what was lost."""


def terms_codec() -> Codec[PlayerTerms]:
    """Give the codec for terms."""
    return Codec(PlayerTerms, Encoding.MSGPACK, MAX_TERMS_BYTES, {})

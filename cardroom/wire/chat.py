"""What is said at a table, in words and in emotes.

These messages have no number of the table's events: who has muted a player is not told that player's words.
"""

from enum import Enum, unique

from attrs import frozen

from cardroom.ids import TableId, UserId


@unique
class Emote(Enum):
    """What a player can say without words. On msgpack the position is sent: append, never reorder."""

    NICE_HAND = "nice_hand"
    WELL_PLAYED = "well_played"
    GOOD_LUCK = "good_luck"
    THANKS = "thanks"
    SORRY = "sorry"
    WOW = "wow"
    LAUGH = "laugh"
    CRY = "cry"
    ANGRY = "angry"
    THINKING = "thinking"
    SLEEPY = "sleepy"
    CLAP = "clap"


@frozen
class Said:
    """A player's words, as all hear them who have not muted that player; the speaker hears them too.

    Who comes to watch is told the last lines after the snapshot. ``unix_ms`` is the node's clock.
    """

    table_id: TableId
    user_id: UserId
    nickname: str
    """Who says it."""
    text: str
    """What is said."""
    unix_ms: int


@frozen
class Emoted:
    """A player's emote; it is not told again to who comes later."""

    table_id: TableId
    user_id: UserId
    emote: Emote

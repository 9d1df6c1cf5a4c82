"""What a table's task can be told. It is told in no other way, and reads nothing else."""

from collections.abc import Callable

from attrs import field, frozen

from cardroom.ids import UserId
from cardroom.wire.escrow import HeldMoney
from cardroom.wire.house import HouseWord
from cardroom.wire.ledger import CommandBody, ReplyBody, TableMode
from cardroom.wire.notices import PlayerNotice
from cardroom.wire.player import TableRequest
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import Snapshot
from node.tables.audience import Viewer


@frozen
class Watch:
    """A connection wants to follow the table: answered with a snapshot, or closed where it is not invited.

    Who has followed it before up to ``last_seq`` gets the events since then, if they are still known.
    """

    viewer: Viewer
    last_seq: int | None = None
    invitation: str = field(default="", repr=False)


@frozen
class Unwatch:
    """A connection is gone, or follows the table no more."""

    viewer: Viewer


@frozen
class Ask:
    """A player's request; ``received_at`` is the loop's time when its bytes were here."""

    viewer: Viewer
    request: TableRequest
    received_at: float


@frozen
class LedgerAnswered:
    """The outcome of a command that this table gave to the ledger."""

    command: CommandBody
    reply: ReplyBody


@frozen
class TableDetail:
    """What an administrator may see of a table at one moment: no hole cards of a hand in play."""

    snapshot: Snapshot
    unsettled_hands: int
    last_settled_hand_no: int
    viewers: int
    money: HeldMoney


@frozen
class Inspect:
    """Somebody asks for the state of the table; ``answer`` is called once and must not block."""

    answer: Callable[[TableDetail], None]


@frozen
class Announce:
    """An administrator says something to all; ``answer`` gets the event's number and must not block."""

    text: str
    answer: Callable[[int], None]


@frozen
class Silence:
    """An administrator lets a player say nothing here for a time; 0 seconds lift it.

    It lasts as long as this node holds the table. ``answer`` gets False if too many are silenced already,
    and must not block.
    """

    user_id: UserId
    seconds: int
    answer: Callable[[bool], None]


@frozen
class EndPlay:
    """A player has to go after the hand in play, for a limit of the player's own or an exclusion.

    May be repeated; says nothing to who has no seat here.
    """

    user_id: UserId
    reason: Refusal


@frozen
class TellReality:
    """It is time to tell a player at the table of the time and the money that went by; ``unix_ms`` is now."""

    user_id: UserId
    unix_ms: int


@frozen
class TellNotice:
    """A player is told of coins over one connection, if it follows the table."""

    viewer: Viewer
    notice: PlayerNotice


@frozen
class Drain:
    """Deal no more hands; the task ends when the hand in play has ended."""


@frozen
class Pause:
    """The journal does not answer: nothing is played and no clock runs until it does, which is told, too.

    Then the table goes on where it stood, with all the time for who is to act.
    """

    is_paused: bool


@frozen
class ClockRanOut:
    """Nothing came before the deadline: the turn's, or the end of the pause between hands."""


@frozen
class Switch:
    """The ledger has noted what the table does from now on, by an administrator's order.

    The outcome of an order that comes again may be an old word: then its number is smaller than the last one.
    """

    mode: TableMode
    switch_no: int


@frozen
class KeepEmpty:
    """Let nobody sit down, if nobody sits, is about to, or waits; until ``Switch`` says what is to be.

    ``answer`` gets whether it stands empty, and must not block.
    """

    answer: Callable[[bool], None]


@frozen
class HearHouse:
    """What is to be known of the house is another thing now: play is frozen, or goes on."""

    word: HouseWord


Order = Inspect | Announce | Silence | Drain | Pause | Switch | KeepEmpty | HearHouse
"""What those want who are no players."""

Command = Watch | Unwatch | Ask | LedgerAnswered | ClockRanOut | EndPlay | TellReality | TellNotice | Order

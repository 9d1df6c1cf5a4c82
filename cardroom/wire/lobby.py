"""Router and player over HTTP: accounts, lobby, tickets. JSON; amounts are whole won."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import Enum, unique
from typing import Final

from attrs import field, frozen
from itsdangerous import BadSignature, Signer

from cardroom.ids import BootNonce, Epoch, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.json_schema import beside, letters
from cardroom.wire.presence import LobbyState

TICKET_LIFE_MS: Final = 30_000
"""A ticket must be shown to its node within this time."""

MAX_TICKET_BYTES: Final = 1024
"""No ticket is longer."""

_NOTHING: Final = Krw(0)
_TICKET_SALT: Final = b"holdem.table-ticket.v2"


@frozen
class Registration:
    """``POST /api/v1/auth/register``. Refused: malformed, name or e-mail taken."""

    nickname: str = field(metadata=letters(2, 20, r"^[A-Za-z0-9_\-가-힣]{2,20}$"))
    """2 to 20 letters a-z, digits, ``_``, ``-`` or Korean syllables; everybody sees it."""
    email: str = field(metadata=beside(format="email", maxLength=254))
    """An e-mail address, for the login only."""
    password: str = field(metadata=letters(8, 128))
    """8 to 128 characters."""


@frozen
class Credentials:
    """``POST /api/v1/auth/login``. Refused: wrong credentials, whichever of the two is wrong.

    Further, with the right password: email not confirmed, second factor needed, second factor wrong.
    """

    email: str
    password: str
    code: str = ""
    """Where the account has a second factor: six digits, or a recovery code."""


@frozen
class Registered:
    """The account exists; log in to use it."""

    user_id: UserId
    nickname: str


@frozen
class LoggedIn:
    """A login session; the token goes into ``Authorization: Bearer`` until it expires."""

    token: str
    """Goes into ``Authorization: Bearer``."""
    user_id: UserId
    nickname: str
    expires_unix_ms: int


@frozen
class LobbyTable:
    """One line of the lobby. ``is_open`` is false while no node holds the table.

    ``waiting`` is how many wait for a seat.
    """

    table_id: TableId
    name: str
    """The table's name."""
    stake: str
    """The name of the game that is played."""
    small_blind: Krw
    big_blind: Krw
    min_buy_in: Krw
    """The smallest buy-in."""
    max_buy_in: Krw
    """The largest buy-in."""
    seat_count: int
    """How many seats the table has, free ones too."""
    players: int
    """How many seats are taken."""
    waiting: int
    hand_no: int
    """The last hand; 0: none yet."""
    is_open: bool
    """False while no node holds the table."""
    average_pot: Krw = _NOTHING
    """The mean of the last 20 pots; 0: none yet since this node has the table."""
    hands_per_hour: int = 0
    """As the last hands were played, rounded; 0 where none ended for ten minutes."""
    pace_ms: int = 0
    """How long a player takes for a turn, on average; 0: nobody had one yet since this node has the table."""
    state: LobbyState = LobbyState.OPEN
    """Whether hands are dealt and players may sit down."""


@frozen
class Lobby:
    """``GET /api/v1/tables``: the public tables that were asked for."""

    tables: tuple[LobbyTable, ...]
    """One line for each table, by id unless another order was asked for."""


@frozen
class TicketRequest:
    """The body of ``POST /api/v1/tables/{id}/ticket``, which may be left out.

    Refused with ``route_stale`` if the table is played elsewhere than ``route`` says.
    """

    route: str = ""
    """The route that the client believes in; empty: any."""


@frozen
class TicketAnswer:
    """``POST /api/v1/tables/{id}/ticket``: where to connect, and what to show there.

    Given for private tables too: the code is asked for at the table.
    """

    url: str
    """The WebSocket address, to be used as it is."""
    ticket: str
    """To be shown there once, in the first message."""
    table_id: TableId
    expires_unix_ms: int
    route: str
    """The way to the table that the ticket is for; another one is another node, or another time at it."""


@frozen
class TableRoute:
    """``GET /api/v1/tables/{id}/route``: where a table is played now."""

    table_id: TableId
    route: str
    """To be compared only: a table with another route is played elsewhere, or was meanwhile."""
    node: NodeId
    epoch: Epoch
    url: str
    """The WebSocket address, to be used as it is, with a ticket."""


@frozen
class SeatWish:
    """``POST /api/v1/quick-seat``: a seat at any public table of this game.

    Refused: no such stake or size, all play frozen, no seat found (503, come back).
    """

    stake: str
    """The name of the game."""
    seats: int = field(metadata=beside(enum=[0, 2, 3, 4, 5, 6, 7, 8, 9]))
    """How many seats the table shall have, 2 to 9; 0: any."""


@frozen
class QuickSeat(TicketAnswer):
    """Where a seat was found: a ticket for the table, and the seat.

    The seat is not held at the table, but for some seconds nobody else is sent to it.
    """

    seat: SeatIndex
    """The seat to take, or the one that the player has."""
    is_yours: bool
    """Whether the player sits there already."""


@unique
class RouteState(Enum):
    """Whether a table can be reached."""

    PLAYED = "played"
    """Ask for a ticket."""
    OPENING = "opening"
    """A node is about to play it: ask again in a second."""
    AWAY = "away"
    """Its node is gone; another one takes it soon, or the same when it is back."""


@frozen
class SeatPlace:
    """A seat that the player holds, and where its table is played."""

    table_id: TableId
    seat: SeatIndex
    url: str
    """The WebSocket address of the table's node, empty while no node holds the table."""
    route: str = ""
    """The way to the table, empty while there is none."""
    state: RouteState = RouteState.PLAYED


@frozen
class WhereAmI:
    """``GET /api/v1/me/seats``: every seat of the player."""

    seats: tuple[SeatPlace, ...]
    """None if the player sits nowhere."""
    is_complete: bool = True
    """False while nothing is known of the tables of some shard: the player may have more seats than these."""


@frozen
class TableTicket:
    """What a ticket says: who may connect to which start of which node for which table, once.

    It is good while the node plays the table's shard under the epoch that it had when the ticket was written.
    """

    ticket_id: str
    user_id: UserId
    nickname: str
    table_id: TableId
    node: NodeId
    boot: BootNonce
    expires_unix_ms: int
    shard: ShardId
    epoch: Epoch


_TICKETS: Final = Codec[TableTicket](TableTicket, Encoding.MSGPACK, MAX_TICKET_BYTES, {})


def sign_ticket(ticket: TableTicket, key: str) -> str:
    """Write a ticket so that only who knows ``key`` could have written it."""
    return Signer(key, salt=_TICKET_SALT).sign(urlsafe_b64encode(_TICKETS.encode(ticket))).decode()


def open_ticket(text: str, *keys: str) -> TableTicket:
    """Read a ticket; raises ``BadSignature`` for what ``sign_ticket`` did not write with one of ``keys``.

    Expiry and single use are the reader's to check.
    """
    if len(text) > MAX_TICKET_BYTES:
        raise BadSignature("longer than any ticket")
    try:
        return _TICKETS.decode(urlsafe_b64decode(Signer(keys, salt=_TICKET_SALT).unsign(text)))
    except (Malformed, ValueError) as error:
        raise BadSignature("not a ticket of this version") from error

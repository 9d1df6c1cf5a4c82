"""Router and player over HTTP: accounts, lobby, tickets. JSON; amounts are whole won."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from attrs import field, frozen
from itsdangerous import BadSignature, Signer

from cardroom.ids import BootNonce, NodeId, SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.json_schema import beside, letters

TICKET_LIFE_MS: Final = 30_000
"""A ticket must be shown to its node within this time."""

MAX_TICKET_BYTES: Final = 1024
"""No ticket is longer."""

_TICKET_SALT: Final = b"holdem.table-ticket.v1"


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
    """``POST /api/v1/auth/login``. Refused: wrong credentials, whichever of the two is wrong."""

    email: str
    password: str


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


@frozen
class Lobby:
    """``GET /api/v1/tables``: all public tables, by id."""

    tables: tuple[LobbyTable, ...]
    """One line for each table, by id."""


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


@frozen
class SeatPlace:
    """A seat that the player holds, and where its table is played (empty while no node holds it)."""

    table_id: TableId
    seat: SeatIndex
    url: str
    """The WebSocket address of the table's node, empty while no node holds the table."""


@frozen
class WhereAmI:
    """``GET /api/v1/me/seats``: every seat of the player."""

    seats: tuple[SeatPlace, ...]
    """None if the player sits nowhere."""


@frozen
class TableTicket:
    """What a ticket says: who may connect to which start of which node for which table, once."""

    ticket_id: str
    user_id: UserId
    nickname: str
    table_id: TableId
    node: NodeId
    boot: BootNonce
    expires_unix_ms: int


_TICKETS: Final = Codec[TableTicket](TableTicket, Encoding.MSGPACK, MAX_TICKET_BYTES, {})


def sign_ticket(ticket: TableTicket, key: str) -> str:
    """Write a ticket so that only who knows ``key`` could have written it."""
    return Signer(key, salt=_TICKET_SALT).sign(urlsafe_b64encode(_TICKETS.encode(ticket))).decode()


def open_ticket(text: str, key: str) -> TableTicket:
    """Read a ticket; raises ``BadSignature`` for anything that ``sign_ticket`` did not write with ``key``.

    Expiry and single use are the reader's to check.
    """
    if len(text) > MAX_TICKET_BYTES:
        raise BadSignature("longer than any ticket")
    try:
        return _TICKETS.decode(urlsafe_b64decode(Signer(key, salt=_TICKET_SALT).unsign(text)))
    except (Malformed, ValueError) as error:
        raise BadSignature("not a ticket of this version") from error

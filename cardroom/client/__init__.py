"""The client library: an account at a router, and a connection to a table. Users write bots with it."""

from cardroom.client.account import Account, open_account
from cardroom.client.errors import (
    ClientError,
    ConnectionLost,
    ProtocolBroken,
    RequestRefused,
    SequenceGap,
    StateDrift,
    TableMoved,
)
from cardroom.client.limits import ClientLimits
from cardroom.client.lobby import LobbyView, follow_lobby
from cardroom.client.table import Listener, Table, TableUpdate, WayBack, connect
from cardroom.client.view import TableView
from cardroom.client.wallet import Wallet, open_wallet
from cardroom.client.wallet_events import WalletEvents, follow_wallet
from cardroom.client.way import find_seat, way_to

__all__ = [
    "Account",
    "ClientError",
    "ClientLimits",
    "ConnectionLost",
    "Listener",
    "LobbyView",
    "ProtocolBroken",
    "RequestRefused",
    "SequenceGap",
    "StateDrift",
    "Table",
    "TableMoved",
    "TableUpdate",
    "TableView",
    "Wallet",
    "WalletEvents",
    "WayBack",
    "connect",
    "find_seat",
    "follow_lobby",
    "follow_wallet",
    "open_account",
    "open_wallet",
    "way_to",
]

"""What the protocol has: messages, their parts, bodies over HTTP, and limits that a player may meet."""

import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from cardroom.wire import lobby
from cardroom.wire.player import PLAYER_TAGS
from cardroom.wire.table import TABLE_TAGS
from cardroom.wire.vocabulary import NamedNumber, constants_of, defaults_of, parts_of
from node.settings import ConnectionTime, SessionLimits, StakeSettings, TableLimits, TimeBank

MESSAGES: Final = (*PLAYER_TAGS.values(), *TABLE_TAGS.values())
BODIES: Final = (
    lobby.Registration, lobby.Registered, lobby.Credentials, lobby.LoggedIn, lobby.Lobby, lobby.LobbyTable,
    lobby.TicketRequest, lobby.TicketAnswer, lobby.TableRoute, lobby.SeatWish, lobby.QuickSeat,
    lobby.WhereAmI, lobby.SeatPlace,
)  # fmt: skip
"""What goes over HTTP; other classes of that module are not for players."""
PARTS: Final = tuple(parts_of((*MESSAGES, *BODIES)))


def _constants() -> Iterator[NamedNumber]:
    """Give the constants that stand beside the classes."""
    for name in dict.fromkeys(kind.__module__ for kind in (*MESSAGES, *PARTS, *BODIES)):
        yield from constants_of(sys.modules[name])


LIMITS: Final[Mapping[str, tuple[NamedNumber, ...]]] = MappingProxyType(
    {
        "message": tuple(_constants()),
        "session": defaults_of(SessionLimits),
        "table": defaults_of(TableLimits),
        "game": defaults_of(StakeSettings),
        "time_bank": defaults_of(TimeBank),
        "connection_time": defaults_of(ConnectionTime),
    }
)
"""By what they limit: fixed ones, then a node's defaults."""

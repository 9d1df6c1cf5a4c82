"""Where all players of one process come in: one HTTP client to the router, logins, and the way to a table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import trio

from cardroom.client import Account, ClientLimits, RequestRefused
from cardroom.client.account import http_errors, open_http, refusal_of
from cardroom.ids import TableId
from cardroom.wire.refusals import Refusal
from loadtest.floor import Floor
from loadtest.profile import Player, Profile
from loadtest.purse import Purse
from loadtest.tally import Tally

_HTTP_CONNECTIONS: Final = 64
_LOGINS_AT_ONCE: Final = 16
"""The others stand in line before they ask: the HTTP client looks at all who wait each time that one is done,
and who asks and is not answered in time asks again, which is more than the router was asked before."""

_LOBBY: Final = "/api/v1/tables"
_ROUTES: Final = {
    "/api/v1/auth/register": "register",
    "/api/v1/auth/login": "login",
    "/api/v1/auth/logout": "logout",
    _LOBBY: "lobby",
    "/api/v1/me/seats": "seats",
}


class Entrance:
    """Gives players their accounts; the calls of all of them are counted by route."""

    def __init__(
        self, http: httpx.AsyncClient, floor: Floor, tally: Tally, purse: Purse | None = None
    ) -> None:
        self._http = http
        self._tally = tally
        self._purse = purse
        self._logins = trio.CapacityLimiter(_LOGINS_AT_ONCE)
        self.floor = floor

    def account(self) -> Account:
        """Give a player an account to log in with."""
        return Account(self._http, self._called)

    async def log_in(self, account: Account, player: Player) -> None:
        """Log in, in turn; who has no account yet opens one, and who has too little is given money."""
        async with self._logins:
            try:
                login = await account.log_in(player.email, player.password)
            except RequestRefused as refusal:
                if refusal.code is not Refusal.WRONG_CREDENTIALS:
                    raise
                await account.register(player.nickname, player.email, player.password)
                login = await account.log_in(player.email, player.password)
            if self._purse is not None:
                await self._purse.fill(login)

    async def look_at_lobby(self, account: Account) -> None:
        """Ask for the lobby and throw it away unread: to read it takes longer than to be given it."""
        token = "" if account.login is None else account.login.token
        began = trio.current_time()
        with http_errors():
            response = await self._http.get(_LOBBY, headers={"Authorization": f"Bearer {token}"})
        self._called("GET", _LOBBY, trio.current_time() - began)
        if not response.is_success:
            raise refusal_of(response)

    def _called(self, method: str, path: str, seconds: float) -> None:
        del method
        self._tally.called(route_of(path), seconds)


def route_of(path: str) -> str:
    """Name what a call asks for; every table's ticket is the same."""
    return _ROUTES.get(path) or path.rpartition("/")[2]


@asynccontextmanager
async def open_entrance(
    profile: Profile, tables: frozenset[TableId] | None, tally: Tally
) -> AsyncIterator[Entrance]:
    """Give the entrance of a process; ``tables`` are those that its players may choose, None all."""
    limits = ClientLimits(http_connections=min(_HTTP_CONNECTIONS, 4 + profile.players))
    floor = Floor(profile.pace.lobby_seconds, tables)
    async with open_http(profile.router_url, limits) as http:
        if profile.grant is None:
            yield Entrance(http, floor, tally)
            return
        async with open_http(profile.grant.wallet_url, limits) as wallet:
            yield Entrance(http, floor, tally, Purse(wallet, profile.grant))

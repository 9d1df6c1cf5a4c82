"""Accounts, logins and the lobby over HTTP, with the paths and bodies of the product."""

import asyncio
import json
import secrets
import time
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response

from cardroom.ids import TableId, UserId
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.lobby import (
    Credentials,
    Lobby,
    LoggedIn,
    Registered,
    Registration,
    SeatPlace,
    TicketAnswer,
    WhereAmI,
)
from cardroom.wire.refusals import Refusal
from loadtest.baseline.floor import Floor
from loadtest.baseline.sockets import TICKET_SECONDS, Sockets
from loadtest.baseline.store import Store
from loadtest.baseline.table import Denied

_MAX_BYTES: Final = 4 * 1024 * 1024
_SESSION_SECONDS: Final = 24 * 3600
_KINDS: Final = (Registration, Registered, Credentials, LoggedIn, Lobby, WhereAmI, TicketAnswer)
_STATUS: Final = {Refusal.WRONG_CREDENTIALS: 401, Refusal.NOT_AUTHENTICATED: 401, Refusal.NO_SUCH_TABLE: 404}
_BAD_REQUEST: Final = 400


class Accounts:
    """Answers the router's part of the protocol."""

    def __init__(self, store: Store, redis: "Redis", floor: Floor, sockets: Sockets, url: str) -> None:
        self._store = store
        self._redis = redis
        self._floor = floor
        self._sockets = sockets
        self._url = url
        self._hasher = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
        self._codecs: dict[type, Codec[Any]] = {
            kind: Codec(kind, Encoding.JSON, _MAX_BYTES, {}) for kind in _KINDS
        }

    async def register(self, request: "Request") -> "Response":
        """Open an account; it has money at once."""
        asked: Registration = await self._read(request, Registration)
        hashed = await asyncio.to_thread(self._hasher.hash, asked.password)
        user_id = await self._store.register(asked.nickname, asked.email, hashed)
        if user_id is None:
            raise Denied(Refusal.NAME_TAKEN)
        return self._write(Registered(user_id, asked.nickname))

    async def log_in(self, request: "Request") -> "Response":
        """Start a login session."""
        asked: Credentials = await self._read(request, Credentials)
        account = await self._store.find(asked.email)
        if account is None:
            raise Denied(Refusal.WRONG_CREDENTIALS)
        try:
            await asyncio.to_thread(self._hasher.verify, account.password_hash, asked.password)
        except VerificationError:
            raise Denied(Refusal.WRONG_CREDENTIALS) from None
        token = secrets.token_urlsafe(24)
        await self._redis.set(f"login:{token}", f"{account.user_id}:{account.nickname}", ex=_SESSION_SECONDS)
        expires = time.time_ns() // 1_000_000 + _SESSION_SECONDS * 1000
        return self._write(LoggedIn(token, account.user_id, account.nickname, expires))

    async def lobby(self, request: "Request") -> "Response":  # noqa: ARG002
        """List all tables."""
        return self._write(Lobby(tuple(table.lobby_line() for table in self._floor.tables)))

    async def seats(self, request: "Request") -> "Response":
        """List every seat of a player."""
        user_id, _ = await self._who(request)
        held = ((table.table_id, table.of_user(user_id)) for table in self._floor.tables)
        places = [SeatPlace(table_id, holder.seat, self._url) for table_id, holder in held if holder]
        return self._write(WhereAmI(tuple(places)))

    async def ticket(self, request: "Request") -> "Response":
        """Give the right to connect to a table once."""
        user_id, nickname = await self._who(request)
        table_id = TableId(int(request.path_params["table_id"]))
        if not self._floor.has_table(table_id):
            raise Denied(Refusal.NO_SUCH_TABLE)
        ticket = await self._sockets.give_ticket(user_id, nickname, table_id)
        expires = time.time_ns() // 1_000_000 + TICKET_SECONDS * 1000
        return self._write(TicketAnswer(self._url, ticket, table_id, expires, route=""))

    async def _who(self, request: "Request") -> tuple[UserId, str]:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        found = await self._redis.get(f"login:{token}")
        if found is None:
            raise Denied(Refusal.NOT_AUTHENTICATED)
        user, nickname = found.decode().split(":")
        return UserId(int(user)), nickname

    async def _read(self, request: "Request", kind: type) -> Any:
        try:
            return self._codecs[kind].decode(await request.body())
        except Malformed as malformed:
            raise Denied(malformed.code) from None

    def _write(self, answer: Any) -> "Response":
        return Response(self._codecs[type(answer)].encode(answer), media_type="application/json")


async def refuse(request: "Request", denied: Any) -> "Response":  # noqa: ARG001
    """Say why a request was refused."""
    body = json.dumps({"code": denied.code.value})
    return Response(body, status_code=_STATUS.get(denied.code, _BAD_REQUEST), media_type="application/json")

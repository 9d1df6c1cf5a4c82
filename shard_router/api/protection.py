"""``/api/v1/me/protection``: limits that players set themselves, and self-exclusion."""

from collections.abc import Awaitable
from typing import Final

from attrs import frozen
from quart import Response
from quart_trio import QuartTrio

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.logs import Log
from cardroom.service.openapi import PLAYER, Page, Parameter
from cardroom.service.protection import ProtectionSettings
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.protection import (
    EXCLUSION,
    FOR_EVER_UNIX_MS,
    ExclusionWish,
    Limit,
    LimitKind,
    LimitWish,
    Protection,
)
from cardroom.wire.refusals import Refusal
from shard_router.api.http import MAX_REQUEST_BYTES, answer, require_login
from shard_router.rules.protection import (
    DAY_MINUTES,
    EXCLUSION_HOURS,
    MAX_AMOUNT,
    ExclusionStands,
    Term,
    has_begun,
    in_force,
)
from shard_router.store.logins import Logins
from shard_router.store.protection import Author, NoSuchPlayer, PlayerTermsStore, Terms

_LIMIT_WISH: Final = Codec[LimitWish](LimitWish, Encoding.JSON, MAX_REQUEST_BYTES, {})
_EXCLUSION_WISH: Final = Codec[ExclusionWish](ExclusionWish, Encoding.JSON, MAX_REQUEST_BYTES, {})
PROTECTION: Final = Codec[Protection](Protection, Encoding.JSON, MAX_REQUEST_BYTES, {})

_VALUES: Final = {
    LimitKind.SESSION_MINUTES: range(DAY_MINUTES + 1),
    LimitKind.REALITY_CHECK_MINUTES: range(1, DAY_MINUTES + 1),
}
_MONEY: Final = range(MAX_AMOUNT + 1)


@frozen
class ProtectionDesk:
    """Takes what players ask to be held to."""

    store: PlayerTermsStore
    settings: ProtectionSettings
    log: Log

    async def show(self, user_id: UserId) -> Protection:
        """Give what holds for a player, and what is to hold."""
        return self._write(await self.store.read(user_id))

    async def limit(self, user_id: UserId, name: str, wish: LimitWish, author: Author) -> Protection:
        """Change a limit. Refused: an unknown kind, one that is not offered, a value that cannot be."""
        kind = _kind(name)
        if not self.settings.offers(kind.value):
            raise RefusedRequest(403, Refusal.NOT_OFFERED)
        allowed = _VALUES.get(kind, _MONEY)
        if wish.value is not None and wish.value not in allowed:
            raise RefusedRequest(400, Refusal.MALFORMED, f"value: {allowed[0]} to {allowed[-1]}, or null")
        wait_ms = self.settings.loosen_hours * 3_600_000
        terms = await self.store.set_limit(user_id, kind.value, wish.value, wait_ms, author)
        self.log.info("protection.limit", user_id=user_id, kind=kind.value, value=wish.value, by=author.name)
        return self._write(terms)

    async def exclude(self, user_id: UserId, wish: ExclusionWish, author: Author) -> Protection:
        """Exclude a player from play. Refused: not offered, a time that cannot be, or a longer one stands."""
        if not self.settings.offers(EXCLUSION):
            raise RefusedRequest(403, Refusal.NOT_OFFERED)
        if wish.hours is not None and wish.hours not in EXCLUSION_HOURS:
            detail = f"hours: {EXCLUSION_HOURS[0]} to {EXCLUSION_HOURS[-1]}, or null for ever"
            raise RefusedRequest(400, Refusal.MALFORMED, detail)
        try:
            terms = await self.store.exclude(user_id, wish.hours, FOR_EVER_UNIX_MS, author)
        except ExclusionStands:
            raise RefusedRequest(409, Refusal.EXCLUSION_STANDS) from None
        self.log.info("protection.exclusion", user_id=user_id, hours=wish.hours, by=author.name)
        return self._write(terms)

    def _write(self, terms: Terms) -> Protection:
        until = terms.excluded_until_ms
        return Protection(
            limits=tuple(
                _limit(kind, terms.by_kind.get(kind.value), terms.now_ms)
                for kind in LimitKind
                if self.settings.offers(kind.value)
            ),
            excluded_until_unix_ms=until if until is not None and until > terms.now_ms else None,
            loosen_seconds=self.settings.loosen_hours * 3600,
        )


def add_protection_pages(app: QuartTrio, desk: ProtectionDesk, logins: Logins) -> None:
    """Serve ``/api/v1/me/protection``, to players who are frozen or excluded, too."""

    @app.get("/api/v1/me/protection")
    @Page(tag="protection", who=PLAYER, answers={200: Protection})
    async def show_protection() -> Response:
        """Give the limits that the house offers, as the player has set them, and the self-exclusion."""
        login = await require_login(logins)
        return answer(PROTECTION, await _of_player(desk.show(login.user_id)))

    @app.put("/api/v1/me/protection/limits/<name>")
    @Page(
        tag="protection",
        who=PLAYER,
        takes=LimitWish,
        parameters=(Parameter("name", {"type": "string"}, "A kind of limit", place="path"),),
        answers={200: Protection},
        refuses={403: (Refusal.NOT_OFFERED,)},
    )
    async def set_limit(name: str) -> Response:
        """Ask for a limit, or for none: tighter holds at once, looser after a wait. May be repeated."""
        login = await require_login(logins)
        wish = await read_body(_LIMIT_WISH)
        return answer(PROTECTION, await _of_player(desk.limit(login.user_id, name, wish, Author())))

    @app.put("/api/v1/me/protection/exclusion")
    @Page(
        tag="protection",
        who=PLAYER,
        takes=ExclusionWish,
        answers={200: Protection},
        refuses={403: (Refusal.NOT_OFFERED,), 409: (Refusal.EXCLUSION_STANDS,)},
    )
    async def exclude_oneself() -> Response:
        """Exclude the player from play and deposits; nobody can end that before its time."""
        login = await require_login(logins)
        wish = await read_body(_EXCLUSION_WISH)
        return answer(PROTECTION, await _of_player(desk.exclude(login.user_id, wish, Author())))


async def _of_player(work: Awaitable[Protection]) -> Protection:
    """Who is logged in and does not exist any more is not logged in."""
    try:
        return await work
    except NoSuchPlayer:
        raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED) from None


def _kind(name: str) -> LimitKind:
    try:
        return LimitKind(name)
    except ValueError:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such limit") from None


def _limit(kind: LimitKind, term: Term | None, now_ms: int) -> Limit:
    value = in_force(term, now_ms)
    if term is None or has_begun(term, now_ms):
        return Limit(kind, value, value, None)
    return Limit(kind, value, term.value, term.begins_ms)

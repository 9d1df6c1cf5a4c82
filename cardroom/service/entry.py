"""The door of an HTTP process: who is kept out, and who asks too often, found out before any page is served.

In this order: the player's address behind proxies; networks and countries that are kept out (neither for
administrators nor for payment gateways); the count per address. Whoever shows a good token is let in by
``admit_user``: players that are kept out, the count per player. So a token that nobody has counts for the
address alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import trio
from attrs import field, frozen
from prometheus_client import Counter
from quart import Request, Response, Websocket, current_app, g, has_request_context, request, websocket
from quart_trio import QuartTrio

from cardroom.ids import UserId
from cardroom.service.addresses import TrustedProxies
from cardroom.service.blocklist import Blocklist
from cardroom.service.countries import Countries, CountrySettings, HeaderCountry
from cardroom.service.http import RefusedRequest
from cardroom.service.limit_rules import Rule, rule_of
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.service.rate_limits import LimitSettings, RateLimits, Standing, TooOften
from cardroom.service.redis import Redis
from cardroom.wire.refusals import Refusal

_EXTENSION: Final = "entry"

_LET_IN_FROM_ANYWHERE: Final = frozenset({Rule.ADMIN, Rule.WEBHOOK})
"""Who asks these shows a token or a signature, and has to be let in whatever is blocked by mistake."""

KEPT_OUT: Final = Counter("holdem_kept_out_total", "Requests of who is kept out, by the refusal", ["code"])


@frozen
class GuardSettings:
    """Who is kept out. Switched off, what is blocked stays written down, and is let in."""

    blocked_users: bool = True
    blocked_addresses: bool = True
    countries: CountrySettings = field(factory=CountrySettings)


@frozen
class Entry:
    """What the door goes by."""

    proxies: TrustedProxies
    guard: GuardSettings
    blocklist: Blocklist
    countries: Countries
    limits: RateLimits

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Learn of blocks and carry counts until cancelled; starts when the blocks were asked for once."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.limits.run)
            await nursery.start(self.blocklist.watch)
            task_status.started()

    async def admit_address(self, asked: Request | Websocket, rule: Rule) -> None:
        """Let a request in as far as its address goes.

        Refused: ``address_blocked``, ``country_blocked``, ``rate_limited``.
        """
        address = player_address()
        if rule is Rule.FREE:
            return
        if rule not in _LET_IN_FROM_ANYWHERE:
            if self.guard.blocked_addresses and self.blocklist.blocks_address(address):
                raise keep_out(Refusal.ADDRESS_BLOCKED)
            if self.countries.refuses(asked.remote_addr or "", address, asked.headers):
                raise keep_out(Refusal.COUNTRY_BLOCKED)
        with _standing_told():
            _remember(await self.limits.count_address(rule, address))

    async def admit_user(self, user_id: UserId, rule: Rule) -> None:
        """Let a player in; refused: ``user_blocked``, ``rate_limited``."""
        if not self.is_welcome(user_id):
            raise keep_out(Refusal.USER_BLOCKED)
        with _standing_told():
            _remember(await self.limits.count_user(rule, user_id, player_address()))

    def is_welcome(self, user_id: UserId) -> bool:
        """Say whether a player is not kept out now; asks and counts nothing."""
        return not (self.guard.blocked_users and self.blocklist.blocks_user(user_id))


@frozen
class EntrySettings:
    """What a process is told about its door."""

    trusted_proxies: tuple[str, ...]
    limits: LimitSettings
    guard: GuardSettings


def make_entry(settings: EntrySettings, postgres: Postgres, redis: Redis, log: Log) -> Entry:
    """Give a door, which has to be run; the country is what the edge writes into a header."""
    proxies = TrustedProxies(settings.trusted_proxies)
    country_of = HeaderCountry(settings.guard.countries.header, proxies)
    return Entry(
        proxies=proxies,
        guard=settings.guard,
        blocklist=Blocklist(postgres, log),
        countries=Countries(settings.guard.countries, country_of),
        limits=RateLimits(settings.limits, redis, log),
    )


def add_entry(app: QuartTrio, entry: Entry) -> None:
    """Put the door in front of all pages of an app, also those where a WebSocket is opened."""
    app.extensions[_EXTENSION] = entry

    async def come_in() -> None:
        asked = request if has_request_context() else websocket
        g.player_address = entry.proxies.address(
            asked.remote_addr or "", asked.headers.getlist("X-Forwarded-For")
        )
        g.limit_rule = rule_of(current_app.view_functions.get(asked.endpoint or ""), asked.path)
        await entry.admit_address(asked, g.limit_rule)

    app.before_request(come_in)
    app.before_websocket(come_in)

    @app.after_request
    async def tell_standing(response: Response) -> Response:
        standings: list[Standing] = g.get("standings", [])
        if standings:
            response.headers["RateLimit-Policy"] = ", ".join(one.policy for one in standings)
            response.headers["RateLimit"] = ", ".join(one.state for one in standings)
        return response


async def admit_user(user_id: UserId) -> None:
    """Let the player in who has shown who he is, by token or password; the request counts for him, too.

    Refused: ``user_blocked`` (403), ``rate_limited`` (429).
    """
    entry: Entry | None = current_app.extensions.get(_EXTENSION)
    if entry is not None:
        await entry.admit_user(user_id, g.limit_rule)


def player_address() -> str:
    """Give the address of the player whose request is served; counts and failures key on its
    ``limit_network``.
    """
    address: str = g.player_address
    return address


def keep_out(code: Refusal) -> RefusedRequest:
    """Give the refusal of who is kept out, and count it."""
    KEPT_OUT.labels(code.value).inc()
    return RefusedRequest(403, code)


@contextmanager
def _standing_told() -> Iterator[None]:
    """Let the answer to who asks too often say how the limit stands, too."""
    try:
        yield
    except TooOften as refused:
        _remember(refused.standing)
        raise


def _remember(standing: Standing | None) -> None:
    if standing is not None:
        g.setdefault("standings", []).append(standing)

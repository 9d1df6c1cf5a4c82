"""How often a player or an address may ask, counted by all processes together.

While nothing can be counted, because Redis is away, pages where guessing or repeating pays are closed; all
others are open and uncounted, so that play goes on. That costs a request next to no time: one in a while asks
whether Redis is back, and waits for a fraction of a second.
"""

import math
from collections.abc import Mapping
from typing import Final

import trio
from attrs import Attribute, asdict, field, frozen
from attrs.validators import deep_iterable, deep_mapping, gt, in_, instance_of
from limits import RateLimitItem, parse
from prometheus_client import Counter

from cardroom.service.addresses import Networks, is_network, limit_network
from cardroom.service.http import RefusedRequest
from cardroom.service.limit_rules import Rule
from cardroom.service.limit_storage import LimitStorage, MovingWindow, Window
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway
from cardroom.wire.refusals import Refusal

REFUSED: Final = Counter(
    "holdem_limits_refused_total", "Requests refused because they came too often", ["rule", "per"]
)
UNCOUNTED: Final = Counter(
    "holdem_limits_uncounted_total",
    "Requests that could not be counted: let through, or refused where the rule is closed then",
    ["rule", "outcome"],
)

_COUNTED: Final = frozenset(rule.value for rule in Rule) - {Rule.FREE.value}
_ADDRESS, _USER = "address", "user"
_CLOSED_SECONDS: Final = 2


def _is_rule(_instance: object, attribute: "Attribute[str]", value: str) -> None:
    try:
        read_rule(value)
    except ValueError as error:
        raise ValueError(f"{attribute.name}: {error}") from error


def read_rule(text: str) -> RateLimitItem:
    """Read a rule such as ``100/minute`` or ``10 per hour``; raises ``ValueError``."""
    item = parse(text)
    if item.amount < 1 or any(sign in text for sign in ",;|"):
        raise ValueError(f"one limit above 0 expected, such as '100/minute', not {text!r}")
    return item


@frozen
class LimitSettings:
    """How often each rule's pages may be asked, per player and per address.

    ``per_address`` names rules that an address has another amount of than a player, where many players share
    one. ``exempt`` are networks that are not counted at all. What Redis does not answer within
    ``redis_seconds`` is not counted, and it is asked again after ``pause_seconds``.
    """

    default: str = field(default="100/minute", validator=_is_rule)
    lobby: str = field(default="300/minute", validator=_is_rule)
    login: str = field(default="5/minute", validator=_is_rule)
    register: str = field(default="3/minute", validator=_is_rule)
    reset: str = field(default="3/minute", validator=_is_rule)
    confirm: str = field(default="3/minute", validator=_is_rule)
    step_up: str = field(default="5/minute", validator=_is_rule)
    withdraw: str = field(default="10/hour", validator=_is_rule)
    admin: str = field(default="600/minute", validator=_is_rule)
    webhook: str = field(default="6000/minute", validator=_is_rule)
    per_address: Mapping[str, str] = field(
        factory=dict, validator=deep_mapping(in_(_COUNTED), _is_rule, instance_of(dict))
    )
    exempt: tuple[str, ...] = field(default=(), validator=deep_iterable(is_network))
    enabled: bool = True
    redis_seconds: float = field(default=0.25, validator=gt(0.0))
    pause_seconds: float = field(default=1.0, validator=gt(0.0))


@frozen
class Standing:
    """How one of whom a request counts for stands after it, for the headers of the answer."""

    name: str
    quota: int
    window_seconds: int
    remaining: int
    reset_seconds: int

    @property
    def policy(self) -> str:
        """The rule, as ``RateLimit-Policy`` has it."""
        return f'"{self.name}";q={self.quota};w={self.window_seconds}'

    @property
    def state(self) -> str:
        """What is left, as ``RateLimit`` has it."""
        return f'"{self.name}";r={self.remaining};t={self.reset_seconds}'


class TooOften(RefusedRequest):
    """A request that came too often; how its limit stands is in ``standing``."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(429, Refusal.RATE_LIMITED, retry_seconds=max(1, standing.reset_seconds))
        self.standing = standing


class RateLimits:
    """Counts requests. ``run`` must be running."""

    def __init__(self, settings: LimitSettings, redis: Redis, log: Log) -> None:
        self._storage = LimitStorage(redis, settings.redis_seconds)
        self._window = MovingWindow(self._storage)
        self._exempt = Networks(settings.exempt)
        self._is_enabled = settings.enabled
        self._pause_seconds = settings.pause_seconds
        self._log = log
        self._ask_again_at = -math.inf
        self._is_away = False
        texts = {name: text for name, text in asdict(settings).items() if name in _COUNTED}
        self._items = {
            _USER: {Rule(name): read_rule(text) for name, text in texts.items()},
            _ADDRESS: {
                Rule(name): read_rule(text) for name, text in (texts | dict(settings.per_address)).items()
            },
        }

    async def run(self) -> None:
        """Carry counts to Redis until cancelled."""
        await self._storage.run()

    async def count_address(self, rule: Rule, address: str) -> Standing | None:
        """Count a request for where it comes from, a whole /64 for IPv6; None if it is not counted.

        Refused: ``TooOften``; 503 where nothing can be counted and the rule is closed then.
        """
        return await self._count(rule, _ADDRESS, limit_network(address), address)

    async def count_user(self, rule: Rule, user_id: int, address: str) -> Standing | None:
        """Count a request for the player who makes it; refused and exempt as addresses are."""
        return await self._count(rule, _USER, str(user_id), address)

    async def _count(self, rule: Rule, per: str, who: str, address: str) -> Standing | None:
        if rule is Rule.FREE or not self._is_enabled or address in self._exempt:
            return None
        item = self._items[per][rule]
        window = await self._take(item, rule.value, per, who)
        if window is None:
            self._pass_uncounted(rule)
            return None
        standing = Standing(
            name=f"{rule.value}-{per}",
            quota=item.amount,
            window_seconds=item.get_expiry(),
            remaining=max(0, item.amount - window.count),
            reset_seconds=math.ceil(window.wait_seconds),
        )
        if not window.is_taken:
            REFUSED.labels(rule.value, per).inc()
            raise TooOften(standing)
        return standing

    async def _take(self, item: RateLimitItem, *who: str) -> Window | None:
        """Count, or give None: at once if Redis was away a moment ago."""
        now = trio.current_time()
        if now < self._ask_again_at:
            return None
        if self._is_away:  # this request finds out whether it still is; others don't wait for that
            self._ask_again_at = now + self._pause_seconds
        try:
            window = await self._window.take(item, *who)
        except RedisAway as away:
            self._ask_again_at = trio.current_time() + self._pause_seconds
            if not self._is_away:
                self._is_away = True
                self._log.error("limits.away", reason=str(away))
            return None
        self._ask_again_at = -math.inf
        if self._is_away:
            self._is_away = False
            self._log.info("limits.counted_again")
        return window

    @staticmethod
    def _pass_uncounted(rule: Rule) -> None:
        outcome = "refused" if rule.is_closed_uncounted else "passed"
        UNCOUNTED.labels(rule.value, outcome).inc()
        if rule.is_closed_uncounted:
            raise RefusedRequest(503, Refusal.UNAVAILABLE, retry_seconds=_CLOSED_SECONDS)

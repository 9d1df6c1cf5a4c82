"""What a player's own limits let through: buy-ins, deposits, time at tables. Amounts are whole won, times ms.

At risk in a period is the period's loss so far and all that lies at tables: what lay there when the period
began, and what was brought since, less what was taken away since. Hands do not change it: what a hand takes
from a seat is loss from then on. So no play can make the loss larger than what is at risk.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, unique

from attrs import Factory, define, frozen

from cardroom.money import Krw
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import MAX_AMOUNT


@unique
class Period(Enum):
    """A calendar period; the values are PostgreSQL's words."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@frozen
class Limits:
    """What holds for a player now; what is not limited is not there."""

    losses: Mapping[Period, Krw] = Factory(dict)
    deposits: Mapping[Period, Krw] = Factory(dict)
    session_ms: int | None = None
    reality_check_seconds: int = 0


@frozen
class PeriodRisk:
    """A player's money in the period that runs now, from ``begins_ms`` to ``ends_ms``."""

    begins_ms: int
    ends_ms: int
    at_risk: Krw


@frozen
class Sitting:
    """How long a player has had money at any table today, and when the day ends.

    ``idle_ms`` is now less that time: it stands still while the player sits.
    """

    idle_ms: int
    now_ms: int
    day_ends_ms: int

    @property
    def used_ms(self) -> int:
        """Today's time at tables."""
        return self.now_ms - self.idle_ms


@unique
class PlayEnds(Enum):
    """Why play ends; the names are those of the wire."""

    SELF_EXCLUDED = "self_excluded"
    USER_BLOCKED = "user_blocked"
    LOSS_LIMIT = "loss_limit"
    SESSION_LIMIT = "session_limit"


@frozen
class EndOfPlay:
    """From ``at_ms`` on the player's seats end after the hand in play."""

    at_ms: int
    reason: PlayEnds


@define
class BuyInRoom:
    """What a player may still bring to tables, while one batch decides; None is as much as wanted."""

    amount: Krw | None = None
    has_time: bool = True

    def check(self, amount: Krw) -> None:
        """Denied: session limit (no time left today), loss limit (the loss could become larger than it)."""
        if not self.has_time:
            raise Denied(Denial.SESSION_LIMIT)
        if self.amount is not None and amount > self.amount:
            raise Denied(Denial.LOSS_LIMIT)

    def change(self, amount: Krw) -> None:
        """So much was taken away from a table, or brought there (below zero)."""
        if self.amount is not None:
            self.amount = Krw(self.amount + amount)


def read_limits(values: Iterable[tuple[str, int | None]]) -> Limits:
    """Give the limits by their kinds' names, as the database has them; None is no limit."""
    by_name = {name: value for name, value in values if value is not None}
    minutes = by_name.get("session_minutes")
    return Limits(
        losses=_of_periods("loss", by_name),
        deposits=_of_periods("deposit", by_name),
        session_ms=None if minutes is None else minutes * 60_000,
        reality_check_seconds=by_name.get("reality_check_minutes", 0) * 60,
    )


def _of_periods(what: str, by_name: Mapping[str, int]) -> dict[Period, Krw]:
    names = {period: f"{what}_{period.value}" for period in Period}
    return {period: Krw(by_name[name]) for period, name in names.items() if name in by_name}


def buy_in_room(limits: Limits, risks: Mapping[Period, PeriodRisk], sitting: Sitting | None) -> BuyInRoom:
    """Give what may be brought: at risk + buy-in <= limit, in every period that is limited."""
    left = [Krw(limit - risks[period].at_risk) for period, limit in limits.losses.items()]
    has_time = limits.session_ms is None or (sitting is not None and sitting.used_ms < limits.session_ms)
    return BuyInRoom(min(left) if left else None, has_time)


def room_for_deposits(limits: Limits, came_in: Mapping[Period, Krw]) -> Krw | None:
    """Give how much may come in now, 0 at least; None for as much as wanted."""
    left = [limit - came_in[period] for period, limit in limits.deposits.items()]
    return Krw(min(max(0, min(left)), MAX_AMOUNT)) if left else None


def end_of_play(
    limits: Limits, risks: Mapping[Period, PeriodRisk], sitting: Sitting | None, money: Krw
) -> EndOfPlay | None:
    """Give when play ends for who has ``money`` at tables now; None where nothing ends it.

    While the player stays, it is the same moment whenever it is asked. Who has more at tables than a period's
    limit plays no longer than the period: all of it could be lost in the next one. A session that lasts over
    midnight ends with the time of the new day.
    """
    ends = [end for period, limit in limits.losses.items() if (end := _loss_end(risks[period], limit, money))]
    if limits.session_ms is not None and sitting is not None:
        at_ms = sitting.idle_ms + limits.session_ms
        if at_ms >= sitting.day_ends_ms:
            at_ms = sitting.day_ends_ms + limits.session_ms
        ends.append(EndOfPlay(at_ms, PlayEnds.SESSION_LIMIT))
    return min(ends, key=lambda end: end.at_ms, default=None)


def _loss_end(risk: PeriodRisk, limit: Krw, money: Krw) -> EndOfPlay | None:
    if risk.at_risk > limit:
        return EndOfPlay(risk.begins_ms, PlayEnds.LOSS_LIMIT)
    if money > limit:
        return EndOfPlay(risk.ends_ms, PlayEnds.LOSS_LIMIT)
    return None

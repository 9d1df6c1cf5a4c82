"""A player's own limits: whatever is played, in whatever order, the loss of a period stays within it."""

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from cardroom.money import Krw
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.protection import (
    BuyInRoom,
    EndOfPlay,
    Limits,
    Period,
    PeriodRisk,
    PlayEnds,
    Sitting,
    buy_in_room,
    end_of_play,
    read_limits,
    room_for_deposits,
)

HOUR = 3_600_000
DAY = 24 * HOUR
NOON = 100 * DAY + 12 * HOUR
MIDNIGHT = 101 * DAY


def risk(at_risk: int) -> PeriodRisk:
    return PeriodRisk(100 * DAY, MIDNIGHT, Krw(at_risk))


def losses(day: int) -> Limits:
    return read_limits([("loss_day", day)])


def denial_of(room: BuyInRoom, amount: int) -> Denial | None:
    try:
        room.check(Krw(amount))
    except Denied as denied:
        return denied.denial
    return None


def test_limits_are_read_by_their_names() -> None:
    rows = [
        ("loss_day", 5), ("loss_month", None), ("deposit_week", 7), ("session_minutes", 3),
        ("reality_check_minutes", 2),
    ]  # fmt: skip
    assert read_limits(rows) == Limits({Period.DAY: Krw(5)}, {Period.WEEK: Krw(7)}, 180_000, 120)
    assert read_limits([("session_minutes", 0)]).session_ms == 0


def test_the_tightest_period_says_what_may_be_brought() -> None:
    limits = read_limits([("loss_day", 100), ("loss_week", 150), ("loss_month", 1000)])
    risks = {Period.DAY: risk(20), Period.WEEK: risk(90), Period.MONTH: risk(90)}
    room = buy_in_room(limits, risks, None)
    assert room.amount == 60
    assert (denial_of(room, 60), denial_of(room, 61)) == (None, Denial.LOSS_LIMIT)
    room.change(Krw(-60))
    assert denial_of(room, 1) is Denial.LOSS_LIMIT
    room.change(Krw(10))
    assert (denial_of(room, 10), denial_of(room, 11)) == (None, Denial.LOSS_LIMIT)


def test_without_limits_everything_may_be_brought() -> None:
    room = buy_in_room(Limits(), {}, None)
    room.change(Krw(-(10**14)))
    assert denial_of(room, 10**15) is None


@pytest.mark.parametrize(("minutes", "expected"), [(60, Denial.SESSION_LIMIT), (61, None)])
def test_who_has_used_up_the_day_brings_nothing(minutes: int, expected: Denial | None) -> None:
    limits = read_limits([("session_minutes", minutes)])
    assert denial_of(buy_in_room(limits, {}, Sitting(NOON - HOUR, NOON, MIDNIGHT)), 1) is expected


def test_a_session_limit_of_nothing_lets_nobody_sit() -> None:
    limits = read_limits([("session_minutes", 0)])
    assert denial_of(buy_in_room(limits, {}, Sitting(NOON, NOON, MIDNIGHT)), 1) is Denial.SESSION_LIMIT


def test_play_ends_with_the_days_time_or_with_that_of_the_next_day() -> None:
    limits = read_limits([("session_minutes", 120)])
    end = end_of_play(limits, {}, Sitting(NOON - HOUR, NOON, MIDNIGHT), Krw(1))
    assert end == EndOfPlay(NOON + HOUR, PlayEnds.SESSION_LIMIT)
    late = MIDNIGHT - HOUR // 2
    end = end_of_play(limits, {}, Sitting(late, late, MIDNIGHT), Krw(1))
    assert end == EndOfPlay(MIDNIGHT + 2 * HOUR, PlayEnds.SESSION_LIMIT)


@pytest.mark.parametrize(
    ("at_risk", "money", "ends_ms"), [(100, 100, None), (100, 101, MIDNIGHT), (101, 1, 100 * DAY)]
)
def test_what_could_be_lost_over_a_limit_ends_play(at_risk: int, money: int, ends_ms: int | None) -> None:
    """Winnings at a table could be lost in the next period; a limit below what is at risk ends play."""
    end = end_of_play(losses(100), {Period.DAY: risk(at_risk)}, None, Krw(money))
    assert end == (None if ends_ms is None else EndOfPlay(ends_ms, PlayEnds.LOSS_LIMIT))


def test_what_ends_first_ends_play() -> None:
    limits = read_limits([("loss_day", 100), ("session_minutes", 60)])
    sitting = Sitting(NOON, NOON, MIDNIGHT)
    end = end_of_play(limits, {Period.DAY: risk(0)}, sitting, Krw(200))
    assert end == EndOfPlay(NOON + HOUR, PlayEnds.SESSION_LIMIT)


def test_deposits_have_the_room_of_their_tightest_period() -> None:
    limits = read_limits([("deposit_day", 100), ("deposit_month", 120)])
    assert room_for_deposits(limits, {Period.DAY: Krw(30), Period.MONTH: Krw(60)}) == 60
    assert room_for_deposits(limits, {Period.DAY: Krw(130), Period.MONTH: Krw(60)}) == 0
    assert room_for_deposits(Limits(), {}) is None


@define
class Play:
    """A player at three tables; what is settled, and what lay there when the period began."""

    limit: int
    stacks: list[int] = field(factory=lambda: [0, 0, 0])
    lost: int = 0
    at_risk: int = 0
    at_first: int = 0

    def bring(self, table: int, amount: int) -> None:
        limits = losses(self.limit)
        room = buy_in_room(limits, {Period.DAY: risk(self.at_risk)}, None)
        if amount > 0 and denial_of(room, amount) is None:
            self.stacks[table] += amount
            self.at_risk += amount

    def play(self, table: int, part: int) -> None:
        """Win the half of ``part``, or lose so many tenths of the stack; a hand never takes more."""
        net = part // 2 if part > 10 else -self.stacks[table] * part // 10
        if self.stacks[table]:
            self.stacks[table] += net
            self.lost -= net

    def take(self, table: int) -> None:
        self.at_risk -= self.stacks[table]
        self.stacks[table] = 0

    def end_day(self) -> None:
        """Where play ends with the day, nothing is carried over."""
        end = end_of_play(losses(self.limit), {Period.DAY: risk(self.at_risk)}, None, Krw(sum(self.stacks)))
        if end is not None:
            assert end.at_ms == MIDNIGHT
            self.stacks = [0, 0, 0]
        self.lost, self.at_risk = 0, sum(self.stacks)


_STEPS = st.lists(
    st.tuples(st.sampled_from(["bring", "play", "take", "day"]), st.integers(0, 2), st.integers(1, 200)),
    max_size=60,
)


@given(st.integers(0, 300), _STEPS)
def test_no_order_of_buy_ins_hands_and_cash_outs_loses_more_than_the_limit(
    limit: int, steps: list[tuple[str, int, int]]
) -> None:
    player = Play(limit)
    for what, table, amount in steps:
        match what:
            case "bring":
                player.bring(table, amount)
            case "play":
                player.play(table, amount)
            case "take":
                player.take(table)
            case _:
                player.end_day()
        assert player.at_risk == player.lost + sum(player.stacks)
        assert player.lost <= limit

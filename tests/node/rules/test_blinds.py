"""Who posts what: rules 16, 17, 21."""

import pytest

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.betting import Player
from node.rules.blinds import AnteKind, HandRules, PayingSeat, Positions, PostKind, post_chips, posts_of
from node.rules.cards import Card

SEATS = tuple(SeatIndex(seat) for seat in range(4))
PLACES = Positions(SEATS[3], SEATS[0], SEATS[1], SEATS)


def kinds(rules: HandRules, paying: list[PayingSeat]) -> list[tuple[int, str]]:
    return [(post.seat, post.kind.value) for post in posts_of(rules, PLACES, paying)]


def stake(**more: object) -> HandRules:
    return HandRules(small_blind=Krw(1_000), big_blind=Krw(2_000), **more)  # type: ignore[arg-type]


def test_rule_16_antes_before_blinds_the_big_blind_ante_after() -> None:
    paying = [PayingSeat(seat, Krw(50_000)) for seat in SEATS]
    each = kinds(stake(ante=Krw(200), ante_kind=AnteKind.PER_SEAT), paying)
    assert each == [*((seat, "ante") for seat in SEATS), (0, "small_blind"), (1, "big_blind")]
    one = kinds(stake(ante=Krw(200), ante_kind=AnteKind.BIG_BLIND), paying)
    assert one == [(0, "small_blind"), (1, "big_blind"), (1, "big_blind_ante")]


def test_rule_17_and_21_straddle_then_live_then_dead() -> None:
    paying = [
        PayingSeat(SEATS[0], Krw(50_000)),
        PayingSeat(SEATS[1], Krw(50_000)),
        PayingSeat(SEATS[2], Krw(4_000), straddles=True),
        PayingSeat(SEATS[3], Krw(50_000), owes_big_blind=True, owes_small_blind=True),
    ]
    assert kinds(stake(straddle=True), paying)[2:] == [(2, "straddle"), (3, "live_blind"), (3, "dead_blind")]
    assert (2, "straddle") not in kinds(stake(), paying)
    with_ante = stake(straddle=True, ante=Krw(1), ante_kind=AnteKind.PER_SEAT)
    assert (2, "straddle") not in kinds(with_ante, paying)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (PostKind.ANTE, (0, 700, 0)),
        (PostKind.SMALL_BLIND, (700, 700, 0)),
        (PostKind.BIG_BLIND, (700, 700, 0)),
        (PostKind.STRADDLE, (700, 700, 0)),
        (PostKind.LIVE_BLIND, (700, 700, 0)),
        (PostKind.DEAD_BLIND, (0, 0, 700)),
        (PostKind.BIG_BLIND_ANTE, (0, 0, 700)),
    ],
)
def test_rule_16_and_21_what_a_post_counts_for(kind: PostKind, expected: tuple[int, int, int]) -> None:
    after = post_chips(Player(SEATS[0], (Card(0), Card(1)), Krw(1_000)), kind, Krw(700))
    assert (after.street_bet, after.contribution, after.dead) == expected
    assert (after.stack, after.has_acted) == (300, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"small_blind": Krw(0)},
        {"small_blind": Krw(3_000)},
        {"ante": Krw(5)},
        {"ante_kind": AnteKind.PER_SEAT},
    ],
)
def test_a_stake_that_cannot_be_is_our_mistake(wrong: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        HandRules(**({"small_blind": Krw(1_000), "big_blind": Krw(2_000)} | wrong))  # type: ignore[arg-type]

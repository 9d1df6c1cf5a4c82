"""Rules 24, 25 and 21: layers, odd won, dead money."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.betting import Player
from node.rules.cards import Card
from node.rules.pots import Pot, layer_pots, less_rake, split_pot, total_of


def player(seat: int, contribution: int, *, dead: int = 0, folded: bool = False) -> Player:
    return Player(
        SeatIndex(seat),
        (Card(0), Card(1)),
        Krw(0),
        contribution=Krw(contribution),
        dead=Krw(dead),
        has_folded=folded,
    )


def layers(*players: Player) -> list[tuple[int, tuple[int, ...]]]:
    return [(pot.amount, pot.eligible) for pot in layer_pots(players)]


def test_rule_24_folded_chips_stay_in_the_pots_they_reached() -> None:
    table = (player(0, 10_000), player(1, 30_000), player(2, 30_000), player(3, 15_000, folded=True))
    assert layers(*table) == [(40_000, (0, 1, 2)), (45_000, (1, 2))]


def test_rule_24_layers_with_the_same_players_are_one_pot() -> None:
    assert layers(player(0, 5), player(1, 5), player(2, 3, folded=True), player(3, 1, folded=True)) == [
        (14, (0, 1))
    ]


def test_rule_21_dead_money_lies_in_the_main_pot_and_makes_no_layer() -> None:
    assert layers(player(0, 2_000, dead=500), player(1, 6_000), player(2, 6_000)) == [
        (6_500, (0, 1, 2)),
        (8_000, (1, 2)),
    ]
    assert layers(player(0, 0, dead=800), player(1, 50), player(2, 50)) == [(800, (0, 1, 2)), (100, (1, 2))]


def test_rule_25_odd_won_one_each_in_order() -> None:
    winners = [SeatIndex(4), SeatIndex(0), SeatIndex(2)]
    assert split_pot(Krw(100_001), winners) == ((4, 33_334), (0, 33_334), (2, 33_333))


def test_rule_39_pots_after_rake() -> None:
    pots = (Pot(Krw(100), (SeatIndex(0),)), Pot(Krw(50), (SeatIndex(1),)))
    assert [pot.amount for pot in less_rake(pots, [Krw(6), Krw(2)])] == [94, 48]
    assert total_of(pots) == 150


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9), st.booleans()), min_size=1, max_size=9))
def test_rule_24_every_chip_is_in_one_pot(table: list[tuple[int, int, bool]]) -> None:
    players = [player(seat, bet, dead=dead, folded=out) for seat, (bet, dead, out) in enumerate(table)]
    players.append(player(9, max(bet for bet, _, _ in table)))
    pots = layer_pots(players)
    assert total_of(pots) == sum(one.put_in for one in players)
    assert all(pot.amount > 0 for pot in pots)
    eligible = [set(pot.eligible) for pot in pots]
    assert all(later < earlier for earlier, later in itertools.pairwise(eligible))

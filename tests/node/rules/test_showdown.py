"""Rules 25, 27, 30: order of showing, mucking, awarding, on bare pots."""

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from node.rules.cards import Card
from node.rules.events import HandMucked, HandShown
from node.rules.hand_rank import HandRanking
from node.rules.pots import Pot
from node.rules.showdown import award_pots, complete_boards, hands_to_show, show_hands, showdown_order

A, B, C = SeatIndex(2), SeatIndex(0), SeatIndex(1)
MAIN, SIDE = Pot(Krw(301), (B, C, A)), Pot(Krw(201), (B, C))


def ranked(**strengths: int) -> dict[SeatIndex, HandRanking]:
    cards = tuple(Card(number) for number in range(7))
    seats = {"a": A, "b": B, "c": C}
    return {seats[name]: HandRanking(strength, cards) for name, strength in strengths.items()}


def test_rule_27_order() -> None:
    assert showdown_order([MAIN, SIDE], None) == (B, C, A)
    assert showdown_order([MAIN, SIDE], C) == (C, B, A)
    assert showdown_order([MAIN], A) == (A, B, C)
    assert showdown_order([MAIN, Pot(Krw(5), (A,))], C) == (C, A, B)


def test_rule_27_who_cannot_win_any_pot_mucks() -> None:
    order = (B, C, A)
    assert hands_to_show(order, [MAIN, SIDE], ranked(b=10, c=20, a=30)) == {B}
    assert hands_to_show(order, [MAIN, SIDE], ranked(b=20, c=20, a=10)) == {A, B, C}
    assert hands_to_show(order, [MAIN, SIDE], ranked(b=30, c=20, a=10)) == {A, B, C}
    assert hands_to_show((C, B, A), [MAIN, SIDE], ranked(b=30, c=20, a=10)) == {A, C}
    shown = show_hands([MAIN, SIDE], ranked(b=10, c=20, a=30), None)
    assert [type(event) for event in shown] == [HandShown, HandMucked, HandMucked]


def test_rule_27_beaten_in_the_main_pot_only_by_who_is_not_in_the_side_pot() -> None:
    # A lies open and is best: C cannot win the main pot any more, but still the side pot.
    assert hands_to_show((A, C, B), [MAIN, SIDE], ranked(a=1, c=20, b=30)) == {A, C}


def test_rule_25_and_30_halves_and_odd_won() -> None:
    boards = [ranked(a=1, b=2, c=3), ranked(a=5, b=5, c=5)]
    awards = award_pots([MAIN, SIDE], boards)
    paid = [(award.board, award.pot, [(w.seat, w.amount) for w in award.winners]) for award in awards]
    assert paid == [
        (1, 0, [(A, 151)]),
        (1, 1, [(B, 101)]),
        (2, 0, [(B, 50), (C, 50), (A, 50)]),
        (2, 1, [(B, 50), (C, 50)]),
    ]


def test_rule_30_boards_from_consecutive_positions() -> None:
    undealt = tuple(Card(number) for number in range(10, 20))
    lying = (Card(1), Card(2), Card(3), Card(4))
    assert complete_boards(lying, undealt, 2) == ((1, 2, 3, 4, 10), (1, 2, 3, 4, 11))

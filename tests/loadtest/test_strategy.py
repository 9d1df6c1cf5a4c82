"""A bot only ever does what is legal."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from cardroom.money import Krw
from cardroom.wire.player import ActionKind
from cardroom.wire.table import LegalActions
from loadtest.strategy import choose, choose_buy_in, is_good_start
from tests.loadtest.table import ACES, SEVEN_DEUCE, my_turn, seat_view, view_with

VIEW = view_with(seat_view(cards=ACES))


@st.composite
def legal_actions(draw: st.DrawFn) -> LegalActions:
    call = draw(st.integers(0, 100_000))
    lowest = draw(st.none() | st.integers(2_000, 50_000))
    highest = None if lowest is None else draw(st.integers(lowest, 100_000))
    return LegalActions(
        can_check=call == 0,
        call_amount=Krw(call),
        min_raise_to=None if lowest is None else Krw(lowest),
        max_raise_to=None if highest is None else Krw(highest),
        all_in_amount=draw(st.none() | st.just(Krw(100_000))),
    )


@given(legal=legal_actions(), seed=st.integers(0, 1000))
def test_every_choice_is_legal(legal: LegalActions, seed: int) -> None:
    kind, amount = choose(VIEW, my_turn(legal), Random(seed))
    match kind:
        case ActionKind.CHECK:
            assert legal.can_check
        case ActionKind.CALL | ActionKind.FOLD:
            assert not legal.can_check
        case ActionKind.RAISE_TO:
            assert legal.min_raise_to is not None
            assert legal.max_raise_to is not None
            assert legal.min_raise_to <= amount <= legal.max_raise_to
        case ActionKind.ALL_IN:
            assert legal.all_in_amount is not None


@given(seed=st.integers(0, 1000))
def test_a_buy_in_is_within_the_limits_in_whole_big_blinds(seed: int) -> None:
    buy_in = choose_buy_in(VIEW, Random(seed))
    assert VIEW.min_buy_in <= buy_in <= VIEW.max_buy_in
    assert (buy_in - VIEW.min_buy_in) % VIEW.big_blind == 0


def test_the_same_luck_makes_the_same_choices() -> None:
    turn = my_turn(LegalActions(False, Krw(2_000), Krw(4_000), Krw(100_000), Krw(100_000)))
    choices = [[choose(VIEW, turn, random) for _ in range(20)] for random in (Random(3), Random(3))]
    assert choices[0] == choices[1]


def test_good_starts() -> None:
    assert is_good_start(ACES)
    assert not is_good_start(SEVEN_DEUCE)
    assert not is_good_start(())

import pytest

from cardroom.ids import SeatIndex
from node.rules.errors import IllegalAction, IllegalReason
from node.rules.state import Phase
from tests.node.rules.dealer import play_sheet

SHEET = """
ante per seat 100
seats BTN 9,000 | SB 9,000 | BB 9,000
button BTN
BTN calls
SB folds
"""


def test_what_a_table_shows_of_a_hand_in_play() -> None:
    sheet = play_sheet(SHEET)
    hand = sheet.play
    assert (hand.phase, hand.is_over, hand.awaiting_run_it_twice) == (Phase.BETTING, False, False)
    assert sheet.name(hand.seat_to_act or SeatIndex(0)) == "BB"
    assert [pot.amount for pot in hand.pots] == [300]  # the antes; the bets are still in front of the players
    assert [sheet.name(seat) for seat in hand.live_seats] == ["BB", "BTN"]
    assert hand.player(sheet.seat("BTN")).put_in == 2_100
    assert hand.board == ()
    with pytest.raises(IllegalAction) as refusal:
        hand.player(SeatIndex(8))
    assert refusal.value.reason is IllegalReason.NOT_IN_HAND


def test_pots_are_gathered_street_by_street_and_gone_at_the_end() -> None:
    hand = play_sheet(SHEET + "BB checks\nBB bets 2,000\n").play
    assert [pot.amount for pot in hand.pots] == [5_300]
    assert len(hand.board) == 3
    assert hand.next_cards(2) == hand.setup.deck[9:11]
    with pytest.raises(AssertionError, match="covers what is dealt"):
        hand.next_cards(len(hand.setup.deck) - 8)
    over = play_sheet(SHEET + "BB checks\nBB bets 2,000\nBTN folds\n").play
    assert (over.pots, over.is_over, over.seat_to_act) == ((), True, None)

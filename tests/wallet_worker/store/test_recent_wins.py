"""Who has won how much from whom: what losers lose goes to winners in proportion, rake to nobody."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.wire.ledger import HandSettled
from tests.wallet_worker.house import House, hand_of
from wallet_worker.store.recent_wins import WonFrom, recent_wins


async def play(house: House, table: int, *hands: Sequence[int]) -> None:
    """Settle hands of the seated players, given by their nets; what these lack is rake."""
    last = None
    for nets in hands:
        seated = [(house.players[seat], seat, net) for seat, net in enumerate(nets)]
        last = hand_of(house.tables[table], seated, last)
        (reply,) = await house.ask(last)
        assert isinstance(reply, HandSettled)


async def won(house: House, player: int, days: int = 7) -> Mapping[int, int]:
    """Give what a player has won, by the numbers of the opponents."""
    found = await recent_wins(house.database, house.players[player], days, 10)
    return {house.players.index(one.opponent): one.amount for one in found}


def flows(hands: Sequence[Sequence[int]], player: int) -> dict[int, int]:
    """Say the same, hand by hand, in plain words."""
    sums: dict[int, int] = {}
    for nets in hands:
        lost = -sum(net for net in nets if net < 0)
        for other, net in enumerate(nets):
            if nets[player] > 0 > net:
                sums[other] = sums.get(other, 0) + nets[player] * -net // lost
            elif nets[player] < 0 < net:
                sums[other] = sums.get(other, 0) - -nets[player] * net // lost
    return {other: amount for other, amount in sums.items() if amount > 0}


async def test_a_win_comes_from_the_losers_in_proportion_to_what_they_lost(house: House) -> None:
    await house.seat(0, 10_000, 10_000, 10_000, 10_000)
    await play(house, 0, [2_850, -2_000, -1_000, 0])
    assert await won(house, 0) == {1: 1_900, 2: 950}
    assert await won(house, 1) == {}
    assert await won(house, 3) == {}


async def test_what_was_won_back_is_not_won_and_several_winners_share(house: House) -> None:
    await house.seat(0, 10_000, 10_000, 10_000, 10_000)
    hands = [[2_000, -2_000, 0, 0], [-1_500, 1_500, 0, 0], [900, -3_000, 2_100, 0]]
    await play(house, 0, *hands)
    assert await won(house, 0) == {1: 500 + 900} == flows(hands, 0)
    assert await won(house, 2) == {1: 2_100}
    assert await won(house, 1) == {}


async def test_buy_ins_top_ups_and_cash_outs_are_no_wins_and_tables_add_up(house: House) -> None:
    await house.seat(0, 10_000, 10_000)
    await house.seat(1, 5_000, 5_000)
    await play(house, 0, [1_000, -1_000])
    await play(house, 1, [700, -700])
    await house.seat(0, 2_000)
    assert await won(house, 0) == {1: 1_700}


async def test_only_the_last_days_count(house: House) -> None:
    await house.seat(0, 10_000, 10_000)
    await play(house, 0, [1_000, -1_000])
    await house.change(
        *[f"UPDATE {table} SET booked_at = now() - interval '6 days 23 h'" for table in ("entry", "transfer")]
    )
    assert await won(house, 0, days=7) == {1: 1_000}
    assert await won(house, 0, days=6) == {}


async def test_the_most_comes_first_and_no_more_than_asked_for(house: House) -> None:
    await house.seat(0, 10_000, 10_000, 10_000)
    await play(house, 0, [3_000, -1_000, -2_000])
    assert await recent_wins(house.database, house.players[0], 7, 1) == [
        WonFrom(house.players[2], Krw(2_000))
    ]
    assert await recent_wins(house.database, UserId(2**40), 7, 1) == []


async def test_hands_at_random_say_what_the_plain_words_say(house: House) -> None:
    await house.seat(0, 20_000, 20_000, 20_000, 20_000)
    hands = [_hand(number) for number in range(1, 30)]
    await play(house, 0, *hands)
    for player in range(4):
        assert await won(house, player) == flows(hands, player)


def _hand(number: int) -> list[int]:
    """Give nets that nobody has chosen, small enough for the stacks, with and without rake."""
    nets = [(number * (7 + 4 * seat) * 37) % 201 - 100 for seat in range(3)]
    last = -sum(nets) - (number % 3) * 5
    return [*nets, last] if last else [*nets[:2], nets[2] - 1, 1]


@given(st.lists(st.lists(st.integers(-100, 100), min_size=3, max_size=3), max_size=20))
def test_plainly_said_nobody_has_won_from_each_other_more_than_was_lost(nets: list[list[int]]) -> None:
    hands = [[*three, -sum(three)] for three in nets]
    lost = sum(-net for hand in hands for net in hand if net < 0)
    assert sum(sum(flows(hands, player).values()) for player in range(4)) <= lost

"""What a confirmed deposit waits for, and what is decided of it: look-up, screening, rate, limits, size."""

import pytest
from attrs import evolve

from tests.fakes.gateways import RecordingGateway
from tests.wallet_worker.coins_in import CoinRoom, open_coin_room
from tests.wallet_worker.house import LINK, LOG, PURSE, House
from tests.wallet_worker.outside import deposit, tx_hash
from tests.wallet_worker.terms import HERE, exclude, limit
from wallet_worker.cashier.cashier import Cashier
from wallet_worker.cashier.held_watch import HeldWatch
from wallet_worker.gateways.port import DepositTold
from wallet_worker.rates.port import RateStopped, RateUnavailable
from wallet_worker.rules.chain_deposit import clear
from wallet_worker.store.held_deposits import release_within


@pytest.fixture
def room(house: House) -> CoinRoom:
    return open_coin_room(house)


async def hear_confirmed(room: CoinRoom, amount: int = 100_000) -> DepositTold:
    told = room.gateway.has(await room.told(0, amount=amount))
    await room.hear(told)
    return told


async def clear_first(room: CoinRoom) -> None:
    await room.desk.change((await room.deposits())[0].number, clear)


@pytest.mark.parametrize(
    ("trouble", "reason"), [(RateStopped(), "rate_stopped"), (RateUnavailable(), "rate_unavailable")]
)
async def test_without_a_rate_it_waits_and_is_credited_at_the_rate_of_later(
    room: CoinRoom, trouble: Exception, reason: str
) -> None:
    await hear_confirmed(room)
    room.rates.trouble = trouble
    for _ in range(3):
        await room.work()
    assert await room.states() == [f"confirmed {reason}"]
    assert room.board.states(room.house.players[0])[-1] == f"confirmed 3/3 {reason}"
    assert len(room.board.told) == 2, "the same is told once"
    assert (await room.one()).tries == 3
    room.rates.trouble, room.rates.price = None, 200_000_000
    await room.work()
    await room.assert_credited_once(worth=200_000)


async def test_while_the_gateway_or_the_screening_is_away_it_waits(room: CoinRoom) -> None:
    await hear_confirmed(room)
    room.gateway.is_away = True
    await room.work()
    assert await room.states() == ["confirmed unavailable"]
    room.gateway.is_away, room.screening.is_away = False, True
    await room.work()
    assert await room.states() == ["confirmed unavailable"]
    room.screening.is_away = False
    await room.work()
    await room.assert_credited_once()
    assert room.screening.asked[0].user_id == room.house.players[0]


async def test_what_the_record_does_not_have_waits_and_is_gone_in_the_end(room: CoinRoom) -> None:
    told = await hear_confirmed(room)
    room.gateway.loses(told)
    await room.work()
    assert await room.states() == ["confirmed not_found"]
    await room.house.change("UPDATE chain_deposit SET told_at = told_at - interval '4 days'")
    await room.work()
    assert await room.states() == ["gone"]
    room.gateway.has(told)
    await room.look()
    await room.work()
    await room.assert_credited_once()


async def test_what_the_record_says_otherwise_is_a_persons(room: CoinRoom) -> None:
    told = await hear_confirmed(room)
    room.gateway.has(evolve(told, coin_amount=50_000))
    await room.work()
    assert await room.states() == ["review look_up_differs"]
    await room.work()
    assert await room.house.wallet(0) == PURSE
    assert room.board.states(room.house.players[0])[-1] == "review 3/3", "what was found is not told"
    await clear_first(room)
    await room.work()
    await room.assert_credited_once()


async def test_a_record_that_differs_while_it_is_confirming_is_a_persons_and_no_alarm(room: CoinRoom) -> None:
    told = await room.told(0, confirmations=1)
    room.gateway.has(evolve(told, coin_amount=99_999))
    await room.hear(told)
    await room.work()
    assert (await room.states(), (await room.one()).alarm) == (["review look_up_differs"], None)
    await clear_first(room)
    room.gateway.has(evolve(told, coin_amount=99_999, confirmations=3))
    await room.work()
    assert await room.states() == ["confirmed"], "the record says how deep it is"
    await room.work()
    await room.look()
    assert (await room.one()).alarm is None, "a person has looked at it"
    await room.assert_credited_once()


async def test_a_record_with_fewer_confirmations_takes_it_back(room: CoinRoom) -> None:
    told = await hear_confirmed(room)
    room.gateway.confirms(told, 1)
    await room.work()
    assert await room.states() == ["confirming"]
    room.gateway.confirms(told, 3)
    await room.work()
    await room.work()
    await room.assert_credited_once()


async def test_what_the_screening_knows_something_against_is_a_persons_and_not_told(room: CoinRoom) -> None:
    room.screening.found[tx_hash(1)] = "a mixer " * 20
    await hear_confirmed(room)
    await room.work()
    one = await room.one()
    assert (one.state.value, one.reason) == ("review", f"screening_hit: {'a mixer ' * 20}"[:64])
    assert room.board.states(room.house.players[0])[-1] == "review 3/3"
    await clear_first(room)
    await room.work()
    await room.assert_credited_once()


async def test_dust_is_refused_until_a_person_clears_it(room: CoinRoom) -> None:
    await hear_confirmed(room, amount=4_999)
    await room.work()
    assert await room.states() == ["refused amount_too_small"]
    assert room.board.states(room.house.players[0])[-1] == "refused 3/3 amount_too_small"
    await clear_first(room)
    await room.work()
    await room.assert_credited_once(worth=7_498)


async def test_what_a_person_has_cleared_is_looked_up_all_the_same(room: CoinRoom) -> None:
    """The chain may have dropped it while it waited for a person."""
    room.screening.found[tx_hash(1)] = "a mixer"
    told = await hear_confirmed(room)
    await room.work()
    room.gateway.loses(told)
    await clear_first(room)
    await room.work()
    assert (await room.states(), await room.house.wallet(0)) == (["confirmed not_found"], PURSE)
    room.gateway.confirms(told, 1)
    await room.work()
    assert await room.states() == ["confirming"]
    room.gateway.confirms(told, 3)
    await room.work()
    await room.work()
    await room.assert_credited_once()


async def test_dust_is_screened_and_looked_up_before_a_person_may_clear_it(room: CoinRoom) -> None:
    room.screening.found[tx_hash(1)] = "a mixer"
    told = await hear_confirmed(room, amount=4_999)
    await room.work()
    assert await room.states() == ["review screening_hit: a mixer"]
    second = await room.told(0, 2, amount=4_000)
    await room.hear(second)
    room.gateway.has(evolve(second, coin_amount=4_001))
    await room.work()
    assert (await room.states())[1] == "review look_up_differs"
    assert told.coin_amount < 5_000


async def test_a_gateway_that_is_away_for_days_makes_nothing_gone(room: CoinRoom) -> None:
    await room.hear(await room.told(0, confirmations=1))
    await room.house.change("UPDATE chain_deposit SET told_at = told_at - interval '4 days'")
    room.gateway.is_away = True
    await room.work()
    assert await room.states() == ["confirming unavailable"]
    room.gateway.is_away = False
    await room.work()
    assert await room.states() == ["gone"]


async def test_what_is_worth_less_than_a_won_or_too_much_is_not_booked(room: CoinRoom) -> None:
    room.rates.price = 1
    await hear_confirmed(room)
    await room.work()
    assert await room.states() == ["refused amount_too_small"]
    room.rates.price = 10**18
    await room.hear(room.gateway.has(await room.told(0, 2, amount=10**12)))
    await room.work()
    assert (await room.states())[1] == "review amount_too_large"
    assert await room.house.wallet(0) == PURSE


async def test_over_the_players_limit_it_is_held_and_credited_by_the_watch_in_step(room: CoinRoom) -> None:
    house = room.house
    watch = HeldWatch(house.database, LINK, HERE, LOG, on_released=room.desk.tell_credited)
    await limit(house, 0, "deposit_week", 149_999)
    await hear_confirmed(room)
    await room.work()
    await watch.look()
    assert await room.states() == ["held deposit_limit"]
    assert await house.wallet(0) == PURSE
    await limit(house, 0, "deposit_week", 150_000)
    await watch.look()
    await watch.look()
    await room.assert_credited_once()
    user = house.players[0]
    assert room.board.states(user) == ["confirmed 3/3", "held 3/3 deposit_limit", "credited 3/3"]


async def test_what_a_player_who_is_excluded_sends_is_held_and_an_administrator_releases_it(
    room: CoinRoom,
) -> None:
    told = room.gateway.has(await room.told(0))
    await exclude(room.house, 0)
    await room.hear(told)
    await room.work()
    held = (await room.one()).held_id
    assert held is not None
    async with room.house.database.transaction() as transaction:
        await release_within(transaction, held, "kim", LINK)
    assert await room.states() == ["credited"]
    await room.assert_credited_once()


async def test_what_is_held_and_taken_back_by_the_chain_is_released_by_people_only(house: House) -> None:
    room = open_coin_room(house, [RecordingGateway("fake", looks_up_deposits=False)])
    watch = HeldWatch(house.database, LINK, HERE, LOG)
    await limit(house, 0, "deposit_week", 10)
    told = await room.told(0)
    await room.hear(told)
    await room.work()
    await room.hear(evolve(told, confirmations=0))
    assert (await room.one()).alarm == "deposit_reversed"
    await limit(house, 0, "deposit_week", None)
    await watch.look()
    assert await room.states() == ["held deposit_limit"]


async def test_a_payment_that_was_booked_otherwise_is_a_persons(room: CoinRoom) -> None:
    """Somebody has booked the same output for another player before."""

    told = await hear_confirmed(room)
    cashier = Cashier(room.house.database, LINK, LOG, HERE)
    await cashier.credit_deposit(deposit(room.house.players[1], address=told.address))
    await room.work()
    one = await room.one()
    assert (one.state.value, one.reason, one.alarm) == ("review", "deposit_changed", "deposit_changed")
    assert await room.house.wallet(0) == PURSE


async def test_a_payment_that_was_booked_already_is_taken_over(room: CoinRoom) -> None:

    told = await hear_confirmed(room)
    cashier = Cashier(room.house.database, LINK, LOG, HERE)
    await cashier.credit_deposit(deposit(room.house.players[0], address=told.address))
    await room.work()
    await room.assert_credited_once()


async def test_a_gateway_that_is_not_in_the_settings_any_more_is_waited_for(room: CoinRoom) -> None:
    await hear_confirmed(room)
    await room.house.change("UPDATE chain_deposit SET gateway = 'old'")
    await room.work()
    assert await room.states() == ["confirmed unavailable"]
    await room.house.change("UPDATE chain_deposit SET state = 'confirming'")
    await room.work()
    assert await room.states() == ["confirming unavailable"]

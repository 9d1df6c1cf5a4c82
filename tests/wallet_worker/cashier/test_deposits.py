"""Deposits from the first message to the credit: repeated, changed, taken back, nobody's, of another coin."""

from collections.abc import Callable

import pytest
import trio
from attrs import evolve

from cardroom.wire.notices import DepositNotice, DepositState
from tests.fakes.gateways import RecordingGateway, made_up_address
from tests.wallet_worker.coins_in import GATEWAY, CoinRoom, open_coin_room
from tests.wallet_worker.house import PURSE, House
from tests.wallet_worker.outside import tx_hash
from wallet_worker.cashier.deposits import Delivery
from wallet_worker.gateways.port import DepositTold, WebhookRefused
from wallet_worker.rules.chain_deposit import ChainState


@pytest.fixture
def room(house: House) -> CoinRoom:
    """Give a desk whose gateway can be asked."""
    return open_coin_room(house)


@pytest.fixture
def blind(house: House) -> CoinRoom:
    """Give a desk whose gateway only tells."""
    return open_coin_room(house, [RecordingGateway(GATEWAY, looks_up_deposits=False)])


async def refusal(room: CoinRoom, *told: DepositTold, digest: bytes | None = None) -> str:
    with pytest.raises(WebhookRefused) as refused:
        await room.hear(*told, digest=digest)
    return refused.value.code.value


async def test_a_deposit_is_seen_then_confirmed_then_credited_at_the_rate_of_then(room: CoinRoom) -> None:
    told = await room.told(0, confirmations=0)
    await room.hear(room.gateway.has(told))
    await room.hear(room.gateway.confirms(told, 2))
    await room.work()
    assert await room.house.wallet(0) == PURSE
    await room.hear(room.gateway.confirms(told, 3))
    room.rates.price = 160_000_001
    await room.work()
    await room.assert_credited_once(worth=160_000)
    user = room.house.players[0]
    assert room.board.states(user) == ["confirming 0/3", "confirming 2/3", "confirmed 3/3", "credited 3/3"]
    last = room.board.told[-1][1]
    assert isinstance(last, DepositNotice)
    assert (last.coin_amount, last.krw_amount, last.krw_balance) == ("0.00100000", 160_000, PURSE + 160_000)
    assert [one.rate.krw_per_coin for one in room.noted] == [160_000_001]


async def test_the_very_same_message_is_taken_once_and_told_again_it_changes_nothing(room: CoinRoom) -> None:
    told = room.gateway.has(await room.told(0))
    await room.hear(told, digest=b"d" * 32)
    assert await refusal(room, told, digest=b"d" * 32) == "webhook_replayed"
    await room.work()
    for _ in range(3):
        await room.hear(told)
        await room.work()
    await room.assert_credited_once()


async def test_many_at_once_in_new_messages_are_one_deposit(room: CoinRoom) -> None:
    told = room.gateway.has(await room.told(0))
    async with trio.open_nursery() as nursery:
        for _ in range(40):
            nursery.start_soon(room.hear, told)
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(room.loop.follow_due)
            nursery.start_soon(room.steps.follow, await room.one())
    await room.assert_credited_once()


async def test_outputs_without_numbers_are_numbered_as_they_come_and_known_by_address(room: CoinRoom) -> None:
    first = evolve(await room.told(0), output_number=None)
    second = evolve(await room.told(1, amount=200_000), output_number=None)
    for one in (first, second):
        room.gateway.record.setdefault((one.coin, one.tx_hash), []).append(one)
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(room.hear, first, second)
            nursery.start_soon(room.hear, second)
    assert sorted(one.output_number for one in await room.deposits()) == [0, 1]
    assert sorted(one.coin_amount for one in await room.deposits()) == [100_000, 200_000]


async def test_a_changed_amount_is_refused_alerts_and_is_a_persons(room: CoinRoom) -> None:
    told = room.gateway.has(await room.told(0, confirmations=1))
    await room.hear(told)
    assert await refusal(room, evolve(told, coin_amount=900_000, confirmations=3)) == "deposit_changed"
    one = await room.one()
    assert (one.state, one.reason, one.alarm, one.coin_amount) == (
        ChainState.REVIEW,
        "deposit_changed",
        "deposit_changed",
        100_000,
    )
    await room.hear(room.gateway.confirms(told, 3))
    await room.work()
    assert await room.house.wallet(0) == PURSE


async def test_another_address_for_the_same_output_of_what_is_credited_alerts_and_moves_nothing(
    room: CoinRoom,
) -> None:
    told = room.gateway.has(await room.told(0))
    await room.hear(told)
    await room.work()
    assert await refusal(room, evolve(told, address=await room.address(1))) == "deposit_changed"
    await room.assert_credited_once()
    assert (await room.one()).alarm == "deposit_changed"
    assert await room.house.wallet(1) == PURSE


async def test_fewer_confirmations_take_it_back_and_what_is_late_says_nothing(blind: CoinRoom) -> None:
    told = await blind.told(0, confirmations=3)
    await blind.hear(told)
    await blind.hear(evolve(told, confirmations=1))
    await blind.work()
    assert await blind.states() == ["confirming"]
    blind.clock.now -= 50
    await blind.hear(evolve(told, confirmations=9))
    assert await blind.states() == ["confirming"]
    blind.clock.now += 60
    await blind.hear(told)
    await blind.work()
    await blind.assert_credited_once()
    blind.clock.now -= 60
    await blind.hear(evolve(told, confirmations=0))
    assert (await blind.one()).alarm is None


async def test_taken_back_after_the_credit_alerts(blind: CoinRoom) -> None:
    told = await blind.told(0)
    await blind.hear(told)
    await blind.work()
    await blind.hear(evolve(told, confirmations=0))
    assert (await blind.one()).alarm == "deposit_reversed"
    await blind.assert_credited_once()


async def test_what_the_record_lost_after_the_credit_alerts(room: CoinRoom) -> None:
    told = room.gateway.has(await room.told(0))
    await room.hear(told)
    await room.work()
    await room.hear(evolve(told, confirmations=0))
    assert (await room.one()).alarm is None, "the record is asked first"
    await room.loop.look_at_addresses()
    assert (await room.one()).alarm is None, "the record has it"
    room.gateway.loses(told)
    await room.hear(evolve(told, confirmations=0))
    await room.loop.look_at_addresses()
    assert (await room.one()).alarm == "deposit_reversed"
    await room.assert_credited_once()


async def test_what_nobody_tells_of_is_gone_and_comes_back(blind: CoinRoom) -> None:
    told = await blind.told(0, confirmations=1)
    await blind.hear(told)
    await blind.work()
    assert await blind.states() == ["confirming"]
    await blind.house.change("UPDATE chain_deposit SET told_at = told_at - interval '4 days'")
    await blind.work()
    assert await blind.states() == ["gone"]
    await blind.work()
    await blind.hear(evolve(told, confirmations=3))
    await blind.work()
    await blind.assert_credited_once()
    assert blind.board.states(blind.house.players[0]) == [
        "confirming 1/3",
        "gone 0/3",
        "confirmed 3/3",
        "credited 3/3",
    ]


async def test_nobodys_deposit_is_kept_and_refused_and_found_by_itself_when_the_address_is_known(
    room: CoinRoom,
) -> None:
    address = made_up_address("BTC", "somebody")
    told = room.gateway.has(DepositTold("BTC", tx_hash(1), 0, address, 100_000, 3))
    assert await refusal(room, told) == "unknown_address"
    assert await refusal(room, told) == "unknown_address"
    await room.work()
    assert (await room.states(), room.board.told) == (["unmatched"], [])
    room.gateway.given = address
    assert await room.address(0) == address
    await room.hear(told)
    await room.work()
    await room.assert_credited_once()


def another_coin(told: DepositTold) -> DepositTold:
    return evolve(told, coin="USDT")


def on_testnet(told: DepositTold) -> DepositTold:
    return evolve(told, address="tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx")


def no_hash(told: DepositTold) -> DepositTold:
    return evolve(told, tx_hash="abc")


def unheld_coin(told: DepositTold) -> DepositTold:
    return evolve(told, coin="DOGE")


def other_invoice(told: DepositTold) -> DepositTold:
    return evolve(told, external_id="of somebody else")


@pytest.mark.parametrize(
    ("coin", "change", "code"),
    [
        ("ETH", another_coin, "wrong_coin"),
        ("BTC", on_testnet, "wrong_address"),
        ("BTC", another_coin, "wrong_address"),
        ("BTC", no_hash, "malformed"),
        ("BTC", unheld_coin, "wrong_coin"),
        ("BTC", other_invoice, "webhook_unknown"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_code_and_not_kept(
    room: CoinRoom, coin: str, change: Callable[[DepositTold], DepositTold], code: str
) -> None:
    told = await room.told(0, coin=coin, confirmations=12)
    assert await refusal(room, change(told)) == code
    assert await room.deposits() == []
    await room.hear(told)
    assert len(await room.deposits()) == 1


async def test_what_is_refused_of_a_message_does_not_stop_the_rest(room: CoinRoom) -> None:
    good = room.gateway.has(await room.told(0))
    assert await refusal(room, evolve(good, tx_hash="abc"), good) == "malformed"
    await room.work()
    await room.assert_credited_once()


async def test_another_gateway_has_no_say_about_an_address(house: House) -> None:
    other = RecordingGateway("other")
    room = open_coin_room(house, [RecordingGateway(GATEWAY), other])
    told = await room.told(0)
    with pytest.raises(WebhookRefused) as refused:
        await _tell_by(room, "other", told)
    assert refused.value.code.value == "webhook_unknown"
    assert await room.deposits() == []
    await room.hear(told)
    with pytest.raises(WebhookRefused) as refused:
        await _tell_by(room, "other", evolve(told, output_number=5))
    assert refused.value.code.value == "deposit_changed", "it counts outputs differently: no second payment"


async def _tell_by(room: CoinRoom, gateway: str, told: DepositTold) -> None:
    room.messages += 1
    digest = room.messages.to_bytes(32, "big")
    await room.desk.take_message(Delivery(gateway, digest, room.clock.now + 5), [told])


async def test_players_are_told_of_a_deposit_that_was_held_when_it_is_credited(room: CoinRoom) -> None:
    told = room.gateway.has(await room.told(0))
    await room.hear(told)
    await room.work()
    payment = (await room.one()).payment_id
    assert payment is not None
    room.board.told.clear()
    await room.desk.tell_credited(payment)
    await room.desk.tell_credited(payment + 1)
    ((user, notice),) = room.board.told
    assert user == room.house.players[0]
    assert isinstance(notice, DepositNotice)
    assert (notice.state, notice.krw_amount) == (DepositState.CREDITED, 150_000)


async def test_a_record_of_any_length_is_taken_in(room: CoinRoom) -> None:
    first = await room.told(0, confirmations=1)
    record = [evolve(first, tx_hash=f"{number:064x}") for number in range(1_001)]
    assert len(await room.desk.take_record(GATEWAY, record)) == 1_001
    assert await room.house.number("SELECT count(*) FROM chain_deposit") == 1_001
    await room.desk.take_record(GATEWAY, record)
    assert await room.house.number("SELECT count(*) FROM chain_deposit") == 1_001

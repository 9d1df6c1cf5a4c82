"""A deposit is credited once for ever, whatever comes again."""

import pytest
import trio
from attrs import evolve

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, PostgresRefused
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.outside import BTC, balances, deposit, tx_hash
from wallet_worker.rules.coins import Rate
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.house_transfer import KeyReused, NoSuchPlayer

FACTS = """
SELECT direction, user_id, coin, coin_amount::text, coin_scale, rate, tx_hash, output_number, krw_amount,
       status, completed_at IS NOT NULL AS is_completed
FROM outside_payment
"""


async def test_a_deposit_reaches_the_wallet_with_all_its_facts(house: House) -> None:
    answer = await book_deposit(house.database, deposit(house.players[0]), LINK)
    assert answer["krw_amount"] == 150_000
    assert await house.wallet(0) == PURSE + 150_000
    assert (await balances(house))["deposit_clearing"] == -150_000
    (row,) = await house.rows(FACTS)
    assert list(row.values()) == [
        "deposit", house.players[0], "BTC", "100000", 8, BTC.krw_per_coin, tx_hash(1), 0,
        150_000, "credited", True,
    ]  # fmt: skip
    steps = await house.rows("SELECT transfer_id, payment_id, step FROM payment_transfer")
    assert [tuple(step) for step in steps] == [(answer["transfer"], answer["payment"], "credited")]
    await house.assert_sound()


async def test_a_repeat_gets_the_first_answer_also_at_another_rate(house: House) -> None:
    first = await book_deposit(house.database, deposit(house.players[0]), LINK)
    for _ in range(2):
        assert await book_deposit(house.database, deposit(house.players[0]), LINK) == first
    later = deposit(house.players[0], rate=Rate(99_000_000, 8))
    assert await book_deposit(house.database, later, LINK) == first
    assert await house.wallet(0) == PURSE + 150_000


async def test_the_same_output_with_another_body_is_refused(house: House) -> None:
    first = deposit(house.players[0])
    await book_deposit(house.database, first, LINK)
    for other in (
        evolve(first, coin_amount=100_001),
        evolve(first, address="bc1qother"),
        evolve(first, user_id=house.players[1]),
    ):
        with pytest.raises(KeyReused):
            await book_deposit(house.database, other, LINK)
    assert [await house.wallet(player) for player in (0, 1)] == [PURSE + 150_000, PURSE]
    await house.assert_sound()


async def test_each_output_and_each_coin_is_a_deposit_of_its_own(house: House) -> None:
    user = house.players[0]
    for one in (deposit(user), deposit(user, output_number=1), deposit(user, coin="ETH", rate=Rate(1, 0))):
        await book_deposit(house.database, one, LINK)
    assert await house.number("SELECT count(*) FROM outside_payment") == 3


async def test_won_are_rounded_down_and_18_decimals_are_exact(house: House) -> None:
    wei = 1_234_567_890_123_456_789
    eth = deposit(house.players[0], wei, coin="ETH", rate=Rate(5_000_001, 18))
    answer = await book_deposit(house.database, eth, LINK)
    assert answer["krw_amount"] == wei * 5_000_001 // 10**18 == 6_172_840
    assert (await house.rows(FACTS))[0]["coin_amount"] == str(wei)
    facts = "coin, coin_amount::text, rate::text, tx_hash, address"
    (row,) = await house.rows(f"SELECT {facts} FROM wallet_transactions WHERE coin IS NOT NULL")
    assert list(row.values()) == ["ETH", "1.234567890123456789", "5000001", tx_hash(1), eth.address]


async def test_what_is_worth_nothing_and_whose_it_is_not(house: House) -> None:
    with pytest.raises(Denied) as denied:
        await book_deposit(house.database, deposit(house.players[0], 1, rate=Rate(99, 8)), LINK)
    assert denied.value.denial is Denial.AMOUNT_TOO_SMALL
    with pytest.raises(NoSuchPlayer):
        await book_deposit(house.database, deposit(UserId(10**9)), LINK)
    assert await house.number("SELECT count(*) FROM outside_payment") == 0
    await house.assert_sound()


async def test_two_who_tell_of_one_deposit_at_once_credit_it_once(house: House) -> None:
    answers = []

    async def tell() -> None:
        answers.append(await book_deposit(house.database, deposit(house.players[0]), LINK))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(tell)
    assert answers == [answers[0]] * 4
    assert await house.wallet(0) == PURSE + 150_000
    await house.assert_sound()


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("UPDATE outside_payment SET krw_amount = 1", "42501"),
        ("UPDATE outside_payment SET address = 'x'", "42501"),
        ("UPDATE outside_payment SET user_id = 1", "42501"),
        ("UPDATE outside_payment SET rate = 1", "23514"),
        ("UPDATE outside_payment SET status = 'paid'", "23514"),
        ("DELETE FROM outside_payment", "42501"),
        ("UPDATE payment_transfer SET step = 'paid'", "42501"),
        ("DELETE FROM payment_transfer", "42501"),
        ("DELETE FROM keyed_request", "42501"),
    ],
)
async def test_the_workers_role_cannot_change_a_deposit(
    house: House, database: Postgres, statement: str, state: str
) -> None:
    await book_deposit(house.database, deposit(house.players[0]), LINK)
    with pytest.raises(PostgresRefused) as refusal:
        async with database.transaction() as transaction:
            await transaction.execute(statement)
    assert refusal.value.state == state


async def test_the_database_itself_knows_an_output_once(house: House) -> None:
    await book_deposit(house.database, deposit(house.players[0]), LINK)
    again = """INSERT INTO outside_payment (direction, user_id, coin, address, krw_amount, coin_amount,
        coin_scale, rate, tx_hash, output_number, status, completed_at)
        SELECT direction, user_id, coin, 'x', 1, 1, 8, 1, tx_hash, output_number, status, now()
        FROM outside_payment"""
    with pytest.raises(PostgresRefused) as refusal:
        async with house.owner.transaction() as transaction:
            await transaction.execute(again)
    assert refusal.value.constraint == "outside_deposit_key"

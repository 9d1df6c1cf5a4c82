"""What each coin's payments sum to, and what verify says of it."""

from tests.wallet_worker.gateway_rows import asked, credited, seen
from tests.wallet_worker.house import House
from tests.wallet_worker.outside import payout, tx_hash
from wallet_worker.rules.coins import COINS
from wallet_worker.rules.gateway_books import CoinBooks
from wallet_worker.store.coin_sums import sum_coins

SENT = payout().coin_amount


async def test_a_house_without_payments_has_empty_books(house: House) -> None:
    books = await sum_coins(house.database)
    assert books == [CoinBooks(coin, COINS[coin]) for coin in sorted(COINS)]
    assert not any(one.is_moved for one in books)
    assert (await house.verify()).as_document()["coins"] == []


async def test_each_payment_is_counted_once_where_it_is(house: House) -> None:
    await credited(house)
    await credited(house, number=2, coin_amount=50_000)
    waits = await seen(house, "confirming", 3, coin_amount=11, confirmations=2)
    for number, state in enumerate(("confirmed", "review", "refused"), start=4):
        await seen(house, state, number, coin_amount=100 * number)
    await seen(house, "unmatched", 7, coin_amount=700, user_id=None)
    await seen(house, "unmatched", 8, coin_amount=22, user_id=None, confirmations=0)
    await seen(house, "gone", 9, coin_amount=10**9)
    await house.change(
        "INSERT INTO held_deposit (user_id, coin, address, krw_amount, coin_amount, coin_scale, rate,"
        f" tx_hash, output_number) VALUES ({house.players[0]}, 'BTC', 'x', 1, 3000, 8, 1, '{tx_hash(10)}', 0)"
    )
    for number, state in enumerate(("waiting", "approved", "sending", "doubtful", "confirmed", "failed"), 1):
        await asked(house, state, number)
    (books,) = [one for one in await sum_coins(house.database) if one.is_moved]
    assert books == CoinBooks(
        coin="BTC", scale=8, credited=150_000, paid=SENT, held=3000, uncredited=400 + 500 + 600 + 700,
        arriving=33, on_the_way=2 * SENT, credited_krw=225_000, paid_krw=30_000,
    )  # fmt: skip
    await house.change(f"UPDATE chain_deposit SET confirmations = 3, state = 'confirmed' WHERE id = {waits}")
    books = (await sum_coins(house.database))[0]
    assert (books.uncredited, books.arriving) == (2211, 22)


async def test_what_was_booked_before_it_was_told_is_not_counted_twice(house: House) -> None:
    await credited(house)
    await house.change(
        "UPDATE chain_deposit SET state = 'confirmed', payment_id = NULL, seen_at = '2030-01-01'"
    )
    books = (await sum_coins(house.database))[0]
    assert (books.credited, books.uncredited, books.arriving) == (100_000, 0, 0)


async def test_verify_says_what_came_in_and_went_out_of_each_coin(house: House) -> None:
    await credited(house)
    await seen(house, "review", 2, coin_amount=5)
    await asked(house, "confirmed")
    await asked(house, "sent", 2)
    report = await house.verify()
    assert report.is_sound
    *_, line, equation, _ = report.as_lines()
    assert line == (
        "BTC: in 0.00100000 (₩150,000) - out 0.00020000 (₩30,000) + held 0.00000000 + not credited 0.00000005"
        " = 0.00080005 at the gateway; arriving 0.00000000, on the way 0.00020000"
    )
    assert equation.startswith("deposits ₩150,000 - withdrawals ₩30,000 = wallets")
    assert report.as_document()["coins"] == [
        {
            "coin": "BTC", "in": "0.00100000", "out": "0.00020000", "held": "0.00000000",
            "uncredited": "0.00000005", "arriving": "0.00000000", "on_the_way": "0.00020000",
            "expected": "0.00080005", "in_krw": 150_000, "out_krw": 30_000,
        }
    ]  # fmt: skip

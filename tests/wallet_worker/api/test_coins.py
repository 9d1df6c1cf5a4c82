"""Players see which coins may come in and go out, and within which limits."""

from quart_trio import QuartTrio

from cardroom.money import Krw
from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.redis import Redis
from tests.wallet_worker.house import House
from tests.wallet_worker.office import get, log_in, make_office
from wallet_worker.api.coins import coin_pages
from wallet_worker.payment_settings import CoinBook, CoinSettings, Network, WithdrawalRules

BOOK = CoinBook(
    Network.TESTNET,
    {
        "BTC": CoinSettings("shkeeper", "BTC", 3, "0.0005", Krw(200_000_000), payout_fee="10"),
        "USDT": CoinSettings(
            "by_hand", "tether", 12, "5", Krw(1), Krw(20_000), Krw(50_000), deposits_open=False,
            withdrawals_open=False,
        ),
    },
)  # fmt: skip


def pages(house: House, redis: Redis) -> QuartTrio:
    app = make_office(house, redis)
    logins = LoginLookup(redis, house.database, LookupSettings())
    app.register_blueprint(coin_pages(logins, BOOK, WithdrawalRules(wait_seconds=3600)))
    return app


async def test_coins_with_their_limits(house: House, redis: Redis) -> None:
    token = await log_in(redis, house.players[0])
    status, found = await get(pages(house, redis), "/api/v1/wallet/coins", token)
    assert status == 200
    assert found["network"] == "testnet"
    assert found["coins"] == [
        {
            "coin": "BTC", "decimals": 8, "deposits_open": True, "smallest_deposit": "0.00050000",
            "confirmations": 3, "withdrawals_open": True, "smallest_withdrawal": 10_000,
            "largest_withdrawal": 100_000_000,
        },
        {
            "coin": "USDT", "decimals": 6, "deposits_open": False, "smallest_deposit": "5.000000",
            "confirmations": 12, "withdrawals_open": False, "smallest_withdrawal": 20_000,
            "largest_withdrawal": 50_000,
        },
    ]  # fmt: skip
    assert found["withdrawals"] == {
        "wait_seconds": 3600, "address_wait_seconds": 86_400, "second_factor_above": 300_000,
        "owner_named_above": 1_000_000, "daily_amount": 50_000_000, "daily_count": 10, "addresses": 20,
    }  # fmt: skip


async def test_who_is_not_logged_in_sees_nothing(house: House, redis: Redis) -> None:
    status, answer = await get(pages(house, redis), "/api/v1/wallet/coins", "nobody")
    assert (status, answer["code"]) == (401, "not_authenticated")

"""Settings of payments: what is good is read, and what is not stops the start and says which key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cardroom.money import Krw
from cardroom.service.settings import BadSettings, structure_settings
from wallet_worker.payment_settings import (
    CoinBook,
    CoinSettings,
    GatewayKind,
    Network,
    PaymentSettings,
    ScreeningKind,
    load_coins,
)
from wallet_worker.rules.coins import COINS
from wallet_worker.rules.withdrawal import SMALLEST_WITHDRAWAL

SECRETS = {"HOLDEM_KEY": "k" * 32, "HOLDEM_LOGIN": "holdem", "HOLDEM_PASSWORD": "p" * 32}
SHKEEPER = {
    "kind": "shkeeper", "secret": {"credential": "key"}, "url": "http://127.0.0.1:5000",
    "public_url": "https://wallet.invalid", "payout_login": {"credential": "login"},
    "payout_password": {"credential": "password"},
}  # fmt: skip
BY_HAND = {"kind": "generic", "secret": {"credential": "key"}}
SANDBOX = {"kind": "sandbox", "secret": {"credential": "key"}, "url": "http://127.0.0.1:5001"}
COIN = {
    "gateway": '"shkeeper"', "gateway_coin": '"BTC"', "confirmations": "3", "smallest_deposit": '"0.00005"',
    "hot_wallet_daily": "200_000_000", "payout_fee": '"10"',
}  # fmt: skip
LATER = {"confirmations": "12"}


def read(coins_file: Path | str = "coins.toml", **changes: Any) -> PaymentSettings:
    gateways = {"shkeeper": SHKEEPER, "by_hand": BY_HAND, "sandbox": SANDBOX}
    document = {"coins_file": str(coins_file), "gateways": gateways} | changes
    return structure_settings(PaymentSettings, document, "test", SECRETS)


def write_coins(path: Path, *coins: Mapping[str, str], network: str = "mainnet") -> Path:
    symbols = iter(COINS)
    tables = [
        f"[coins.{coin.get('symbol', next(symbols))}]\n"
        + "".join(f"{key} = {value}\n" for key, value in coin.items() if key != "symbol")
        for coin in coins
    ]
    path.write_text(f'network = "{network}"\n' + "\n".join(tables), encoding="utf-8")
    return path


def test_what_is_not_said_is_the_houses_rule() -> None:
    settings = read()
    assert settings.withdrawals.wait_seconds == settings.withdrawals.address_wait_seconds == 86_400
    assert settings.withdrawals.automatic_daily == 1_000_000
    assert (settings.rates.largest_difference, settings.rates.largest_jump) == (300, 1500)
    assert settings.rates.stale_seconds == 600
    assert settings.deposits.webhook_seconds == 300
    assert settings.screening.kind is ScreeningKind.ALLOW_ALL
    assert settings.gateways["by_hand"].kind is GatewayKind.GENERIC
    assert "k" * 32 not in repr(settings)


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("rates", {"largest_difference": 0}),
        ("rates", {"largest_jump": 10_000}),
        ("rates", {"stale_seconds": 0}),
        ("rates", {"breaker_failures": 0}),
        ("deposits", {"poll_seconds": 0}),
        ("deposits", {"webhook_seconds": 901}),
        ("deposits", {"webhook_seconds": 0}),
        ("deposits", {"at_once": 0}),
        ("withdrawals", {"wait_seconds": -1}),
        ("withdrawals", {"address_wait_seconds": -0.1}),
        ("withdrawals", {"daily_count": 0}),
        ("withdrawals", {"opponent_days": 32}),
        ("withdrawals", {"addresses": 101}),
        ("payouts", {"begin_seconds": 0}),
        ("payouts", {"begin_seconds": 5, "doubtful_seconds": 5}),
        ("payouts", {"begin_seconds": 5, "doubtful_seconds": 15}),
        ("payouts", {"at_once": 0}),
        ("screening", {"kind": "file"}),
        ("screening", {"file": "listed.txt"}),
        ("reconciliation", {"hour": 24}),
        ("reconciliation", {"minute": 60}),
        ("rates", {"unknown": 1}),
    ],
)
def test_limits_that_are_none_stop_the_start(section: str, values: dict[str, Any]) -> None:
    with pytest.raises(BadSettings, match=section):
        read("coins.toml", **{section: values})


def test_a_gateway_that_nobody_calls_makes_no_payout_doubtful() -> None:
    short = {"begin_seconds": 5, "doubtful_seconds": 6}
    assert read(gateways={"by_hand": BY_HAND}, payouts=short).payouts.doubtful_seconds == 6


@pytest.mark.parametrize(
    ("gateway", "fault"),
    [
        (SHKEEPER | {"url": "shkeeper.invalid"}, "url begins with"),
        ({key: value for key, value in SHKEEPER.items() if key != "payout_login"}, "payout_login"),
        ({key: value for key, value in SHKEEPER.items() if key != "public_url"}, "public_url"),
        (SANDBOX | {"url": ""}, "url begins with"),
        (BY_HAND | {"call_seconds": 0}, "call_seconds"),
        (BY_HAND | {"call_seconds": 61}, "call_seconds"),
        ({"kind": "generic"}, "secret"),
        (BY_HAND | {"kind": "other"}, "kind"),
    ],
)
def test_a_gateway_that_is_not_whole_stops_the_start(gateway: dict[str, Any], fault: str) -> None:
    with pytest.raises(BadSettings, match=fault):
        read(gateways={"one": gateway})


@pytest.mark.parametrize("name", ["", "SHKeeper", "a-b", "a" * 33])
def test_a_gateways_name_is_stored_and_so_is_short(name: str) -> None:
    with pytest.raises(BadSettings, match="names"):
        read(gateways={name: BY_HAND})


def test_coins_are_read(tmp_path: Path) -> None:
    file = write_coins(tmp_path / "coins.toml", COIN, COIN | {"gateway_coin": '"ETH"'}, network="testnet")
    book = load_coins(read(file), COINS)
    assert list(book.coins) == ["BTC", "ETH"]
    assert book.network is Network.TESTNET
    daily = Krw(200_000_000)
    assert book.coins["BTC"] == CoinSettings("shkeeper", "BTC", 3, "0.00005", daily, payout_fee="10")
    assert book.coins["BTC"].smallest_withdrawal == SMALLEST_WITHDRAWAL
    assert book.coins["BTC"].deposits_open


def test_coins_that_are_worth_nothing_may_be_credited_early(tmp_path: Path) -> None:
    file = write_coins(tmp_path / "coins.toml", COIN | {"confirmations": "1"}, network="testnet")
    assert load_coins(read(file), COINS).coins["BTC"].confirmations == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"symbol": "DOGE"}, "DOGE is none of BTC"),
        ({"gateway": '"nowhere"'}, "BTC: there is no gateway nowhere"),
        ({"gateway_coin": '""'}, "gateway_coin"),
        ({"confirmations": "0"}, "confirmations"),
        ({"confirmations": "2"}, "BTC: confirmations: at least 3"),
        ({"confirmations": "11", "symbol": "ETH"}, "ETH: confirmations: at least 12"),
        ({"smallest_deposit": "0.1"}, "smallest_deposit"),
        ({"smallest_deposit": '"-1"'}, "smallest_deposit"),
        ({"smallest_deposit": '"1e3"'}, "smallest_deposit"),
        ({"smallest_deposit": '"0.000000001"'}, "more than 8 digits"),
        ({"smallest_withdrawal": "9_999"}, "smallest_withdrawal"),
        ({"smallest_withdrawal": "20000", "largest_withdrawal": "10000"}, "largest_withdrawal"),
        ({"hot_wallet_daily": "-1"}, "hot_wallet_daily"),
        ({"payout_fee": '""'}, "payout_fee"),
        ({"gateway": '"sandbox"'}, "no gateway of the mainnet"),
        ({"minimum": "1"}, "minimum"),
        ({"former": '{ nowhere = "BTC" }'}, "former: nowhere"),
        ({"former": '{ shkeeper = "BTC" }'}, "former: shkeeper"),
    ],
)
def test_a_coin_that_is_not_whole_stops_the_start(
    tmp_path: Path, changes: dict[str, str], fault: str
) -> None:
    file = write_coins(tmp_path / "coins.toml", COIN | changes)
    with pytest.raises(BadSettings, match=fault):
        load_coins(read(file), COINS)


def test_a_book_of_nothing_or_of_another_network_stops_the_start(tmp_path: Path) -> None:
    for network, coins in (("mainnet", ()), ("moon", (COIN,))):
        file = write_coins(tmp_path / "coins.toml", *coins, network=network)
        with pytest.raises(BadSettings, match="coin"):
            load_coins(read(file), COINS)
    with pytest.raises(BadSettings, match="nowhere"):
        load_coins(read(tmp_path / "nowhere.toml"), COINS)


def test_two_coins_are_not_called_the_same_at_one_gateway(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="called the same"):
        load_coins(read(write_coins(tmp_path / "coins.toml", COIN, COIN | LATER)), COINS)
    other = COIN | LATER | {"gateway": '"by_hand"'}
    assert len(load_coins(read(write_coins(tmp_path / "coins.toml", COIN, other)), COINS).coins) == 2


def test_the_houses_own_file_is_good(project_root: Path) -> None:
    book: CoinBook = load_coins(read(project_root / "configs" / "coins.toml"), COINS)
    assert set(book.coins) == set(COINS)
    needed = {symbol: coin.confirmations for symbol, coin in book.coins.items()}
    assert needed == {"BTC": 3, "ETH": 12, "USDT": 12, "USDC": 12}

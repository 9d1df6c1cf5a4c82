"""What the coins are called at a gateway."""

import pytest
from attrs import evolve

from cardroom.service.settings import BadSettings
from tests.wallet_worker.gateways.house_coins import book, coin, names
from wallet_worker.gateways.coin_names import coins_at, same_address


def test_a_coin_is_found_by_either_name() -> None:
    tether = names().by_name["ETH-USDT"]
    assert tether is names().by_symbol["USDT"] or tether == names().by_symbol["USDT"]
    assert (tether.symbol, tether.scale, tether.confirmations) == ("USDT", 6, 12)
    assert names().by_symbol["BTC"].confirmations == 3


def test_coins_of_other_gateways_are_not_there() -> None:
    coins = {"BTC": coin("shkeeper", "BTC"), "ETH": coin("by_hand", "eth")}
    assert list(coins_at("shkeeper", evolve(book(), coins=coins)).by_symbol) == ["BTC"]
    assert coins_at("nobody", book()).by_name == {}


def test_a_coin_that_has_moved_is_still_known_where_it_was() -> None:
    moved = evolve(coin("by_hand", "btc", 3), former={"shkeeper": "BTC"})
    coins = evolve(book(), coins={"BTC": moved, "ETH": coin("shkeeper", "ETH")})
    assert coins_at("shkeeper", coins).by_name["BTC"].symbol == "BTC"
    assert coins_at("by_hand", coins).by_name["btc"].confirmations == 3
    assert list(coins_at("other", coins).by_symbol) == []


@pytest.mark.parametrize("name", ["", "BTC", "E TH", "../admin", "ETH/USDT", "é"])
def test_a_name_is_there_once_and_fits_into_an_address(name: str) -> None:
    coins = {"BTC": coin("shkeeper", "BTC"), "ETH": coin("shkeeper", name)}
    with pytest.raises(BadSettings):
        coins_at("shkeeper", evolve(book(), coins=coins))


def test_letters_of_ethereum_are_large_or_small() -> None:
    assert same_address("0xAbC", "0xaBc")
    assert not same_address("0xAbC", "0xabd")
    assert not same_address("1AbC", "1abc")
    assert same_address("bc1q", "bc1q")

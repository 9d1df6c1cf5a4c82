"""The three sources, each in its own form, as the facts of the outside services say."""

import json
from decimal import Decimal
from typing import Any, Final

import pytest

from cardroom.local.payments.faults import RateFault
from cardroom.local.payments.prices import Source
from tests.cardroom.local.payments.world import World

COINGECKO: Final = (
    "/api/v3/simple/price?ids=bitcoin,ethereum,tether,usd-coin&vs_currencies=krw&include_last_updated_at=true"
)
UPBIT: Final = "/v1/ticker?markets=KRW-BTC,KRW-ETH,KRW-USDT,KRW-USDC"
BINANCE: Final = '/api/v3/ticker/price?symbols=["BTCUSDT","ETHUSDT","USDCUSDT"]'
ALL: Final = {Source.COINGECKO: COINGECKO, Source.UPBIT: UPBIT, Source.BINANCE: BINANCE}


async def ask(world: World, path: str) -> Any:
    answer = await world.ask("GET", path)
    assert answer.status_code == 200
    return json.loads(answer.content, parse_float=Decimal)


async def test_coingecko(world: World) -> None:
    prices = await ask(world, COINGECKO)
    assert list(prices) == ["bitcoin", "ethereum", "tether", "usd-coin"]
    assert type(prices["bitcoin"]["krw"]) is int
    assert prices["bitcoin"]["last_updated_at"] == world.clock.unix_ms // 1000
    assert await ask(world, "/api/v3/simple/price?ids=doge,tether&vs_currencies=krw") == {
        "tether": {"krw": prices["tether"]["krw"]}
    }
    assert (await world.ask("GET", "/api/v3/simple/price?ids=bitcoin")).status_code == 422


async def test_upbit(world: World) -> None:
    lines = await ask(world, UPBIT)
    assert [line["market"] for line in lines] == ["KRW-BTC", "KRW-ETH", "KRW-USDT", "KRW-USDC"]
    assert all(type(line["trade_price"]) is Decimal for line in lines)
    assert lines[0]["timestamp"] == world.clock.unix_ms
    for markets in ("KRW-BTC,KRW-DOGE", ""):
        assert (await world.ask("GET", f"/v1/ticker?markets={markets}")).status_code == 404


async def test_binance(world: World) -> None:
    lines = await ask(world, BINANCE)
    assert [line["symbol"] for line in lines] == ["BTCUSDT", "ETHUSDT", "USDCUSDT"]
    in_won = {line["market"]: line["trade_price"] for line in await ask(world, UPBIT)}
    crossed = Decimal(lines[0]["price"]) * in_won["KRW-USDT"]
    assert abs(crossed - in_won["KRW-BTC"]) / in_won["KRW-BTC"] < Decimal("0.01")
    assert (await ask(world, "/api/v3/ticker/price?symbol=BTCUSDT")) == lines[0]


@pytest.mark.parametrize("query", ["symbol=BTCKRW", 'symbols=["BTCKRW"]', "symbols=x", "symbols=7", ""])
async def test_binance_has_no_market_of_won(world: World, query: str) -> None:
    answer = await world.ask("GET", f"/api/v3/ticker/price?{query}")
    assert (answer.status_code, answer.json()) == (400, {"code": -1121, "msg": "Invalid symbol."})


@pytest.mark.parametrize("source", Source)
@pytest.mark.parametrize(
    ("fault", "status"), [(RateFault.LIMITED, 429), (RateFault.AWAY, 503), (RateFault.GARBLED, 200)]
)
async def test_a_source_that_errs(world: World, source: Source, fault: RateFault, status: int) -> None:
    world.faults.set_source(source, fault)
    answer = await world.ask("GET", ALL[source])
    assert answer.status_code == status
    with pytest.raises(ValueError, match=r"Expecting value|Extra data|krw|list"):
        raise ValueError("krw") if "krw" not in json.loads(answer.content) else AssertionError
    others = [one for one in Source if one is not source]
    assert [(await world.ask("GET", ALL[one])).status_code for one in others] == [200, 200]


async def test_old_prices_say_so(world: World) -> None:
    for source in Source:
        world.faults.set_source(source, RateFault.STALE)
    assert (await ask(world, COINGECKO))["bitcoin"]["last_updated_at"] == world.clock.unix_ms // 1000 - 3600
    assert (await ask(world, UPBIT))[0]["timestamp"] == world.clock.unix_ms - 3_600_000


async def test_a_price_that_is_shifted(world: World) -> None:
    before = (await ask(world, UPBIT))[0]["trade_price"]
    world.faults.shift_price(Source.UPBIT, "btc", 500)
    after = (await ask(world, UPBIT))[0]["trade_price"]
    assert Decimal("1.04") < after / before < Decimal("1.06")

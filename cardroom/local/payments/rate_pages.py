"""CoinGecko, Upbit and Binance, each at its own path and in its own form."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import trio
from quart import Blueprint, Response, request

from cardroom.local.payments.faults import SLOW_SECONDS, STALE_MS, Faults, RateFault
from cardroom.local.payments.prices import Source, price_at
from cardroom.local.payments.sandbox import Clock
from cardroom.service.openapi import Answer, Page

_COINGECKO: Final = {"bitcoin": "btc", "ethereum": "eth", "tether": "usdt", "usd-coin": "usdc"}
_UPBIT: Final = {"KRW-BTC": "btc", "KRW-ETH": "eth", "KRW-USDT": "usdt", "KRW-USDC": "usdc"}
_BINANCE: Final = {"BTCUSDT": "btc", "ETHUSDT": "eth", "USDCUSDT": "usdc"}
_EIGHT_PLACES: Final = Decimal("0.00000001")
_INVALID_SYMBOL: Final = '{"code":-1121,"msg":"Invalid symbol."}'

Tell = Callable[[int], Response]
"""Gives a source's answer as of a time in milliseconds since 1970."""


class RateSources:
    """The prices of all three sources, with what is wrong with each."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults = faults
        self._clock = clock

    def price(self, source: Source, coin: str, unix_ms: int) -> Decimal:
        """Give the won for one coin as a source tells it."""
        return price_at(coin, source, unix_ms, self._faults.shift_of(source, coin))

    async def answer(self, source: Source, tell: Tell) -> Response:
        """Answer as the source does now: well, late, wrongly, or not at all."""
        match self._faults.of_source(source):
            case RateFault.LIMITED:
                return _answer('{"status":{"error_code":429}}', 429)
            case RateFault.AWAY:
                return _answer("", 503)
            case RateFault.GARBLED:
                return _answer("<html>maintenance</html>")
            case RateFault.STALE:
                return tell(self._clock() - STALE_MS)
            case RateFault.SLOW:
                await trio.sleep(SLOW_SECONDS)
        return tell(self._clock())


def rate_pages(sources: RateSources) -> Blueprint:
    """Serve the pages of the three sources that the house asks."""
    pages = Blueprint("rates", __name__)
    any_json = Page(tag="rates", answers={200: Answer(Any)})

    def serve(path: str, source: Source, tell: Callable[[RateSources, int], Response]) -> None:
        async def page() -> Response:
            return await sources.answer(source, lambda unix_ms: tell(sources, unix_ms))

        page.__doc__ = f"Give prices as {source.value.capitalize()} does."
        pages.add_url_rule(path, source.value, any_json(page))

    serve("/api/v3/simple/price", Source.COINGECKO, _coingecko)
    serve("/v1/ticker", Source.UPBIT, _upbit)
    serve("/api/v3/ticker/price", Source.BINANCE, _binance)
    return pages


def _coingecko(sources: RateSources, unix_ms: int) -> Response:
    """Answer what is known of what was asked for; unknown ids are passed over."""
    if request.args.get("vs_currencies") != "krw":
        return _answer('{"error":"Missing parameter vs_currencies"}', 422)
    seen = request.args.get("include_last_updated_at") == "true"
    wanted = [name for name in request.args.get("ids", "").split(",") if name in _COINGECKO]
    lines = []
    for name in wanted:
        price = _short(sources.price(Source.COINGECKO, _COINGECKO[name], unix_ms))
        updated = f',"last_updated_at":{unix_ms // 1000}' if seen else ""
        lines.append(f'"{name}":{{"krw":{price}{updated}}}')
    return _answer(f"{{{','.join(lines)}}}")


def _upbit(sources: RateSources, unix_ms: int) -> Response:
    """Answer all markets, or 404 if one of them is unknown."""
    wanted = request.args.get("markets", "").split(",")
    if not set(wanted) <= _UPBIT.keys():
        return _answer('{"error":{"name":404,"message":"Code not found"}}', 404)
    lines = []
    for market in wanted:
        price = sources.price(Source.UPBIT, _UPBIT[market], unix_ms)
        lines.append(f'{{"market":"{market}","trade_price":{price:.1f},"timestamp":{unix_ms}}}')
    return _answer(f"[{','.join(lines)}]")


def _binance(sources: RateSources, unix_ms: int) -> Response:
    """Answer prices in USDT; there is no market of won."""
    try:
        wanted = json.loads(request.args.get("symbols", "[]")) or [request.args.get("symbol", "")]
    except ValueError:
        wanted = [""]
    if not isinstance(wanted, list) or not all(symbol in _BINANCE for symbol in map(str, wanted)):
        return _answer(_INVALID_SYMBOL, 400)
    in_won = sources.price(Source.BINANCE, "usdt", unix_ms)
    lines = []
    for symbol in wanted:
        price = (sources.price(Source.BINANCE, _BINANCE[symbol], unix_ms) / in_won).quantize(_EIGHT_PLACES)
        lines.append(f'{{"symbol":"{symbol}","price":"{price}"}}')
    return _answer(lines[0] if "symbol" in request.args else f"[{','.join(lines)}]")


def _short(price: Decimal) -> str:
    """Write a price as CoinGecko does: whole won where it is large."""
    return f"{price:.0f}" if price >= 100_000 else f"{price:.2f}"


def _answer(text: str, status: int = 200) -> Response:
    return Response(text, status=status, content_type="application/json; charset=utf-8")

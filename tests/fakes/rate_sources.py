"""CoinGecko, Upbit and Binance as one HTTP server on loopback that behaves as theirs do, and as badly."""

import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from enum import Enum, auto
from urllib.parse import parse_qs, urlsplit

import h11
import trio
from attrs import define, field

from wallet_worker.payment_settings import RateSettings

COINGECKO, UPBIT, BINANCE = "coingecko", "upbit", "binance"
_IDS = {"bitcoin": "BTC", "ethereum": "ETH", "tether": "USDT", "usd-coin": "USDC"}
_PATHS = {
    "/api/v3/simple/price": COINGECKO,
    "/v1/ticker": UPBIT,
    "/api/v3/ticker/price": BINANCE,
}
Answer = tuple[int, Mapping[str, str], bytes]


class Mood(Enum):
    """How a source answers."""

    WELL = auto()
    LIMITED = auto()
    """429, with ``Retry-After`` where ``retry_after`` says so."""
    BROKEN = auto()
    """502 with a page of HTML."""
    SILENT = auto()
    """It takes the request and says nothing."""
    CUT = auto()
    """It hangs up in the middle of an answer."""
    NO_JSON = auto()
    HUGE = auto()


def _usual(usdt: str) -> Callable[[], dict[str, str]]:
    return lambda: {"BTC": "142350000", "ETH": "5000000.5", "USDT": usdt, "USDC": "1451.25"}


@define
class RateSources:
    """What the sources say. Prices are written as they stand here; a coin that is not there is unknown."""

    url: str = ""
    coingecko: dict[str, str] = field(factory=_usual("1450"))
    upbit: dict[str, str] = field(factory=_usual("1451.0"))
    binance: dict[str, str] = field(
        factory=lambda: {"BTC": "98000.10000000", "ETH": "3445.00000000", "USDC": "1.00010000"}
    )
    """In USDT."""
    seconds_old: float = 0.0
    moods: dict[str, Mood] = field(factory=dict)
    retry_after: str = ""
    asked: Counter[str] = field(factory=Counter)

    def settings(self, call_seconds: float = 2.0) -> RateSettings:
        """Give settings that lead here, and don't wait long."""
        url = self.url
        return RateSettings(coingecko_url=url, upbit_url=url, binance_url=url, call_seconds=call_seconds)

    def set_all(self, coin: str, price: int, usdt: int = 1450) -> None:
        """Let all sources say the same of a coin."""
        self.coingecko[coin] = self.upbit[coin] = str(price)
        self.upbit["USDT"] = str(usdt)
        if coin in self.binance:
            self.binance[coin] = f"{price // usdt}.0"

    def set_moods(self, mood: Mood) -> None:
        """Let all sources answer alike."""
        self.moods = dict.fromkeys((COINGECKO, UPBIT, BINANCE), mood)

    def answer(self, target: str) -> Answer | None:
        """Give the answer to a request; None for none at all."""
        parts = urlsplit(target)
        source = _PATHS.get(parts.path)
        if source is None:
            return 404, {}, b"{}"
        self.asked[source] += 1
        match self.moods.get(source, Mood.WELL):
            case Mood.WELL:
                words = {name: values[0] for name, values in parse_qs(parts.query).items()}
                return getattr(self, f"_{source}")(words)  # type: ignore[no-any-return]
            case Mood.LIMITED:
                return 429, {"Retry-After": self.retry_after} if self.retry_after else {}, b"{}"
            case Mood.BROKEN:
                return 502, {}, b"<html>Bad gateway</html>"
            case Mood.NO_JSON:
                return 200, {}, b"<html>Welcome</html>"
            case Mood.HUGE:
                return 200, {}, b"[" + b" " * 100_000 + b"]"
            case Mood.SILENT | Mood.CUT:
                return None

    def _coingecko(self, words: Mapping[str, str]) -> Answer:
        if words.get("vs_currencies") != "krw" or words.get("include_last_updated_at") != "true":
            return 200, {}, b"{}"
        at = int(time.time() - self.seconds_old)
        known = {id_: self.coingecko.get(_IDS.get(id_, "")) for id_ in words.get("ids", "").split(",")}
        told = [f'"{id_}":{{"krw":{price},"last_updated_at":{at}}}' for id_, price in known.items() if price]
        return 200, {}, f"{{{','.join(told)}}}".encode()

    def _upbit(self, words: Mapping[str, str]) -> Answer:
        at = int((time.time() - self.seconds_old) * 1000)
        told = []
        for market in words.get("markets", "").split(","):
            price = self.upbit.get(market.removeprefix("KRW-"))
            if price is None:
                return 404, {}, b'{"error":{"name":404,"message":"Code not found"}}'
            told.append(f'{{"market":"{market}","trade_price":{price},"timestamp":{at}}}')
        return 200, {}, f"[{','.join(told)}]".encode()

    def _binance(self, words: Mapping[str, str]) -> Answer:
        told = []
        for symbol in json.loads(words.get("symbols", "[]")):
            price = self.binance.get(symbol.removesuffix("USDT"))
            if price is None or not symbol.endswith("USDT"):
                return 400, {}, b'{"code":-1121,"msg":"Invalid symbol."}'
            told.append({"symbol": symbol, "price": price})
        return 200, {}, json.dumps(told).encode()


@asynccontextmanager
async def rate_sources() -> AsyncIterator[RateSources]:
    """Run the server; what it says is changed at what this gives."""
    sources = RateSources()

    async def serve(stream: trio.SocketStream) -> None:
        try:
            await _serve(stream, sources)
        except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
            await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        sources.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        await nursery.start(trio.serve_listeners, serve, [listener])
        yield sources
        nursery.cancel_scope.cancel()


async def _serve(stream: trio.SocketStream, sources: RateSources) -> None:
    connection = h11.Connection(h11.SERVER)
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some(16_384))
        elif isinstance(event, h11.Request):
            target = event.target.decode()
            answer = sources.answer(target)
            if answer is None:
                await _leave(stream, sources.moods[_PATHS[urlsplit(target).path]])
                return
            status, headers, body = answer
            more = [*headers.items(), ("Content-Length", str(len(body)))]
            data = connection.send(h11.Response(status_code=status, headers=more)) or b""
            data += (connection.send(h11.Data(data=body)) or b"") + (
                connection.send(h11.EndOfMessage()) or b""
            )
            await stream.send_all(data)
        elif isinstance(event, h11.ConnectionClosed):
            await stream.aclose()
            return
        elif connection.our_state is h11.DONE and connection.their_state is h11.DONE:
            connection.start_next_cycle()


async def _leave(stream: trio.SocketStream, mood: Mood) -> None:
    """Say nothing, or the beginning of something."""
    if mood is Mood.CUT:
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
        await stream.aclose()
    else:
        await trio.sleep_forever()

"""``GET /api/v1/wallet/quote``: what an amount is worth now, to look at before anything moves."""

from typing import Any, Final

from attrs import frozen
from quart import Blueprint

from cardroom.money import Krw
from cardroom.service.http import RefusedRequest
from cardroom.service.logins import LoginLookup
from cardroom.service.openapi import PLAYER, Page, Parameter, whole_parameter
from cardroom.service.parameters import bad_parameter, read_number, read_parameters, write_time
from cardroom.wire.json_schema import Time
from cardroom.wire.refusals import Refusal
from wallet_worker.api.players import who_asks
from wallet_worker.cashier.quotes import Quote, QuoteDesk, QuoteWish
from wallet_worker.rates.port import RateSide, RateStopped, RateUnavailable
from wallet_worker.rules.coins import COINS, read_coins, write_coins
from wallet_worker.rules.transfers import MAX_AMOUNT

_AGAIN_SECONDS: Final = 60
_SIDES: Final = {side.value: side for side in RateSide}
_PARAMETERS: Final = (
    Parameter("coin", {"type": "string", "pattern": "^[A-Z0-9-]{2,16}$"}, "Such as BTC", is_required=True),
    Parameter(
        "direction",
        {"enum": list(_SIDES)},
        "Whether coins come in (deposit) or go out (withdrawal)",
        is_required=True,
    ),
    whole_parameter("krw_amount", 1, MAX_AMOUNT, "Whole won; this or coin_amount"),
    Parameter(
        "coin_amount",
        {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,18})?$"},
        "Whole coins, exact to the last digit, such as 0.0005; this or krw_amount",
    ),
)


@frozen
class QuoteGiven:
    """What one amount is worth in the other, for 30 seconds; booked is what the rate of that moment says."""

    quote: str
    coin: str
    direction: RateSide
    krw_amount: Krw
    """What would be credited, or what the withdrawal would cost."""
    coin_amount: str
    """What would have to come in, or would go out, in whole coins; fees of the chain are not in it."""
    krw_per_coin: int
    """Whole won for one coin, rounded down for deposits and up for withdrawals."""
    expires_at: Time


def quote_pages(quotes: QuoteDesk, logins: LoginLookup) -> Blueprint:
    """Serve the page."""
    pages = Blueprint("quotes", __name__, url_prefix="/api/v1/wallet")

    @pages.get("/quote")
    @Page(
        tag="wallet",
        who=PLAYER,
        parameters=_PARAMETERS,
        answers={200: QuoteGiven},
        refuses={
            400: (Refusal.AMOUNT_TOO_SMALL, Refusal.AMOUNT_TOO_LARGE),
            404: (Refusal.NO_SUCH_COIN,),
            409: (Refusal.COIN_CLOSED, Refusal.RATE_STOPPED),
            503: (Refusal.RATE_UNAVAILABLE,),
        },
    )
    async def quote() -> dict[str, Any]:
        """Say what an amount is worth now; the quote may be shown with a withdrawal for 30 seconds."""
        user_id = await who_asks(logins)
        wish = _read_wish(read_parameters({"coin", "direction", "krw_amount", "coin_amount"}))
        try:
            return _show(await quotes.give(user_id, wish))
        except RateStopped:
            raise RefusedRequest(409, Refusal.RATE_STOPPED) from None
        except RateUnavailable:
            raise RefusedRequest(503, Refusal.RATE_UNAVAILABLE, retry_seconds=_AGAIN_SECONDS) from None

    return pages


def _read_wish(asked: dict[str, str]) -> QuoteWish:
    coin, side = asked.get("coin", ""), _SIDES.get(asked.get("direction", ""))
    if not coin:
        raise bad_parameter("coin", "such as BTC")
    if side is None:
        raise bad_parameter("direction", " or ".join(_SIDES))
    if ("krw_amount" in asked) == ("coin_amount" in asked):
        raise bad_parameter("krw_amount", "either this or coin_amount")
    if "krw_amount" in asked:
        return QuoteWish(coin, side, krw_amount=Krw(read_number(asked, "krw_amount", 1, MAX_AMOUNT, 0)))
    if coin not in COINS:
        raise RefusedRequest(404, Refusal.NO_SUCH_COIN)
    coin_amount = read_coins(asked["coin_amount"], COINS[coin])
    if not coin_amount:
        raise bad_parameter("coin_amount", f"whole coins above 0, up to {COINS[coin]} digits after the point")
    return QuoteWish(coin, side, coin_amount=coin_amount)


def _show(quote: Quote) -> dict[str, Any]:
    return {
        "quote": quote.quote_id,
        "coin": quote.coin,
        "direction": quote.side.value,
        "krw_amount": quote.krw_amount,
        "coin_amount": write_coins(quote.coin_amount, quote.rate.scale),
        "krw_per_coin": quote.rate.krw_per_coin,
        "expires_at": write_time(quote.expires_at),
    }

"""``/admin/rates``: what sources say of each coin, what is stopped and why, and what ends a stop."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from attrs import field, frozen
from quart import Blueprint

from cardroom.service.admin_orders import MAX_KEY_LETTERS, MAX_REASON_LETTERS, Answer, obey, read_order
from cardroom.service.http import RefusedRequest, read_body, refuse_unless
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.parameters import write_time
from cardroom.service.postgres import Transaction
from cardroom.wire.json_schema import Time, letters, whole
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import body_codec
from wallet_worker.api.office import Office
from wallet_worker.cashier.rate_desk import Quotation, Rates
from wallet_worker.rules.prices import Price, StopReason
from wallet_worker.store.coin_rates import NotStopped, Stop, accept_price

_LARGEST_PRICE: Final = 10**12


@frozen
class AcceptBody:
    """``POST /admin/rates/{coin}/accept``: end a stop. Prices are compared with ``krw_per_coin`` from now on.

    Without it, with the price at which it was stopped. Nothing is converted at it: only at what sources say.
    """

    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    krw_per_coin: int | None = field(default=None, metadata=whole(1, _LARGEST_PRICE))
    """Whole won for one coin, as the administrator knows it to be."""
    dry_run: bool = False


@frozen
class SourcePrice:
    """What one source says, won for one coin as a decimal text, and when that was so."""

    source: str
    krw_per_coin: str
    given_at: Time


@frozen
class LastPrice:
    """The price that money was converted at last, or that an administrator has accepted since."""

    source: str
    krw_per_coin: str
    used_at: Time


@frozen
class RateStop:
    """Since when and why a coin is not converted; the price is the one that would have been used then."""

    stopped_at: Time
    reason: StopReason
    krw_per_coin: str | None


@frozen
class CoinRateShown:
    """How a coin stands: it is converted if there is a ``usable`` price and no ``stop``."""

    coin: str
    prices: tuple[SourcePrice, ...]
    """Of all sources that answered, the first choice first."""
    usable: SourcePrice | None
    """The first that is new enough, and may be used as soon as nothing stops it."""
    difference_basis_points: int
    """The largest one between two sources."""
    last_used: LastPrice | None
    stop: RateStop | None
    """Written when somebody looked last; ``verdict`` is what follows from the prices above."""
    verdict: StopReason | None
    """Why nothing is converted at these prices, if nothing is."""


@frozen
class RatesShown:
    """How all coins stand, and whether this worker asks each source: closed is yes, open is not now."""

    coins: tuple[CoinRateShown, ...]
    breakers: Mapping[str, Literal["closed", "half_open", "open"]]


@frozen
class RateAccepted:
    """A stop that an administrator has ended; ``dry_run`` is there, and true, where nothing was done."""

    coin: str
    reason: StopReason
    """What had stopped it."""
    krw_per_coin: str
    """What prices are compared with from now on."""
    dry_run: bool = False


def rate_pages(office: Office, rates: Rates) -> Blueprint:
    """Serve the pages."""
    pages = Blueprint("rates", __name__, url_prefix="/admin")
    _add_accept(pages, office, rates)

    @pages.get("/rates")
    @Page(tag="money", who=ADMIN, answers={200: RatesShown})
    async def shown() -> dict[str, Any]:
        """Say what each coin is worth by each source, and what is stopped."""
        found = await rates.quotations()
        states = rates.market.states()
        return {
            "coins": [_show(one) for one in found.values()],
            "breakers": {source: state.name.lower() for source, state in states.items()},
        }

    return pages


def _add_accept(pages: Blueprint, office: Office, rates: Rates) -> None:
    bodies = body_codec(AcceptBody)

    @pages.post("/rates/<coin>/accept")
    @Page(
        tag="money",
        who=ADMIN,
        takes=AcceptBody,
        answers={200: RateAccepted},
        refuses={404: (Refusal.NO_SUCH_COIN,), 409: (Refusal.ALREADY_DECIDED, Refusal.COMMAND_REUSED)},
    )
    async def accept(coin: str) -> Answer:
        """Let a stopped coin be converted again, while its sources agree near a price. May be repeated."""
        body = await read_body(bodies)
        price = body.krw_per_coin
        is_price = price is None or 1 <= price <= _LARGEST_PRICE
        refuse_unless(is_price, Refusal.MALFORMED, f"krw_per_coin: 1 to {_LARGEST_PRICE} won")
        if coin not in rates.coins:
            raise RefusedRequest(404, Refusal.NO_SUCH_COIN)
        order = read_order(body, "rate_accept", f"coin:{coin}")

        async def work(transaction: Transaction) -> Answer:
            accepted = await accept_price(transaction, coin, None if price is None else Decimal(price))
            return {"coin": coin, "reason": accepted.reason.value, "krw_per_coin": _write(accepted.price)}

        try:
            answer = await obey(office.postgres, order, work)
        except NotStopped:
            detail = "it is not stopped, or nothing says at which price"
            raise RefusedRequest(409, Refusal.ALREADY_DECIDED, detail) from None
        if not order.is_dry_run:
            office.log.warning("rate.accepted", by=order.admin, reason=order.reason, answer=answer)
        return answer


def _show(found: Quotation) -> dict[str, Any]:
    rate, verdict = found.rate, found.verdict
    last = None
    if rate.price is not None:
        used_at = write_time(rate.used_at)
        last = {"source": rate.source, "krw_per_coin": _write(rate.price), "used_at": used_at}
    return {
        "coin": found.coin,
        "prices": [_show_price(price) for price in found.prices],
        "usable": None if verdict.price is None else _show_price(verdict.price),
        "difference_basis_points": verdict.difference,
        "last_used": last,
        "stop": None if rate.stop is None else _show_stop(rate.stop),
        "verdict": None if verdict.stop is None else verdict.stop.value,
    }


def _show_price(price: Price) -> dict[str, Any]:
    given_at = write_time(price.given_at)
    return {"source": price.source, "krw_per_coin": _write(price.price), "given_at": given_at}


def _show_stop(stop: Stop) -> dict[str, Any]:
    price = None if stop.price is None else _write(stop.price)
    return {"stopped_at": write_time(stop.stopped_at), "reason": stop.reason.value, "krw_per_coin": price}


def _write(price: Decimal) -> str:
    """Write a price without exponent and without noughts that say nothing."""
    text = f"{price:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

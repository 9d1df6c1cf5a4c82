"""What people and bots do on the chains: have wallets of their own, and pay."""

from typing import Any, Final

from attrs import frozen
from quart import Blueprint

from cardroom.local.payments.coins import COINS, worth, write_amount
from cardroom.local.payments.faults import Faults
from cardroom.local.payments.gateway_pages import (
    GivenAddress,
    PaymentLine,
    Payments,
    refuse_other_coins,
    show_payment,
)
from cardroom.local.payments.prices import Source, price_at
from cardroom.local.payments.sandbox import Clock, NotPossible, Sandbox
from cardroom.service.http import RefusedRequest, read_body, refuse_unless
from cardroom.service.openapi import Page
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal

_MAX_BYTES: Final = 4096
_LONGEST_NAME: Final = 64
_MOST_KRW: Final = 10**12


@frozen
class WalletWish:
    """A wallet of a coin, of somebody outside."""

    coin: str


@frozen
class PayOrder:
    """Pay an address: ``amount`` whole coins as text, or what is worth ``krw_amount`` won; one of them."""

    coin: str
    address: str
    amount: str = ""
    krw_amount: int = 0
    payer: str = "somebody"


_WALLET: Final = Codec[WalletWish](WalletWish, Encoding.JSON, _MAX_BYTES, {})
_PAY: Final = Codec[PayOrder](PayOrder, Encoding.JSON, _MAX_BYTES, {})


def chain_pages(sandbox: Sandbox, faults: Faults, clock: Clock) -> Blueprint:
    """Serve ``/chain``, to everybody: a chain belongs to nobody."""
    pages = Blueprint("chain", __name__, url_prefix="/chain")

    @pages.post("/wallets")
    @Page(tag="chain", takes=WalletWish, answers={200: GivenAddress})
    async def make_wallet() -> dict[str, Any]:
        """Make an address to withdraw to."""
        wish = await read_body(_WALLET)
        refuse_other_coins(wish.coin)
        return {"coin": wish.coin, "address": sandbox.make_wallet(wish.coin)}

    @pages.post("/pay")
    @Page(tag="chain", takes=PayOrder, answers={200: PaymentLine})
    async def pay() -> dict[str, Any]:
        """Pay an address; the next block has it."""
        order = await read_body(_PAY)
        refuse_other_coins(order.coin)
        refuse_unless(bool(order.amount) != bool(order.krw_amount), Refusal.MALFORMED, "amount or krw_amount")
        refuse_unless(0 <= order.krw_amount <= _MOST_KRW, Refusal.MALFORMED, f"krw_amount up to {_MOST_KRW}")
        refuse_unless(len(order.payer) <= _LONGEST_NAME, Refusal.MALFORMED, "payer: a shorter name")
        shift = faults.shift_of(Source.COINGECKO, order.coin)
        price = price_at(order.coin, Source.COINGECKO, clock(), shift)
        units = worth(order.krw_amount, price, COINS[order.coin])
        amount = order.amount or write_amount(units, COINS[order.coin])
        try:
            payment = sandbox.pay(order.coin, order.address, amount, order.payer)
        except NotPossible as error:
            raise RefusedRequest(400, Refusal.MALFORMED, str(error)) from error
        return show_payment(payment, sandbox.tip)

    @pages.get("/addresses/<address>")
    @Page(tag="chain", answers={200: Payments})
    async def address(address: str) -> dict[str, Any]:
        """List what came to an address, whosever it is."""
        tip = sandbox.tip
        return {"payments": [show_payment(payment, tip) for payment in sandbox.payments_to(address)]}

    return pages

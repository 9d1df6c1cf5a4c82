"""What the house asks of the gateway; it shows the gateway's key."""

import hmac
from typing import Any, Final

from attrs import frozen
from quart import Blueprint, request

from cardroom.local.payments.chain import Payment
from cardroom.local.payments.coins import COINS
from cardroom.local.payments.faults import Fault, Faults
from cardroom.local.payments.sandbox import NotPossible, PayoutDiffers, PayoutNow, Sandbox, TooLittle
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.openapi import Page
from cardroom.service.settings import Secret
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal

KEY_HEADER: Final = "X-Sandbox-Key"

NEVER_CAME: Final = "never_came"

_MAX_BYTES: Final = 4096
_LONGEST_ID: Final = 64


@frozen
class AddressWish:
    """An address of its own for ``external_id``."""

    coin: str
    external_id: str


@frozen
class GivenAddress:
    """The address; the same one however often it is asked for."""

    coin: str
    address: str


@frozen
class PayoutWish:
    """Send ``amount`` whole coins; once for each ``external_id``."""

    external_id: str
    coin: str
    address: str
    amount: str


@frozen
class PayoutLine:
    """How a payout stands: ``under_way``, ``paid``, ``failed``; where none was ordered ``never_came`` and no
    more.
    """

    external_id: str
    state: str
    task_id: str | None = None
    coin: str | None = None
    address: str | None = None
    amount: str | None = None
    tx_hash: str | None = None


@frozen
class PaymentLine:
    """An output of a transaction, as the chain shows it now; ``amount`` in whole coins."""

    coin: str
    tx_hash: str
    output_index: int
    address: str
    amount: str
    confirmations: int
    payer: str


@frozen
class Payments:
    """What came to an address."""

    payments: tuple[PaymentLine, ...]


_ADDRESS: Final = Codec[AddressWish](AddressWish, Encoding.JSON, _MAX_BYTES, {})
_PAYOUT: Final = Codec[PayoutWish](PayoutWish, Encoding.JSON, _MAX_BYTES, {})


def gateway_pages(sandbox: Sandbox, faults: Faults, key: Secret) -> Blueprint:
    """Serve ``/gateway``: 401 without the key, 503 when it is told to be away."""
    pages = Blueprint("gateway", __name__, url_prefix="/gateway")

    @pages.before_request
    async def let_in() -> None:
        shown = request.headers.get(KEY_HEADER, "")
        if not hmac.compare_digest(shown.encode(), key.value.encode()):
            raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
        if faults.strikes(Fault.GATEWAY_AWAY):
            raise RefusedRequest(503, Refusal.UNAVAILABLE, "it was told to be away")

    @pages.post("/addresses")
    @Page(tag="gateway", takes=AddressWish, answers={200: GivenAddress})
    async def give_address() -> dict[str, Any]:
        """Give a deposit address."""
        wish = await read_body(_ADDRESS)
        refuse_other_coins(wish.coin)
        _check_id(wish.external_id)
        return {"coin": wish.coin, "address": sandbox.give_address(wish.coin, wish.external_id)}

    @pages.get("/deposits/<coin>/<tx_hash>/<int:output_index>")
    @Page(tag="gateway", answers={200: PaymentLine})
    async def deposit(coin: str, tx_hash: str, output_index: int) -> dict[str, Any]:
        """Look an output up; 404 for one that there is not, or that the chain has dropped."""
        payment = sandbox.find_payment(coin, tx_hash, output_index)
        if payment is None:
            raise RefusedRequest(404, Refusal.NOT_FOUND)
        return show_payment(payment, sandbox.tip)

    @pages.get("/addresses/<coin>/<address>/deposits")
    @Page(tag="gateway", answers={200: Payments})
    async def deposits(coin: str, address: str) -> dict[str, Any]:
        """List what came to an address."""
        tip = sandbox.tip
        found = [one for one in sandbox.payments_to(address) if one.coin == coin]
        return {"payments": [show_payment(payment, tip) for payment in found]}

    _add_payout_pages(pages, sandbox, faults)
    return pages


def _add_payout_pages(pages: Blueprint, sandbox: Sandbox, faults: Faults) -> None:
    @pages.post("/payouts")
    @Page(tag="gateway", takes=PayoutWish, answers={202: PayoutLine})
    async def pay_out() -> tuple[dict[str, Any], int]:
        """Take an order to pay out; the same again is the same payout."""
        wish = await read_body(_PAYOUT)
        refuse_other_coins(wish.coin)
        _check_id(wish.external_id)
        if faults.strikes(Fault.PAYOUT_REFUSED):
            raise RefusedRequest(409, Refusal.COIN_CLOSED, "it was told to refuse")
        _take_payout(sandbox, wish, fails=faults.strikes(Fault.PAYOUT_FAILS))
        if faults.strikes(Fault.PAYOUT_ANSWER_LOST):
            raise RefusedRequest(500, Refusal.INTERNAL, "it was told to lose this answer")
        found = sandbox.find_payout(wish.external_id)
        assert found is not None, "it was just taken"
        return show_payout(found), 202

    @pages.get("/payouts/<external_id>")
    @Page(tag="gateway", answers={200: PayoutLine})
    async def payout(external_id: str) -> dict[str, Any]:
        """Say how a payout stands, also that it was never ordered: who is not sure must not pay again."""
        found = sandbox.find_payout(external_id)
        if found is None:
            return {"external_id": external_id, "state": NEVER_CAME}
        return show_payout(found)

    @pages.get("/balances")
    @Page(tag="gateway", answers={200: dict[str, str]})
    async def balances() -> dict[str, Any]:
        """Say how much there is of each coin."""
        return dict(sandbox.balances())


def refuse_other_coins(coin: str) -> None:
    """Refuse a coin that the sandbox does not have."""
    if coin not in COINS:
        raise RefusedRequest(404, Refusal.NO_SUCH_COIN, f"there are {', '.join(COINS)}")


def show_payment(payment: Payment, tip: int) -> dict[str, Any]:
    """Write an output as it is answered."""
    return {
        "coin": payment.coin,
        "tx_hash": payment.tx_hash,
        "output_index": payment.output_index,
        "address": payment.address,
        "amount": payment.amount,
        "confirmations": payment.confirmations(tip),
        "payer": payment.payer,
    }


def show_payout(found: PayoutNow) -> dict[str, Any]:
    """Write a payout as it is answered."""
    order = found.order
    return {
        "external_id": order.external_id,
        "task_id": order.task_id,
        "coin": order.coin,
        "address": order.address,
        "amount": order.amount,
        "state": found.state.value,
        "tx_hash": found.tx_hash,
    }


def _check_id(external_id: str) -> None:
    if not 0 < len(external_id) <= _LONGEST_ID:
        raise RefusedRequest(400, Refusal.MALFORMED, f"external_id has 1 to {_LONGEST_ID} letters")


def _take_payout(sandbox: Sandbox, wish: PayoutWish, *, fails: bool) -> None:
    try:
        sandbox.order_payout(wish.external_id, wish.coin, wish.address, wish.amount, fails=fails)
    except NotPossible as error:
        raise RefusedRequest(400, Refusal.WRONG_ADDRESS, str(error)) from error
    except PayoutDiffers as error:
        raise RefusedRequest(409, Refusal.PAYOUT_DIFFERS) from error
    except TooLittle as error:
        raise RefusedRequest(409, Refusal.INSUFFICIENT_FUNDS) from error

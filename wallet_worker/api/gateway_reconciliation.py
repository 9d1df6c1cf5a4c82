"""``/admin/gateway-reconciliation``: what gateways have of each coin, and what they should have."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen
from quart import Blueprint

from cardroom.service.admin_orders import (
    MAX_KEY_LETTERS,
    MAX_REASON_LETTERS,
    Answer,
    obey,
    read_order,
)
from cardroom.service.http import RefusedRequest, read_body, refuse_unless
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.parameters import BEFORE, LIMIT, read_before, read_limit, read_parameters, write_time
from cardroom.service.postgres import Transaction
from cardroom.wire.json_schema import Time, letters
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import body_codec
from wallet_worker.api.office import Office
from wallet_worker.cashier.reconciliation import GatewayReconciler
from wallet_worker.payment_settings import CoinBook
from wallet_worker.rules.coins import COINS, read_coins
from wallet_worker.rules.gateway_books import write_signed
from wallet_worker.store.gateway_reconciliation import (
    Reconciled,
    add_comparisons,
    list_comparisons,
    newest_comparisons,
)

_COIN: Final = r"^[A-Z0-9-]{2,16}$"
_AMOUNT: Final = r"^[0-9]{1,12}(\.[0-9]{1,18})?$"
_SUBJECT: Final = "gateways"


@frozen
class CountedCoin:
    """What somebody has counted of a coin, wherever it lies."""

    coin: str = field(metadata=letters(2, 16, _COIN))
    amount: str = field(metadata=letters(1, 31, _AMOUNT))
    """In whole coins, such as ``1.5``."""


@frozen
class ReconcileBody:
    """``POST /admin/gateway-reconciliation``: compare all coins now."""

    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    counted: tuple[CountedCoin, ...] = ()
    """Of these coins the gateway is not asked: this is there. Each once; of all others it is asked."""
    dry_run: bool = False


@frozen
class GatewayComparison:
    """What a gateway had of a coin and what the books said then; amounts in whole coins, exact."""

    id: int
    gateway: str
    coin: str
    credited: str
    """Booked into wallets, of all time."""
    paid: str
    """Booked as sent, of all time, without the chain's fees."""
    held: str
    """Came in over players' own limits and waits."""
    uncredited: str
    """Confirmed and not credited: about to be, to be looked at, refused, or nobody's."""
    expected: str
    """``credited`` - ``paid`` + ``held`` + ``uncredited``."""
    arriving: str
    """Seen without enough confirmations: it may be there already."""
    on_the_way: str
    """Given to the gateway to send: it may be gone already."""
    found: str | None
    """What was there; None where nobody could say."""
    difference: str | None
    """``found`` - ``expected``; what chains took as fees is in it, below zero."""
    unexplained: str | None
    """What of it neither ``arriving`` nor ``on_the_way`` explains."""
    trouble: str | None
    """Why nobody could say."""
    counted_by: str | None
    """The administrator who has counted, where it was not the gateway that said what it has."""
    business_day: str | None
    """The day that it is the daily comparison of, such as ``2026-11-28``."""
    made_at: Time


@frozen
class GatewayComparisons:
    """A page of comparisons, newest first, and the newest of each coin that had an answer."""

    newest: tuple[GatewayComparison, ...]
    comparisons: tuple[GatewayComparison, ...]
    next_before: int | None
    """Where the next page begins; None at the end."""


@frozen
class GatewaysCompared:
    """What was compared; ``dry_run`` is there, and true, where it was not written down."""

    comparisons: tuple[GatewayComparison, ...]
    dry_run: bool = False


def gateway_reconciliation_pages(office: Office, reconciler: GatewayReconciler, book: CoinBook) -> Blueprint:
    """Serve ``/admin/gateway-reconciliation``; the list goes by number, newest first."""
    pages = Blueprint("gateway_reconciliation", __name__, url_prefix="/admin")
    _add_list(pages, office)
    _add_order(pages, office, reconciler, book)
    return pages


def _add_list(pages: Blueprint, office: Office) -> None:

    @pages.get("/gateway-reconciliation")
    @Page(tag="money", who=ADMIN, parameters=(LIMIT, BEFORE), answers={200: GatewayComparisons})
    async def comparisons() -> dict[str, Any]:
        """List comparisons of gateways with the books, newest first; differences are named per coin."""
        asked = read_parameters({"limit", "before"})
        limit = read_limit(asked)
        found = await list_comparisons(office.postgres, read_before(asked), limit + 1)
        more = found[limit - 1].number if len(found) > limit else None
        newest = await newest_comparisons(office.postgres)
        return {
            "newest": [_show(one) for one in newest],
            "comparisons": [_show(one) for one in found[:limit]],
            "next_before": more,
        }


def _add_order(pages: Blueprint, office: Office, reconciler: GatewayReconciler, book: CoinBook) -> None:
    bodies = body_codec(ReconcileBody)

    @pages.post("/gateway-reconciliation")
    @Page(
        tag="money",
        who=ADMIN,
        takes=ReconcileBody,
        answers={200: GatewaysCompared},
        refuses={404: (Refusal.NO_SUCH_COIN,), 409: (Refusal.COMMAND_REUSED,)},
    )
    async def compare() -> Answer:
        """Compare all coins now and write it down, once per key; a repeat gets the first answer."""
        body = await read_body(bodies)
        counted = _read_counted(body, book)
        order = read_order(body, "gateway_reconciliation", _SUBJECT)
        found = await reconciler.compare(counted, order.admin)
        written: list[Reconciled] = []

        async def work(transaction: Transaction) -> Answer:
            written.extend(await add_comparisons(transaction, found))
            return {"comparisons": [_show(one) for one in written]}

        answer = await obey(office.postgres, order, work)
        if not order.is_dry_run:
            reconciler.note(written)
        return answer


def _read_counted(body: ReconcileBody, book: CoinBook) -> Mapping[str, int]:
    counted: dict[str, int] = {}
    for one in body.counted:
        if one.coin not in book.coins:
            raise RefusedRequest(404, Refusal.NO_SUCH_COIN, "coin: one of those that the house takes")
        amount = read_coins(one.amount, COINS[one.coin])
        refuse_unless(amount is not None, Refusal.MALFORMED, "amount: whole coins, no finer than the coin is")
        refuse_unless(one.coin not in counted, Refusal.MALFORMED, "counted: each coin once")
        assert amount is not None, "what is refused is not read"
        counted[one.coin] = amount
    return counted


def _show(one: Reconciled) -> dict[str, Any]:
    compared, books = one.comparison, one.comparison.books

    def coins(amount: int | None) -> str | None:
        return None if amount is None else write_signed(amount, books.scale)

    return {
        "id": one.number,
        "gateway": one.gateway,
        "coin": books.coin,
        "credited": coins(books.credited),
        "paid": coins(books.paid),
        "held": coins(books.held),
        "uncredited": coins(books.uncredited),
        "expected": coins(books.expected),
        "arriving": coins(books.arriving),
        "on_the_way": coins(books.on_the_way),
        "found": coins(compared.found),
        "difference": coins(compared.difference),
        "unexplained": coins(compared.unexplained),
        "trouble": compared.trouble,
        "counted_by": one.counted_by,
        "business_day": None if one.business_day is None else one.business_day.isoformat(),
        "made_at": write_time(one.made_at),
    }

"""How to make the sandbox misbehave, and time pass."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen
from quart import Blueprint

from cardroom.local.payments.chain import NoSuchTransaction
from cardroom.local.payments.faults import Fault, Faults, RateFault
from cardroom.local.payments.gateway_pages import refuse_other_coins
from cardroom.local.payments.prices import Source
from cardroom.local.payments.sandbox import Sandbox
from cardroom.service.http import RefusedRequest, read_body, refuse_unless
from cardroom.service.openapi import Page
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.refusals import Refusal

_MAX_BYTES: Final = 4096
_MOST_BLOCKS: Final = 1000
_MOST_TIMES: Final = 1_000_000
_MOST_SHIFT: Final = 9_000


@frozen
class MineOrder:
    """So many blocks at once."""

    blocks: int = 1


@frozen
class ReorganiseOrder:
    """Take a transaction out of its block. It is in another after so many blocks; None: never again."""

    tx_hash: str
    comes_back_after: int | None = None


@frozen
class FaultOrder:
    """Let a fault be the next so many times."""

    fault: Fault
    times: int = 1


@frozen
class RateOrder:
    """Let something be wrong with a source, or shift its price of a coin by so many basis points."""

    source: Source
    fault: RateFault = RateFault.NONE
    coin: str = ""
    shift_basis_points: int = 0


@frozen
class Standing:
    """How the sandbox stands."""

    tip: int
    block_ms: int
    faults: Mapping[str, int]
    sources: Mapping[str, str]


_MINE: Final = Codec[MineOrder](MineOrder, Encoding.JSON, _MAX_BYTES, {})
_REORGANISE: Final = Codec[ReorganiseOrder](ReorganiseOrder, Encoding.JSON, _MAX_BYTES, {})
_FAULT: Final = Codec[FaultOrder](FaultOrder, Encoding.JSON, _MAX_BYTES, {})
_RATE: Final = Codec[RateOrder](RateOrder, Encoding.JSON, _MAX_BYTES, {})


def control_pages(sandbox: Sandbox, faults: Faults) -> Blueprint:
    """Serve ``/control``, to everybody who reaches the port: it listens on loopback, and nothing is worth
    anything here.
    """
    pages = Blueprint("control", __name__, url_prefix="/control")

    def standing() -> dict[str, Any]:
        return _standing(sandbox, faults)

    @pages.get("")
    @Page(tag="control", answers={200: Standing})
    async def show() -> dict[str, Any]:
        """Say how many blocks there are, and what is to go wrong."""
        return standing()

    @pages.post("/mine")
    @Page(tag="control", takes=MineOrder, answers={200: Standing})
    async def mine() -> dict[str, Any]:
        """Let blocks come at once."""
        order = await read_body(_MINE)
        refuse_unless(1 <= order.blocks <= _MOST_BLOCKS, Refusal.MALFORMED, f"1 to {_MOST_BLOCKS} blocks")
        sandbox.mine(order.blocks)
        return standing()

    @pages.post("/reorganise")
    @Page(tag="control", takes=ReorganiseOrder, answers={200: Standing})
    async def reorganise() -> dict[str, Any]:
        """Take a transaction out of its block; 404 for one that there is not, or that the gateway paid."""
        order = await read_body(_REORGANISE)
        after = order.comes_back_after
        is_fit = after is None or 0 <= after <= _MOST_BLOCKS
        refuse_unless(is_fit, Refusal.MALFORMED, f"comes_back_after up to {_MOST_BLOCKS}")
        try:
            sandbox.reorganise(order.tx_hash, after)
        except NoSuchTransaction as error:
            raise RefusedRequest(404, Refusal.NOT_FOUND) from error
        return standing()

    _add_fault_pages(pages, faults, standing)
    return pages


def _add_fault_pages(pages: Blueprint, faults: Faults, standing: Callable[[], dict[str, Any]]) -> None:
    @pages.post("/faults")
    @Page(tag="control", takes=FaultOrder, answers={200: Standing})
    async def set_fault() -> dict[str, Any]:
        """Let a fault be the next so many times; 0: not any more."""
        order = await read_body(_FAULT)
        refuse_unless(0 <= order.times <= _MOST_TIMES, Refusal.MALFORMED, f"times up to {_MOST_TIMES}")
        faults.set(order.fault, order.times)
        return standing()

    @pages.post("/rates")
    @Page(tag="control", takes=RateOrder, answers={200: Standing})
    async def set_rates() -> dict[str, Any]:
        """Say what is wrong with a source of rates; with a coin, shift its price."""
        order = await read_body(_RATE)
        shift = order.shift_basis_points
        refuse_unless(abs(shift) <= _MOST_SHIFT, Refusal.MALFORMED, f"shift up to {_MOST_SHIFT}")
        faults.set_source(order.source, order.fault)
        if order.coin:
            refuse_other_coins(order.coin)
            faults.shift_price(order.source, order.coin, shift)
        return standing()


def _standing(sandbox: Sandbox, faults: Faults) -> dict[str, Any]:
    sources = {source.value: faults.of_source(source).value for source in Source}
    return {
        "tip": sandbox.tip,
        "block_ms": sandbox.block_ms,
        "faults": dict(faults.left),
        "sources": sources,
    }

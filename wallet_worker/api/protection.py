"""What counts against a player's own limits, and the deposits that wait for one."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen
from quart import Blueprint

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.admin_orders import Answer, ReasonBody, obey, read_order
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.parameters import BEFORE, LIMIT, read_before, read_limit, read_parameters, write_time
from cardroom.service.postgres import Postgres, Transaction
from cardroom.service.protection import ProtectionSettings
from cardroom.wire.json_schema import Time
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import body_codec
from wallet_worker.api.office import Office
from wallet_worker.rules.protection import BuyInRoom, buy_in_room
from wallet_worker.store.deposit_room import deposit_room
from wallet_worker.store.held_deposits import (
    HeldDeposit,
    NoSuchHeldDeposit,
    list_held,
    list_held_of,
    release_once,
)
from wallet_worker.store.read_terms import Usage, read_usage

_MAX_ID: Final = 2**63 - 1
_LONGEST_LIST: Final = 100


@frozen
class DepositHeld:
    """Coins that came in over a player's deposit limit, and wait."""

    id: int
    user_id: UserId
    coin: str
    krw_amount: Krw
    """What they were worth when they came."""
    tx_hash: str
    output: int
    reason: Refusal
    held_at: Time


@frozen
class DepositsHeld:
    """A page of deposits that wait, newest first."""

    deposits: tuple[DepositHeld, ...]
    next_before: int | None
    """Where the next page begins; None at the end."""


@frozen
class DepositReleased:
    """A deposit that was held and is credited now; ``dry_run`` is there, and true, where nothing was done."""

    payment: int
    transfer: int
    user_id: UserId
    krw_amount: Krw
    dry_run: bool = False


@frozen
class PlayersUsage:
    """What a player's own limits leave now; None is as much as wanted."""

    deposit_room: Krw | None
    """What may come in by coins."""
    buy_in_room: Krw | None
    """What may be brought to tables."""
    at_risk: Mapping[str, Krw]
    """By period (day, week, month): the loss so far and all that lies at tables, where that is limited."""
    session_seconds_left: int | None
    """What is left of today's time at tables."""
    held_deposits: tuple[DepositHeld, ...]
    """What came in over a limit and waits, the newest first."""


async def show_usage(postgres: Postgres, user_id: UserId, settings: ProtectionSettings) -> dict[str, Any]:
    """Write what a player's limits leave now: what may come in, be brought to tables, and the time."""
    usage = (await read_usage(postgres, [user_id], settings))[user_id]
    held = await list_held_of(postgres, user_id, _LONGEST_LIST)
    room = buy_in_room(usage.limits, usage.risks, usage.sitting)
    return {
        "deposit_room": await deposit_room(postgres, user_id, settings),
        "buy_in_room": None if room.amount is None else max(0, room.amount),
        "at_risk": {period.value: risk.at_risk for period, risk in usage.risks.items()},
        "session_seconds_left": _seconds_left(usage, room),
        "held_deposits": [_show(one) for one in held],
    }


def _seconds_left(usage: Usage, room: BuyInRoom) -> int | None:
    if usage.limits.session_ms is None or usage.sitting is None:
        return None
    return max(0, usage.limits.session_ms - usage.sitting.used_ms) // 1000 if room.has_time else 0


def add_held_deposits(pages: Blueprint, office: Office) -> None:
    """Add ``/admin/deposits/held``, which goes by number, newest first, and the order that releases one."""

    @pages.get("/deposits/held")
    @Page(tag="money", who=ADMIN, parameters=(LIMIT, BEFORE), answers={200: DepositsHeld})
    async def held() -> dict[str, Any]:
        """List deposits that came in over their players' limits and wait, newest first."""
        asked = read_parameters({"limit", "before"})
        limit = read_limit(asked)
        found = await list_held(office.postgres, read_before(asked), limit + 1)
        more = found[limit - 1].number if len(found) > limit else None
        return {"deposits": [_show(one) for one in found[:limit]], "next_before": more}

    _add_release(pages, office)


def _add_release(pages: Blueprint, office: Office) -> None:
    bodies = body_codec(ReasonBody)

    @pages.post("/deposits/held/<int:number>/release")
    @Page(
        tag="money",
        who=ADMIN,
        takes=ReasonBody,
        answers={200: DepositReleased},
        refuses={409: (Refusal.COMMAND_REUSED,)},
    )
    async def release(number: int) -> Answer:
        """Credit a held deposit, whatever the player's limit says. May be repeated."""
        body = await read_body(bodies)
        order = read_order(body, "deposit_release", f"held_deposit:{number}")
        if number > _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such deposit")

        is_news = False

        async def work(transaction: Transaction) -> Answer:
            nonlocal is_news
            released, is_news = await release_once(transaction, number, order.admin, office.link)
            return released

        try:
            answer = await obey(office.postgres, order, work)
        except NoSuchHeldDeposit:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such deposit") from None
        if is_news and not order.is_dry_run:
            office.log.warning("held_deposit.released", number=number, by=order.admin, reason=order.reason)
            await office.on_released(answer["payment"])
        return answer


def _show(held: HeldDeposit) -> dict[str, Any]:
    return {
        "id": held.number,
        "user_id": held.deposit.user_id,
        "coin": held.deposit.coin,
        "krw_amount": held.krw_amount,
        "tx_hash": held.deposit.tx_hash,
        "output": held.deposit.output_number,
        "reason": Refusal.DEPOSIT_LIMIT.value,
        "held_at": write_time(held.held_at),
    }

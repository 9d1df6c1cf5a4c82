"""``/admin/.../freeze`` and ``unfreeze``: a player, or play, withdrawals or everything for all."""

from typing import Any, Final

from attrs import frozen
from quart import Blueprint

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.postgres import Transaction
from cardroom.wire.refusals import Refusal
from wallet_worker.api.asked import Answer, ReasonBody, obey, read_order
from wallet_worker.api.bodies import body_codec, is_text, refuse_unless
from wallet_worker.api.office import Office
from wallet_worker.api.parameters import write_time
from wallet_worker.store.freezes import (
    Freeze,
    Freezes,
    HouseFreeze,
    Scope,
    freeze_house,
    freeze_player,
    unfreeze_house,
)
from wallet_worker.store.house_transfer import NoSuchPlayer

_MAX_ID: Final = 2**63 - 1
_MAX_TOLD_LETTERS: Final = 200


@frozen
class HouseFreezeBody:
    """``POST /admin/freeze`` and ``unfreeze``; ``told`` is what players at the tables are told of it."""

    reason: str
    idempotency_key: str
    scope: Scope = Scope.EVERYTHING
    told: str = ""
    dry_run: bool = False


def add_freezes(pages: Blueprint, office: Office) -> None:
    """Add the pages. Who is frozen moves no money to a table or out of the house; hands go on."""
    _add_players(pages, office)
    _add_house(pages, office)


def _add_house(pages: Blueprint, office: Office) -> None:
    bodies = body_codec(HouseFreezeBody)

    async def set_house(*, is_frozen: bool) -> Answer:
        body = await read_body(bodies)
        refuse_unless(len(body.told) <= _MAX_TOLD_LETTERS, Refusal.MALFORMED, "told: up to 200 letters")
        refuse_unless(
            not body.told or is_text(body.told, _MAX_TOLD_LETTERS), Refusal.MALFORMED, "told: no NUL"
        )
        order = read_order(body, "freeze" if is_frozen else "unfreeze", body.scope.value)
        ordered = HouseFreeze(body.scope, order.admin, order.reason, body.told)

        async def work(transaction: Transaction) -> Answer:
            if is_frozen:
                return await freeze_house(transaction, ordered, office.link)
            return await unfreeze_house(transaction, body.scope, office.link)

        answer = await obey(office.postgres, order, work)
        if not order.is_dry_run:
            facts = {"scope": body.scope.value, "by": order.admin, "reason": order.reason}
            office.log.warning("house.frozen", is_frozen=is_frozen, **facts)
        return answer

    @pages.post("/freeze")
    async def freeze_all() -> Answer:
        return await set_house(is_frozen=True)

    @pages.post("/unfreeze")
    async def unfreeze_all() -> Answer:
        return await set_house(is_frozen=False)


def _add_players(pages: Blueprint, office: Office) -> None:
    bodies = body_codec(ReasonBody)

    async def set_player(user_id: int, *, is_frozen: bool) -> Answer:
        body = await read_body(bodies)
        if not 0 < user_id <= _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player")
        order = read_order(body, "freeze_player" if is_frozen else "unfreeze_player", f"user:{user_id}")

        async def work(transaction: Transaction) -> Answer:
            return await freeze_player(transaction, UserId(user_id), office.link, is_frozen=is_frozen)

        try:
            answer = await obey(office.postgres, order, work)
        except NoSuchPlayer:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player") from None
        if not order.is_dry_run:
            office.log.warning("player.frozen", user_id=user_id, is_frozen=is_frozen, by=order.admin)
        return answer

    @pages.post("/users/<int:user_id>/freeze")
    async def freeze(user_id: int) -> Answer:
        return await set_player(user_id, is_frozen=True)

    @pages.post("/users/<int:user_id>/unfreeze")
    async def unfreeze(user_id: int) -> Answer:
        return await set_player(user_id, is_frozen=False)


def show_freezes(found: Freezes) -> dict[str, Any]:
    """Write who froze what for all, when and why; None for what is not frozen."""
    return {f"{scope.value}_frozen": show_freeze(found.of.get(scope)) for scope in Scope}


def show_freeze(found: Freeze | None) -> dict[str, Any] | None:
    """Write a freeze, if there is one."""
    if found is None:
        return None
    facts = {"frozen_by": found.frozen_by, "reason": found.reason, "told": found.told}
    return {"frozen_at": write_time(found.frozen_at)} | facts

"""``/admin/.../freeze`` and ``unfreeze``: a player, or play, withdrawals or everything for all."""

from typing import Any, Final

from attrs import field, frozen
from quart import Blueprint

from cardroom.ids import UserId
from cardroom.service.admin_guard import OWNERS, refuse_role
from cardroom.service.admin_orders import (
    MAX_KEY_LETTERS,
    MAX_REASON_LETTERS,
    Answer,
    ReasonBody,
    obey,
    read_order,
)
from cardroom.service.http import RefusedRequest, is_text, read_body, refuse_unless
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.parameters import write_time
from cardroom.service.player_freeze import NoPlayerToFreeze, freeze_player
from cardroom.service.postgres import Transaction
from cardroom.wire.json_schema import letters
from cardroom.wire.refusals import Refusal
from wallet_worker.api.answers import HouseFrozen, PlayerFrozen
from wallet_worker.api.bodies import body_codec
from wallet_worker.api.office import Office
from wallet_worker.store.freezes import (
    Freeze,
    Freezes,
    HouseFreeze,
    Scope,
    freeze_house,
    unfreeze_house,
)

_MAX_ID: Final = 2**63 - 1
_MAX_TOLD_LETTERS: Final = 200


@frozen
class HouseFreezeBody:
    """``POST /admin/freeze`` and ``unfreeze``; ``told`` is what players at the tables are told of it."""

    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    scope: Scope = Scope.EVERYTHING
    told: str = field(default="", metadata=letters(0, _MAX_TOLD_LETTERS))
    dry_run: bool = False


_HOUSE: Final = Page(
    tag="freezes",
    who=ADMIN,
    takes=HouseFreezeBody,
    answers={200: HouseFrozen},
    refuses={409: (Refusal.COMMAND_REUSED,)},
)


def add_freezes(pages: Blueprint, office: Office) -> None:
    """Add the pages. Who is frozen moves no money to a table or out of the house; hands go on."""
    _add_players(pages, office)
    _add_house(pages, office)


def _add_house(pages: Blueprint, office: Office) -> None:
    bodies = body_codec(HouseFreezeBody)

    async def set_house(*, is_frozen: bool) -> Answer:
        body = await read_body(bodies)
        if body.scope is not Scope.WITHDRAWALS:
            refuse_role(OWNERS)
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
    @_HOUSE
    async def freeze_all() -> Answer:
        """Freeze play, withdrawals or everything for all. May be repeated."""
        return await set_house(is_frozen=True)

    @pages.post("/unfreeze")
    @_HOUSE
    async def unfreeze_all() -> Answer:
        """End one freeze for all; players who are frozen themselves stay so. May be repeated."""
        return await set_house(is_frozen=False)


def _add_players(pages: Blueprint, office: Office) -> None:
    bodies = body_codec(ReasonBody)

    async def set_player(user_id: int, *, is_frozen: bool) -> Answer:
        body = await read_body(bodies)
        if not 0 < user_id <= _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player")
        order = read_order(body, "freeze_player" if is_frozen else "unfreeze_player", f"user:{user_id}")

        async def work(transaction: Transaction) -> Answer:
            return await freeze_player(transaction, UserId(user_id), is_frozen=is_frozen)

        try:
            answer = await obey(office.postgres, order, work)
        except NoPlayerToFreeze:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player") from None
        if not order.is_dry_run:
            office.log.warning("player.frozen", user_id=user_id, is_frozen=is_frozen, by=order.admin)
        return answer

    said = Page(
        tag="freezes",
        who=ADMIN,
        takes=ReasonBody,
        answers={200: PlayerFrozen},
        refuses={409: (Refusal.COMMAND_REUSED,)},
    )

    @pages.post("/users/<int:user_id>/freeze")
    @said
    async def freeze(user_id: int) -> Answer:
        """Freeze a player: no money of his goes to a table or out of the house. May be repeated."""
        return await set_player(user_id, is_frozen=True)

    @pages.post("/users/<int:user_id>/unfreeze")
    @said
    async def unfreeze(user_id: int) -> Answer:
        """End a player's freeze. May be repeated."""
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

"""``/admin/.../freeze`` and ``unfreeze``: a player, or everything."""

from typing import Any, Final

from quart import Blueprint

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.postgres import Transaction
from cardroom.wire.refusals import Refusal
from wallet_worker.api.answers import EverythingFrozen, PlayerFrozen
from wallet_worker.api.asked import Answer, ReasonBody, obey, read_order
from wallet_worker.api.bodies import body_codec
from wallet_worker.api.office import Office
from wallet_worker.api.parameters import write_time
from wallet_worker.store.freezes import Freeze, freeze_everything, freeze_player, unfreeze_everything
from wallet_worker.store.house_transfer import NoSuchPlayer

_MAX_ID: Final = 2**63 - 1


def add_freezes(pages: Blueprint, office: Office) -> None:
    """Add the pages. Who is frozen moves no money to a table or out of the house; hands go on."""
    _add_players(pages, office)
    bodies = body_codec(ReasonBody)

    async def set_everything(*, is_frozen: bool) -> Answer:
        body = await read_body(bodies)
        order = read_order(body, "freeze" if is_frozen else "unfreeze", "everything")

        async def work(transaction: Transaction) -> Answer:
            if is_frozen:
                return await freeze_everything(transaction, order.admin, order.reason, office.link)
            return await unfreeze_everything(transaction, office.link)

        answer = await obey(office.postgres, order, work)
        if not order.is_dry_run:
            office.log.warning("everything.frozen", is_frozen=is_frozen, by=order.admin, reason=order.reason)
        return answer

    said = Page(
        tag="freezes",
        who=ADMIN,
        takes=ReasonBody,
        answers={200: EverythingFrozen},
        refuses={409: (Refusal.COMMAND_REUSED,)},
    )

    @pages.post("/freeze")
    @said
    async def freeze_all() -> Answer:
        """Freeze everything: no money goes to a table or out of the house. May be repeated."""
        return await set_everything(is_frozen=True)

    @pages.post("/unfreeze")
    @said
    async def unfreeze_all() -> Answer:
        """End the freeze of everything; players who are frozen themselves stay so. May be repeated."""
        return await set_everything(is_frozen=False)


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


def show_freeze(found: Freeze | None) -> dict[str, Any] | None:
    """Write the freeze of everything, if there is one."""
    if found is None:
        return None
    return {"frozen_at": write_time(found.frozen_at), "frozen_by": found.frozen_by, "reason": found.reason}

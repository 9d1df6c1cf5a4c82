"""Dead letters for administrators: who waits, and how each is ended."""

from typing import Any, Final

from attrs import field, frozen
from quart import Blueprint, request

from cardroom.service.admin_guard import admin_who_asks
from cardroom.service.http import RefusedRequest, is_text, read_body, refuse_unless
from cardroom.service.openapi import ADMIN, Page, Parameter, whole_parameter
from cardroom.wire.json_schema import letters
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import body_codec
from wallet_worker.api.room_answers import DeadLetters, LetterResolved
from wallet_worker.ledger.deadletter import ResolvedOtherwise, StillFails
from wallet_worker.ledger.letter_desk import (
    MAX_KEY_LETTERS,
    MAX_REASON_LETTERS,
    WAYS,
    LetterDesk,
)
from wallet_worker.store.list_letters import MAX_PAGE, list_letters
from wallet_worker.store.resolve_letter import LetterKeyReused, NoSuchLetter, Resolution

_MAX_ID: Final = 2**63 - 1
_PAGE: Final = 50
_PARAMETERS: Final = (
    whole_parameter("before", 1, _MAX_ID, "``before`` of the page before"),
    whole_parameter("limit", 1, MAX_PAGE, "How many letters at most", otherwise=_PAGE),
    Parameter("all", {"type": "string"}, "``1``: those, too, that are resolved"),
)


@frozen
class LetterBody:
    """``POST /admin/letters/ID/retry`` or ``/void``: why, and the caller's key; who, the token says."""

    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))


def letter_pages(desk: LetterDesk) -> Blueprint:
    """Serve ``/admin/letters``."""
    pages = Blueprint("letters", __name__, url_prefix="/admin/letters")
    bodies = body_codec(LetterBody)

    @pages.get("")
    @Page(tag="letters", who=ADMIN, parameters=_PARAMETERS, answers={200: DeadLetters})
    async def listed() -> dict[str, Any]:
        """Give those that wait, or ``all=1``; the newest first, the next page by ``before``."""
        before = _number("before", default=None, most=_MAX_ID)
        limit = _number("limit", default=_PAGE, most=MAX_PAGE)
        assert limit is not None, "it has a default"
        with_resolved = request.args.get("all") == "1"
        page = await list_letters(desk.tools.postgres, before, limit, with_resolved=with_resolved)
        return {"letters": list(page.letters), "before": page.before}

    @pages.post("/<int:letter_id>/<any(retry, void):order>")
    @Page(
        tag="letters",
        who=ADMIN,
        takes=LetterBody,
        answers={200: LetterResolved},
        refuses={409: (Refusal.COMMAND_REUSED, Refusal.LETTER_RESOLVED, Refusal.LETTER_FAILS)},
    )
    async def resolve(letter_id: int, order: str) -> dict[str, Any]:
        """Carry a letter's command out after all, or give it up and pay the table's escrow out."""
        body = await read_body(bodies)
        _check(body)
        if letter_id > _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such letter")
        wanted = Resolution(letter_id, WAYS[order], admin_who_asks(), body.reason, body.idempotency_key)
        return await _resolve(desk, wanted)

    return pages


async def _resolve(desk: LetterDesk, wanted: Resolution) -> dict[str, Any]:
    try:
        return dict(await desk.resolve(wanted))
    except NoSuchLetter:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such letter") from None
    except LetterKeyReused:
        raise RefusedRequest(409, Refusal.COMMAND_REUSED, "the key stands for another order") from None
    except ResolvedOtherwise:
        raise RefusedRequest(409, Refusal.LETTER_RESOLVED, "it was resolved in the other way") from None
    except StillFails as fails:
        raise RefusedRequest(409, Refusal.LETTER_FAILS, str(fails)) from None


def _check(body: LetterBody) -> None:
    for name, text, longest in (
        ("reason", body.reason, MAX_REASON_LETTERS),
        ("idempotency_key", body.idempotency_key, MAX_KEY_LETTERS),
    ):
        refuse_unless(is_text(text, longest), Refusal.MALFORMED, f"{name}: 1 to {longest} letters")


def _number(name: str, default: int | None, most: int) -> int | None:
    text = request.args.get(name)
    if text is None:
        return default
    is_number = text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= most
    refuse_unless(is_number, Refusal.MALFORMED, f"{name}: 1 to {most}")
    return int(text)

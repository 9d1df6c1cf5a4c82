"""What every order of an administrator has: who gives it, why, and the key that it may be repeated by."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from attrs import asdict, field, frozen

from cardroom.service.admin_actions import KeyOfAnotherOrder, Order, carry_out, hash_facts
from cardroom.service.admin_guard import admin_who_asks
from cardroom.service.http import RefusedRequest, is_text, refuse_unless
from cardroom.service.postgres import Postgres, Transaction
from cardroom.wire.json_schema import letters
from cardroom.wire.refusals import Refusal

MAX_REASON_LETTERS: Final = 200
MAX_KEY_LETTERS: Final = 128

Answer = dict[str, Any]


class OrderBody(Protocol):
    """The fields that every order has; a body may have more."""

    @property
    def reason(self) -> str:
        """Why; it is kept with the record of the order."""

    @property
    def idempotency_key(self) -> str:
        """The caller's key: the same order again under it is answered with the first answer."""

    @property
    def dry_run(self) -> bool:
        """Say what would happen, and change nothing."""


@frozen
class ReasonBody:
    """An order without anything but its reason and key."""

    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    """Why; it is kept with the record of the order."""
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    """The caller's key: the same order again under it is answered with the first answer."""
    dry_run: bool = False
    """Say what would happen, and change nothing."""


def read_order(body: OrderBody, action: str, subject: str, **more: Any) -> Order:
    """Give the order that a body asks for; refused without reason or key.

    ``action`` is the word it is recorded under, ``subject`` what it is about, such as ``user:17``. What
    decides whether a later request is the same order is all that its body says, but not ``dry_run``, and
    ``more``: what the address says besides the subject.
    """
    check_reason(body.reason, MAX_REASON_LETTERS)
    check_key(body.idempotency_key)
    said = {name: value for name, value in asdict(body).items() if name != "dry_run"}  # type: ignore[arg-type]
    return Order(
        admin=admin_who_asks(),
        action=action,
        subject=subject,
        reason=body.reason,
        key=body.idempotency_key,
        body_hash=hash_facts(subject, said | more),
        is_dry_run=body.dry_run,
    )


async def obey(postgres: Postgres, order: Order, work: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
    """Carry an order out once, in one transaction, and record it; refused: a key of another order."""
    try:
        return await carry_out(postgres, order, work)
    except KeyOfAnotherOrder:
        raise RefusedRequest(409, Refusal.COMMAND_REUSED, "the key stands for another order") from None


def check_reason(reason: str, longest: int) -> None:
    """Refuse an order without a reason."""
    refuse_unless(is_text(reason, longest), Refusal.MALFORMED, f"reason: 1 to {longest} letters")


def check_key(key: str) -> None:
    """Refuse an order without a key."""
    detail = f"idempotency_key: 1 to {MAX_KEY_LETTERS} letters"
    refuse_unless(is_text(key, MAX_KEY_LETTERS), Refusal.MALFORMED, detail)

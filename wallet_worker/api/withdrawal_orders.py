"""How an order about a withdrawal is carried out and answered; the player is told after it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from attrs import frozen

from cardroom.service.admin_orders import Answer, OrderBody, obey, read_order
from cardroom.service.http import RefusedRequest
from cardroom.service.parameters import write_time
from cardroom.service.postgres import Transaction
from cardroom.wire.refusals import Refusal
from wallet_worker.api.office import Office
from wallet_worker.cashier.payout_tools import PayoutTools
from wallet_worker.cashier.payouts import PayoutDesk
from wallet_worker.rules.coins import write_coins
from wallet_worker.rules.withdrawal import PayoutDiffers, WithdrawalEnded
from wallet_worker.rules.withdrawal_steps import State
from wallet_worker.store.claim_payout import NotNow
from wallet_worker.store.decide_payout import TooEarly
from wallet_worker.store.house_transfer import KeyReused
from wallet_worker.store.outside_payments import NoSuchWithdrawal
from wallet_worker.store.vote_withdrawal import OwnVote, StepNotAllowed
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal, find_row

MAX_ID: Final = 2**63 - 1

ORDER_REFUSALS: Final = {
    409: (Refusal.COMMAND_REUSED, Refusal.ALREADY_DECIDED, Refusal.WITHDRAWAL_ENDED, Refusal.OWN_VOTE),
}
"""What orders about withdrawals may be refused by, at least."""

_NOT_SENT_YET: Final = (State.WAITING, State.REVIEW, State.APPROVED)

_NOT_NOW: Final = {
    one.value: one
    for one in (
        Refusal.FROZEN,
        Refusal.WITHDRAWALS_FROZEN,
        Refusal.USER_BLOCKED,
        Refusal.COIN_CLOSED,
        Refusal.RATE_STOPPED,
        Refusal.RATE_UNAVAILABLE,
        Refusal.SCREENING_HIT,
    )
} | {"not_approved": Refusal.ALREADY_DECIDED}

NOT_NOW_REFUSALS: Final = tuple(dict.fromkeys((*_NOT_NOW.values(), Refusal.WITHDRAWAL_LIMIT)))
"""What a payout that cannot be taken now is refused by."""

Work = Callable[[Transaction], Awaitable[FollowedWithdrawal]]


@frozen
class WithdrawalOffice:
    """What the pages about withdrawals work with."""

    office: Office
    tools: PayoutTools
    desk: PayoutDesk

    async def carry_out(
        self, body: OrderBody, action: str, number: int, work: Callable[[str], Work]
    ) -> Answer:
        """Carry an order out, once per key; tell the player of a step. ``work`` is given who orders it."""
        order = read_order(body, f"withdrawal_{action}", f"withdrawal:{number}")

        async def shown(transaction: Transaction) -> Answer:
            return show(await work(order.admin)(transaction))

        with refusals():
            before = await find_row(self.office.postgres, number)
            answer = await obey(self.office.postgres, order, shown)
            if not order.is_dry_run:
                row = await find_row(self.office.postgres, number)
                if row.state is not before.state:
                    self.tools.tell(row, by=order.admin, order=action)
        return answer

    async def find(self, number: int) -> FollowedWithdrawal:
        """Give a withdrawal; refused where there is none."""
        check_number(number)
        with refusals():
            return await find_row(self.office.postgres, number)

    def is_manual(self, row: FollowedWithdrawal) -> bool:
        """Say whether operators send this one's payout; a gateway that is gone from the settings is not."""
        gateway = self.tools.gateways.get(row.gateway)
        return gateway is not None and gateway.is_manual


def check_number(number: int) -> None:
    """Refuse a number that the database cannot have."""
    if not 0 < number <= MAX_ID:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such withdrawal")


@contextmanager
def refusals() -> Iterator[None]:
    """Answer what the store does not allow."""
    try:
        yield
    except NoSuchWithdrawal:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such withdrawal") from None
    except StepNotAllowed as refused:
        raise _not_allowed(refused.state) from None
    except OwnVote:
        raise RefusedRequest(409, Refusal.OWN_VOTE, "another administrator must say so, too") from None
    except TooEarly as early:
        seconds = int(early.seconds) + 1
        raise RefusedRequest(503, Refusal.BUSY, f"in {seconds} s", retry_seconds=seconds) from None
    except (PayoutDiffers, WithdrawalEnded):
        raise RefusedRequest(409, Refusal.PAYOUT_DIFFERS, "not what was to be sent") from None
    except KeyReused:
        raise RefusedRequest(409, Refusal.PAYOUT_DIFFERS, "it paid another withdrawal") from None
    except NotNow as not_now:
        code = _NOT_NOW.get(not_now.reason, Refusal.WITHDRAWAL_LIMIT)
        raise RefusedRequest(409, code, not_now.reason) from None


def _not_allowed(state: State) -> RefusedRequest:
    code = Refusal.ALREADY_DECIDED if state in _NOT_SENT_YET else Refusal.WITHDRAWAL_ENDED
    return RefusedRequest(409, code, f"it is {state.value}")


def show(row: FollowedWithdrawal) -> dict[str, Any]:
    """Write a withdrawal as administrators see it."""
    is_fixed = row.coin_amount is not None and row.rate is not None
    return {
        "id": row.number,
        "user_id": row.user_id,
        "coin": row.coin,
        "gateway": row.gateway,
        "address": row.address,
        "krw_amount": row.krw_amount,
        "state": row.state.value,
        "reason": row.reason,
        "flags": list(row.flags),
        "requested_at": write_time(row.requested_at),
        "ready_at": write_time(row.ready_at),
        "approved_at": write_time(row.approved_at),
        "approved_by": row.approved_by,
        "coin_amount": write_coins(row.coin_amount, row.rate.scale) if is_fixed else None,  # type: ignore[arg-type,union-attr]
        "rate": row.rate.krw_per_coin if row.rate else None,
        "attempt": row.attempt,
        "sender": row.sender,
        "sending_at": write_time(row.sending_at),
        "task_id": row.task_id,
        "tx_hash": row.tx_hash,
        "ended_at": write_time(row.ended_at),
    }

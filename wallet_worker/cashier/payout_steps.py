"""Carries out what a look-up or a message means for a payout."""

from typing import Final, assert_never

from wallet_worker.cashier.payout_tools import PayoutTools
from wallet_worker.gateways.coin_names import same_address
from wallet_worker.gateways.port import PayoutFound
from wallet_worker.rules.withdrawal import PayoutDiffers, WithdrawalEnded
from wallet_worker.rules.withdrawal_steps import (
    Alarm,
    Book,
    Doubt,
    Follow,
    GiveBack,
    SendAgain,
    Stage,
    Step,
    Told,
    Wait,
)
from wallet_worker.store.end_payout import (
    PAID_BEFORE,
    confirm_payout,
    fail_payout,
    hurry,
    mark_doubtful,
    mark_taken,
    stop_sending,
)
from wallet_worker.store.house_transfer import KeyReused
from wallet_worker.store.payout_alarms import keep_alarm
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal

_CANNOT_BOOK: Final = (KeyReused, PayoutDiffers, WithdrawalEnded)


_NEVER_RIGHT: Final = -1


def told_by(found: PayoutFound, attempt: int, row: FollowedWithdrawal) -> Told:
    """Give what a gateway says in the words of the rules; another coin, or address, is never right."""
    is_right = found.coin in (None, row.coin)
    is_there = found.address is None or same_address(found.address, row.address)
    amount = found.coin_amount if is_right and is_there else _NEVER_RIGHT
    return Told(attempt, Stage(found.stage.value), found.tx_hash, amount, found.task_id)


class PayoutSteps:
    """Makes steps of payouts; each is decided again under the row's lock, so a repeat does nothing."""

    def __init__(self, tools: PayoutTools) -> None:
        self._tools = tools

    async def take(self, row: FollowedWithdrawal, told: Told, step: Step) -> bool:
        """Make a step; false where the withdrawal has gone on meanwhile, or the step is another's to make."""
        tools = self._tools
        seconds = tools.settings.retry_seconds
        match step:
            case Book(tx_hash):
                return await self._book(row, told, tx_hash)
            case Follow(task_id):
                return self._told(row, await mark_taken(tools.postgres, row, task_id, seconds, tools.link))
            case GiveBack():
                return self._told(row, await fail_payout(tools.postgres, row, "payout_failed", tools.link))
            case Doubt():
                return await self._doubt(row, told, step)
            case Alarm():
                return await self._stop(row, told, step)
            case Wait(hurries):
                if hurries:
                    await hurry(tools.postgres, row.number)
                return True
            case SendAgain():
                return False
            case _ as unreachable:
                assert_never(unreachable)

    async def _doubt(self, row: FollowedWithdrawal, told: Told, doubt: Doubt) -> bool:
        tools = self._tools
        if doubt.alarm is not None:
            await self._alarm(doubt.alarm.value, row, told)
        seconds = tools.settings.retry_seconds
        return self._told(row, await mark_doubtful(tools.postgres, row, doubt.reason, seconds, tools.link))

    async def _stop(self, row: FollowedWithdrawal, told: Told, alarm: Alarm) -> bool:
        await self._alarm(alarm.what.value, row, told)
        if alarm.stops:
            stopped = await stop_sending(self._tools.postgres, row.number, PAID_BEFORE, self._tools.link)
            return self._told(row, stopped)
        return True

    async def _book(self, row: FollowedWithdrawal, told: Told, tx_hash: str) -> bool:
        tools = self._tools
        try:
            return self._told(row, await confirm_payout(tools.postgres, row, tx_hash, tools.link))
        except _CANNOT_BOOK as trouble:
            await self._alarm("not_booked", row, told, trouble=repr(trouble))
        await mark_doubtful(tools.postgres, row, "not_booked", tools.settings.retry_seconds, tools.link)
        return True

    def _told(self, seen: FollowedWithdrawal, row: FollowedWithdrawal | None) -> bool:
        if row is not None and row.state is not seen.state:
            self._tools.tell(row)
        return row is not None

    async def _alarm(self, what: str, row: FollowedWithdrawal, told: Told, **facts: str) -> None:
        """Tell operators of a contradiction, and keep it for whoever looks at the withdrawal later."""
        self._tools.alarm(
            what, withdrawal=row.number, gateway=row.gateway, state=row.state.value, attempt=row.attempt,
            told_attempt=told.attempt, told_stage=told.stage.value, tx_hash=told.tx_hash, **facts,
        )  # fmt: skip
        await keep_alarm(self._tools.postgres, what, row, told)

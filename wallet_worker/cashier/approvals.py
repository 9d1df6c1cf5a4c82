"""Approves withdrawals whose time to wait is over, or hands them to administrators."""

import trio

from cardroom.service.postgres import PostgresAway, PostgresRefused
from wallet_worker.cashier.payout_tools import PayoutTools
from wallet_worker.payment_settings import WithdrawalRules
from wallet_worker.store.approve_withdrawals import ApprovalRules, approve_ready
from wallet_worker.store.due_withdrawals import Due, take_due

_AT_ONCE = 50


class Approvals:
    """Looks again and again; several workers may."""

    def __init__(self, tools: PayoutTools, rules: WithdrawalRules) -> None:
        self._tools = tools
        self._rules = ApprovalRules(
            rules.automatic_daily, tools.time_zone, tools.settings.retry_seconds, tools.blocked_users
        )

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except (PostgresAway, PostgresRefused) as trouble:
                self._tools.log.warning("withdrawals.not_looked_at", trouble=str(trouble))
            await trio.sleep(self._tools.settings.poll_seconds)

    async def look(self) -> None:
        """Decide those that are ready now, one after the other: each sees the ones before it."""
        tools = self._tools
        seconds = tools.settings.retry_seconds
        for number in await take_due(
            tools.postgres, Due.APPROVAL, tools.gateways, seconds=seconds, at_most=_AT_ONCE
        ):
            row = await approve_ready(tools.postgres, number, self._rules, tools.link)
            if row is not None:
                tools.tell(row, by=row.approved_by)

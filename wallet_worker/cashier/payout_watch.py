"""Finds out what became of payouts: of those that gateways took, and of those whose sender is silent."""

from typing import Final

import trio

from cardroom.service.errors import report_unforeseen
from cardroom.service.postgres import PostgresAway, PostgresRefused
from wallet_worker.cashier import payout_metrics as metrics
from wallet_worker.cashier.payout_steps import PayoutSteps, told_by
from wallet_worker.cashier.payout_tools import PayoutTools
from wallet_worker.cashier.payouts import PayoutDesk
from wallet_worker.gateways.port import GatewayAway, PayoutFound, PayoutStage
from wallet_worker.rules.withdrawal_steps import Doubt, SendAgain, State, judge_look_up, write_external_id
from wallet_worker.store.due_withdrawals import find_unserved, take_followed
from wallet_worker.store.payer_standing import sent_today
from wallet_worker.store.payout_figures import count_states
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal, find_row

_AT_ONCE: Final = 50
_MEASURE_SECONDS: Final = 5.0
_OPEN: Final = (State.SENDING, State.SENT, State.DOUBTFUL)
_MEASURED: Final = (State.WAITING, State.REVIEW, State.APPROVED, *_OPEN)


class PayoutWatch:
    """Looks payouts up, again and again; several workers may. Not those that people send by hand."""

    def __init__(self, tools: PayoutTools, desk: PayoutDesk) -> None:
        self._tools = tools
        self._desk = desk
        self._steps = PayoutSteps(tools)

    async def run(self) -> None:
        """Look until cancelled; a gateway that is slow keeps no other waiting."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._run_figures)
            for gateway in self._tools.automatic:
                nursery.start_soon(self._run_for, gateway)

    async def _run_for(self, gateway: str) -> None:
        while True:
            try:
                await self.look(gateway)
            except (PostgresAway, PostgresRefused) as trouble:
                self._tools.log.warning("payouts.not_looked_up", gateway=gateway, trouble=str(trouble))
            await trio.sleep(self._tools.settings.poll_seconds)

    async def _run_figures(self) -> None:
        while True:
            try:
                await self.measure()
                await self.look_unserved()
            except (PostgresAway, PostgresRefused) as trouble:
                self._tools.log.warning("payouts.not_measured", trouble=str(trouble))
            await trio.sleep(_MEASURE_SECONDS)

    async def look(self, gateway: str) -> None:
        """Look up what is due at a gateway."""
        settings = self._tools.settings
        numbers = await take_followed(
            self._tools.postgres, [gateway], silent_seconds=settings.doubtful_seconds,
            seconds=settings.retry_seconds, at_most=_AT_ONCE,
        )  # fmt: skip
        limit = trio.CapacityLimiter(settings.at_once)
        async with trio.open_nursery() as nursery:
            for number in numbers:
                nursery.start_soon(self._look_up_one, number, limit)

    async def _look_up_one(self, number: int, limit: trio.CapacityLimiter) -> None:
        async with limit:
            try:
                await self.look_up(number)
            except (PostgresAway, PostgresRefused) as trouble:
                self._tools.log.warning("payout.not_looked_up", withdrawal=number, trouble=str(trouble))
            except Exception as error:  # noqa: BLE001 (one job run)
                report_unforeseen(self._tools.log.bind(withdrawal=number), "payout", error)

    async def look_up(self, number: int) -> None:
        """Ask the gateway what became of a payout, and do what follows. May be repeated."""
        tools, settings = self._tools, self._tools.settings
        row = await find_row(tools.postgres, number)
        gateway = tools.gateways[row.gateway]
        is_silent = row.state is not State.SENDING or row.sending_seconds >= settings.doubtful_seconds
        if row.state not in _OPEN or gateway.is_manual or not is_silent:
            return
        known = row.standing(settings.person_seconds)
        found = await self._ask(row)
        if found is None and not known.is_old:
            return
        told = told_by(found or _nothing(row), row.attempt, row)
        step = judge_look_up(known, told, is_safe_to_repeat=gateway.looks_up_payouts)
        if not isinstance(step, SendAgain):
            await self._steps.take(row, told, step)
        elif not await self._desk.send_again(row) and known.is_old and row.state is State.SENDING:
            await self._steps.take(row, told, Doubt("not_sent_again"))

    async def look_unserved(self) -> None:
        """Let people decide what is under way at a gateway that is gone from the settings, or theirs now.

        Nobody looks such a payout up, and it would be neither paid nor given back for ever. May be repeated.
        """
        tools = self._tools
        seconds = tools.settings.person_seconds
        for number in await find_unserved(
            tools.postgres, tools.gateways, tools.automatic, silent_seconds=seconds
        ):
            row = await find_row(tools.postgres, number)
            told = told_by(_nothing(row), row.attempt, row)
            await self._steps.take(row, told, Doubt("no_gateway"))

    async def _ask(self, row: FollowedWithdrawal) -> PayoutFound | None:
        """Give what the gateway says, or None while it is away; what is about something else says nothing."""
        name = write_external_id(row.number, row.attempt)
        try:
            found = await self._tools.gateways[row.gateway].find_payout(name, row.task_id)
        except GatewayAway as away:
            self._tools.log.warning("payout.gateway_away", withdrawal=row.number, trouble=str(away)[:200])
            return None
        if found.external_id != name:
            self._tools.alarm("other_payout", withdrawal=row.number, external_id=found.external_id[:64])
            return _nothing(row)
        return found

    async def measure(self) -> None:
        """Write down how many withdrawals are under way, and since when."""
        figures = await count_states(self._tools.postgres)
        for state in _MEASURED:
            one = figures.get(state)
            metrics.STATES.labels(state=state.value).set(one.withdrawals if one else 0)
            metrics.STATES_KRW.labels(state=state.value).set(one.krw_amount if one else 0)
            metrics.OLDEST.labels(state=state.value).set(max(0.0, one.oldest_seconds) if one else 0)
        for coin in self._tools.coins.coins:
            sent = await sent_today(self._tools.postgres, coin, self._tools.time_zone)
            metrics.SENT_TODAY.labels(coin=coin).set(sent)


def _nothing(row: FollowedWithdrawal) -> PayoutFound:
    return PayoutFound(write_external_id(row.number, row.attempt), PayoutStage.CANNOT_SAY)

"""Sends approved withdrawals, each attempt once, and takes in what gateways say of them later.

The order is: price and screening; commit that this worker sends this amount as this attempt; call the
gateway, at once or not at all; commit what it said. What lies between two commits nobody else knows:
``payout_watch`` finds out, or a person does.
"""

from collections.abc import Awaitable
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Final

import trio
from attrs import evolve

from cardroom.service.errors import report_unforeseen
from cardroom.service.postgres import PostgresAway, PostgresRefused
from cardroom.service.redis import RedisAway
from cardroom.wire.refusals import Refusal
from wallet_worker.cashier import payout_metrics as metrics
from wallet_worker.cashier.payout_sender import PayoutSender
from wallet_worker.cashier.payout_steps import PayoutSteps, told_by
from wallet_worker.cashier.payout_tools import Fuse, PayoutTools
from wallet_worker.gateways.port import PayoutFound, WebhookRefused
from wallet_worker.rates.port import RateNow, RateSide, RateStopped, RateUnavailable
from wallet_worker.rules.coins import coins_for
from wallet_worker.rules.withdrawal_steps import State, judge_report, read_external_id
from wallet_worker.screening.port import Direction, Screened, ScreeningAway
from wallet_worker.store.claim_payout import Claim, NotNow, claim_payout, take_over
from wallet_worker.store.due_withdrawals import Due, take_due
from wallet_worker.store.end_payout import flag_screened
from wallet_worker.store.outside_payments import NoSuchWithdrawal
from wallet_worker.store.payer_standing import sent_today, why_not
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal, find_row, put_off

_SCREENED: Final = "screening"
_LOOKS: Final = 3
"""A message about a withdrawal that goes on meanwhile is judged again so often."""


class PayoutDesk:
    """Sends what is approved, at gateways that send by themselves. Several workers may."""

    def __init__(self, tools: PayoutTools) -> None:
        self._tools = tools
        self._steps = PayoutSteps(tools)
        self._sender = PayoutSender(tools)
        self._claims = count(1)

    async def run(self) -> None:
        """Send until cancelled; a gateway that is slow keeps no other waiting."""
        async with trio.open_nursery() as nursery:
            for gateway in self._tools.automatic:
                nursery.start_soon(self._run_for, gateway)

    async def _run_for(self, gateway: str) -> None:
        while True:
            try:
                await self.look(gateway)
            except (PostgresAway, PostgresRefused) as trouble:
                self._tools.log.warning("payouts.not_looked_at", gateway=gateway, trouble=str(trouble))
            await trio.sleep(self._tools.settings.poll_seconds)

    async def look(self, gateway: str) -> None:
        """Send what is due at a gateway, some at once, and wait for all of them."""
        await self._sender.write_rest()
        settings = self._tools.settings
        numbers = await take_due(
            self._tools.postgres,
            Due.SENDING,
            [gateway],
            seconds=settings.retry_seconds,
            at_most=settings.at_once,
        )
        async with trio.open_nursery() as nursery:
            for number in numbers:
                nursery.start_soon(self.try_to_send, number)

    async def try_to_send(self, number: int) -> None:
        """Send one withdrawal, or write down why it waits; a fault of ours is reported and harms no other."""
        try:
            await self._send(await find_row(self._tools.postgres, number))
        except (PostgresAway, PostgresRefused, RedisAway) as trouble:
            self._tools.log.warning("payout.put_off", withdrawal=number, trouble=str(trouble))
        except Exception as error:  # noqa: BLE001 (one job run)
            report_unforeseen(self._tools.log.bind(withdrawal=number), "payout", error)

    async def _send(self, row: FollowedWithdrawal) -> None:
        tools = self._tools
        try:
            rate = await self.prepare(row)
        except NotNow as not_now:
            await self._wait(row, not_now.reason)
            return
        claim = self.claim(row, rate, self._new_sender())
        fuse = self._new_fuse()
        claimed = await self._claim(row, claim)
        if isinstance(claimed, NotNow):
            metrics.WAITING.labels(reason=claimed.reason).inc()
            tools.log.info("payout.waits", withdrawal=row.number, reason=claimed.reason)
            return
        tools.tell(claimed)
        await self._sender.send(claimed, fuse)

    async def _claim(self, row: FollowedWithdrawal, claim: Claim) -> FollowedWithdrawal | NotNow:
        rules = self._tools.sending_rules(row.coin)
        try:
            return await claim_payout(self._tools.postgres, claim, rules, self._tools.link)
        except (PostgresAway, PostgresRefused) as away:
            trouble = away
        # It may be committed: nobody has sent it then, and nobody else can know.
        mine = evolve(row, state=State.SENDING, attempt=row.attempt + 1, sender=claim.sender)
        await self._sender.not_begun(mine)
        raise trouble

    async def send_again(self, seen: FollowedWithdrawal) -> bool:
        """Send the very same attempt once more, which a gateway that pays each once has never heard of.

        False where it is not sent now: its player, its coin or the day's cap stop it, or it has gone on.
        """
        tools = self._tools
        coin = tools.coins.coins.get(seen.coin)
        if coin is None or not coin.withdrawals_open:
            await self._wait(seen, Refusal.COIN_CLOSED.value)
            return False
        fuse = self._new_fuse()
        rules = tools.sending_rules(seen.coin)
        row = await take_over(tools.postgres, seen, self._new_sender(), rules, tools.link)
        if row is None:
            return False
        tools.tell(row)
        await self._sender.send(row, fuse, is_repeat=True)
        return True

    async def prepare(self, row: FollowedWithdrawal, *, is_rehearsal: bool = False) -> RateNow:
        """Do all that comes before a claim, and give the rate; raises ``NotNow``.

        What the claim decides is looked at first, so that what waits costs neither a price nor a screening.
        What the screening finds is written down as a flag, but for a rehearsal.
        """
        tools = self._tools
        coin = tools.coins.coins.get(row.coin)
        if coin is None or not coin.withdrawals_open:
            raise NotNow(Refusal.COIN_CLOSED.value)
        trouble = await why_not(tools.postgres, row.user_id, blocked_users=tools.blocked_users)
        if trouble is not None:
            raise NotNow(trouble)
        if (
            await sent_today(tools.postgres, row.coin, tools.time_zone) + row.krw_amount
            > coin.hot_wallet_daily
        ):
            raise NotNow("hot_wallet_cap")
        try:
            rate = await tools.rates.current(row.coin, RateSide.WITHDRAWAL)
        except RateStopped:
            raise NotNow(Refusal.RATE_STOPPED.value) from None
        except RateUnavailable:
            raise NotNow(Refusal.RATE_UNAVAILABLE.value) from None
        if _SCREENED not in row.flags:  # else two administrators have seen what was found, and approved
            await self._screen(row, coins_for(row.krw_amount, rate.rate), is_rehearsal=is_rehearsal)
        return rate

    def claim(self, row: FollowedWithdrawal, rate: RateNow, sender: str) -> Claim:
        """Give the claim of a sender at a rate."""
        good_until = rate.given_at + timedelta(seconds=self._tools.stale_seconds)
        return Claim(row.number, sender, rate.rate, partial(self._note, rate), good_until)

    async def report(self, gateway_name: str, found: PayoutFound) -> None:
        """Take in what a gateway's message says of a payout; may be repeated, come early or late.

        Raises ``WebhookRefused`` for a payout that is not this gateway's. A message against what is known
        alarms, and changes nothing; but what was about to be sent once more is not. Only a payment is
        believed at once: everything else makes the gateway be asked.
        """
        named = read_external_id(found.external_id)
        if named is None:
            raise WebhookRefused(Refusal.WEBHOOK_UNKNOWN, "no payout of this house")
        number, attempt = named
        for _ in range(_LOOKS):
            try:
                row = await find_row(self._tools.postgres, number)
            except NoSuchWithdrawal:
                raise WebhookRefused(Refusal.WEBHOOK_UNKNOWN, "no such payout") from None
            if row.gateway != gateway_name:
                self._tools.alarm("other_gateway", withdrawal=number, gateway=gateway_name)
                raise WebhookRefused(Refusal.WEBHOOK_UNKNOWN, "a payout of another gateway")
            known = row.standing(self._tools.settings.person_seconds)
            told = told_by(found, attempt, row)
            if await self._steps.take(row, told, judge_report(known, told)):
                return
        raise PostgresAway("the withdrawal goes on too quickly")

    async def _screen(self, row: FollowedWithdrawal, coin_amount: int, *, is_rehearsal: bool) -> None:
        tools = self._tools
        payment = Screened(Direction.OUT, row.coin, row.address, coin_amount, row.user_id)
        try:
            verdict = await tools.screening.check(payment)
        except ScreeningAway:
            raise NotNow("screening_away") from None
        if verdict.reason is not None and is_rehearsal:
            raise NotNow(Refusal.SCREENING_HIT.value)
        if verdict.reason is not None:
            flagged = await flag_screened(tools.postgres, row.number, verdict.reason, tools.link)
            if flagged is not None:
                tools.tell(flagged)
            raise NotNow(Refusal.SCREENING_HIT.value)

    async def _wait(self, row: FollowedWithdrawal, reason: str) -> None:
        metrics.WAITING.labels(reason=reason).inc()
        self._tools.log.info("payout.waits", withdrawal=row.number, reason=reason)
        async with self._tools.postgres.transaction() as transaction:
            await put_off(transaction, row, reason, self._tools.settings.retry_seconds)

    def _note(self, rate: RateNow, transaction: object) -> Awaitable[None]:
        return self._tools.note_used(transaction, rate)  # type: ignore[arg-type]

    def _new_sender(self) -> str:
        """Give a name that no other claim has: what one certainly did not send says nothing of another."""
        return f"{self._tools.name}#{next(self._claims)}"

    def _new_fuse(self) -> Fuse:
        return Fuse(self._tools.settings.begin_seconds, self._tools.clocks)

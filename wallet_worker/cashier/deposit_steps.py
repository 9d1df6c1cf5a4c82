"""The next step of a deposit: ask for news of it, or check, convert and credit it.

Outside services are asked before anything is written, and nothing of the database is held meanwhile. What is
then written is decided on the row as it is then: if it has moved on, what was found here means nothing.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from wallet_worker.cashier import deposit_metrics, metrics
from wallet_worker.cashier.deposits import DepositDesk, DepositTools
from wallet_worker.gateways.port import DepositTold, Gateway, GatewayAway, WebhookRefused
from wallet_worker.payment_settings import CoinSettings
from wallet_worker.rates.port import RateNow, RateSide, RateStopped, RateUnavailable
from wallet_worker.rules.chain_deposit import (
    CHANGED,
    LOOK_UP_DIFFERS,
    REVERSED,
    TOO_LARGE,
    TOO_SMALL,
    ChainDeposit,
    ChainState,
    Told,
    compare,
    give_up,
    raise_alarm,
    refuse,
    retry_delay,
    review,
    wait,
)
from wallet_worker.rules.coins import read_coins
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.screening.port import Direction, Screened, ScreeningAway
from wallet_worker.store.chain_deposits import put_off_at
from wallet_worker.store.credit_deposit import Conversion, Credit, credit_chain_deposit
from wallet_worker.store.deposit_addresses import DepositAddress, find_at
from wallet_worker.store.house_transfer import KeyReused
from wallet_worker.store.read_deposits import list_booked_at

AWAY: Final = "unavailable"
RATE_STOPPED: Final = "rate_stopped"
RATE_UNAVAILABLE: Final = "rate_unavailable"
SCREENING_HIT: Final = "screening_hit"

_MOST_BOOKED: Final = 200

Rule = Callable[[ChainDeposit], ChainDeposit]


class DepositSteps:
    """Takes deposits further, one step a call."""

    def __init__(self, desk: DepositDesk) -> None:
        self._desk = desk
        self._tools: DepositTools = desk.tools

    async def follow(self, deposit: ChainDeposit) -> None:
        """Do what is to be done next with a deposit that is confirming or confirmed. May be repeated."""
        if deposit.state is ChainState.CONFIRMING:
            await self._ask_for_news(deposit)
        elif deposit.state is ChainState.CONFIRMED:
            obstacle = await self._find_obstacle(deposit)
            found = obstacle or await self._find_rate(deposit)
            if isinstance(found, RateNow):
                await self._credit(deposit, found)
            else:
                await self._desk.change(deposit.number, _where_unchanged(deposit, found))

    async def look_at(self, address: DepositAddress) -> None:
        """Ask a gateway what came to an address; what it has lost again raises the alarm.

        Raises ``GatewayAway``.
        """
        assert address.address is not None, "only addresses that are given are looked at"
        gateway = self._tools.gateways[address.gateway]
        listed = await gateway.list_deposits(address.coin, address.address)
        await self._desk.take_record(address.gateway, listed)
        known = {heard.tx_hash.lower().removeprefix("0x") for heard in listed}
        seconds = self._tools.settings.gone_seconds
        for one in await list_booked_at(
            self._tools.postgres, address.coin, address.address, seconds, _MOST_BOOKED
        ):
            if one.gateway == address.gateway and one.tx_hash not in known:
                await self._check_missing(one, gateway)

    async def _check_missing(self, deposit: ChainDeposit, gateway: Gateway) -> None:
        found = await gateway.look_up(await self._as_told(deposit))
        if found is None or found.confirmations < deposit.needed:
            await self._desk.change(deposit.number, lambda one: raise_alarm(one, REVERSED))

    async def _ask_for_news(self, deposit: ChainDeposit) -> None:
        gateway = self._tools.gateways.get(deposit.gateway)
        reason = None
        if gateway is None:
            reason = AWAY
        elif gateway.looks_up_deposits:
            try:
                listed = await gateway.list_deposits(deposit.coin, deposit.address)
                await self._desk.take_record(deposit.gateway, listed)
            except GatewayAway:
                reason = AWAY
            seconds = retry_delay(deposit.tries + 1, self._tools.settings.retry_seconds)
            await put_off_at(self._tools.postgres, deposit.coin, deposit.address, seconds)
        await self._desk.change(deposit.number, partial(self._after_news, reason))

    def _after_news(self, reason: str | None, deposit: ChainDeposit) -> ChainDeposit:
        if deposit.state is not ChainState.CONFIRMING:
            return deposit
        waiting = wait(deposit, reason)
        return waiting if reason is not None else self._or_gone(waiting)

    def _or_gone(self, deposit: ChainDeposit) -> ChainDeposit:
        idle = self._tools.clock() - deposit.told_unix
        return give_up(deposit, idle, self._tools.settings.gone_seconds)

    async def _find_obstacle(self, deposit: ChainDeposit) -> Rule | None:
        """Give what is to be done instead of crediting; None where nothing is in the way.

        What a person has cleared is looked up all the same: the chain may have taken it back meanwhile. Dust
        comes last, so that what a person clears over its size has passed everything else.
        """
        gateway = self._tools.gateways.get(deposit.gateway)
        if deposit.is_cleared:
            return None if gateway is None else await self._look_up(deposit, gateway)
        if gateway is None:
            return partial(_wait_for, AWAY)
        found = await self._screen(deposit) or await self._look_up(deposit, gateway)
        coin = self._tools.book.coins.get(deposit.coin)
        if found is None and coin is not None and _is_dust(deposit, coin):
            return _refuse_small
        return found

    async def _look_up(self, deposit: ChainDeposit, gateway: Gateway) -> Rule | None:
        if not gateway.looks_up_deposits:
            return None
        try:
            told = await gateway.look_up(await self._as_told(deposit))
        except GatewayAway:
            return partial(_wait_for, AWAY)
        try:
            found = None if told is None else self._desk.read_told(told, int(self._tools.clock()))
        except WebhookRefused:
            return None if deposit.is_cleared else partial(_review_over, LOOK_UP_DIFFERS)
        if compare(deposit, found) == deposit:
            return None
        return partial(self._after_look_up, found)

    def _after_look_up(self, found: Told | None, deposit: ChainDeposit) -> ChainDeposit:
        return self._or_gone(compare(deposit, found))

    async def _screen(self, deposit: ChainDeposit) -> Rule | None:
        payment = Screened(
            direction=Direction.IN,
            coin=deposit.coin,
            address=deposit.address,
            coin_amount=deposit.coin_amount,
            user_id=deposit.user_id,
            tx_hash=deposit.tx_hash,
            originator=deposit.originator.get("address"),
        )
        try:
            verdict = await self._tools.screening.check(payment)
        except ScreeningAway:
            return partial(_wait_for, AWAY)
        if verdict.is_clear:
            return None
        self._tools.log.warning(
            "deposit.screening_hit", deposit=deposit.number, user_id=deposit.user_id, found=verdict.reason
        )
        return partial(_review_over, f"{SCREENING_HIT}: {verdict.reason}")

    async def _find_rate(self, deposit: ChainDeposit) -> RateNow | Rule:
        try:
            return await self._tools.rates.current(deposit.coin, RateSide.DEPOSIT)
        except RateStopped:
            return partial(_wait_for, RATE_STOPPED)
        except RateUnavailable:
            return partial(_wait_for, RATE_UNAVAILABLE)

    async def _credit(self, deposit: ChainDeposit, rate: RateNow) -> None:
        tools = self._tools
        conversion = Conversion(rate.rate, lambda transaction: tools.note_used(transaction, rate))
        try:
            credit = await credit_chain_deposit(
                tools.postgres, deposit.number, conversion, tools.link, tools.protection
            )
        except Denied as denied:
            small = denied.denial is Denial.AMOUNT_TOO_SMALL
            await self._desk.change(
                deposit.number,
                _where_unchanged(deposit, _refuse_small if small else partial(_review_over, TOO_LARGE)),
            )
        except KeyReused as contradiction:
            metrics.CONTRADICTIONS.labels(kind="crypto_deposit").inc()
            tools.log.error(  # noqa: TRY400 (a fact about money, no bug of ours)
                "cashier.contradiction", deposit=deposit.number, trouble=repr(contradiction)
            )
            await self._desk.change(deposit.number, _where_unchanged(deposit, _review_contradiction))
        else:
            await self._tell_credit(credit)

    async def _tell_credit(self, credit: Credit) -> None:
        if credit.answer is None:
            return
        after = credit.change.after
        if after.state is ChainState.CREDITED:
            metrics.MOVED.labels(kind="crypto_deposit").inc()
            deposit_metrics.CREDITED.labels(after.coin).inc()
        else:
            metrics.HELD.inc()
        await self._desk.tell(credit.change, credit.answer["krw_amount"])

    async def _as_told(self, deposit: ChainDeposit) -> DepositTold:
        external_id = deposit.external_id
        if external_id is None:
            at_address = await find_at(self._tools.postgres, deposit.address)
            mine = [one for one in at_address if (one.coin, one.gateway) == (deposit.coin, deposit.gateway)]
            external_id = mine[0].external_id if mine else None
        return DepositTold(
            coin=deposit.coin,
            tx_hash=deposit.tx_hash,
            output_number=deposit.output_number,
            address=deposit.address,
            coin_amount=deposit.coin_amount,
            confirmations=deposit.confirmations,
            external_id=external_id,
        )


def _where_unchanged(seen: ChainDeposit, rule: Rule) -> Rule:
    """Apply a rule only to a deposit that is still as far, and as cleared, as when it was looked at."""

    def guarded(deposit: ChainDeposit) -> ChainDeposit:
        is_same = (deposit.state, deposit.is_cleared) == (seen.state, seen.is_cleared)
        return rule(deposit) if is_same else deposit

    return guarded


def _is_dust(deposit: ChainDeposit, coin: CoinSettings) -> bool:
    smallest = read_coins(coin.smallest_deposit, deposit.coin_scale)
    assert smallest is not None, "the start has read the coins"
    return deposit.coin_amount < smallest


def _wait_for(reason: str, deposit: ChainDeposit) -> ChainDeposit:
    return wait(deposit, reason)


def _review_over(reason: str, deposit: ChainDeposit) -> ChainDeposit:
    return review(deposit, reason)


def _refuse_small(deposit: ChainDeposit) -> ChainDeposit:
    return refuse(deposit, TOO_SMALL)


def _review_contradiction(deposit: ChainDeposit) -> ChainDeposit:
    return review(raise_alarm(deposit, CHANGED), CHANGED)

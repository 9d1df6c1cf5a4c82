"""Looks at deposits that are due and at addresses, again and again; any number of workers may at once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import trio

from cardroom.service.errors import report_unforeseen
from cardroom.service.postgres import PostgresAway, PostgresRefused
from wallet_worker.cashier import deposit_metrics
from wallet_worker.cashier.deposit_steps import DepositSteps
from wallet_worker.cashier.deposits import DepositDesk
from wallet_worker.gateways.port import GatewayAway
from wallet_worker.rules.chain_deposit import LEAST_LOOK_SECONDS, MOST_LOOK_SECONDS, ChainDeposit, ChainState
from wallet_worker.store.chain_deposits import claim_due, count_waiting, renew_claims
from wallet_worker.store.deposit_addresses import DepositAddress, claim_looks, look_again

_CLAIM_SECONDS: Final = 30.0
"""A worker that dies leaves its deposits for so long. A step that takes longer keeps its claim."""
_RENEW_SECONDS: Final = 10.0

_MOST_ROUNDS: Final = 20
_COUNT_SECONDS: Final = 15.0


class DepositLoop:
    """Takes deposits further, asks gateways what came to addresses, and measures what waits."""

    def __init__(self, desk: DepositDesk) -> None:
        self._tools = desk.tools
        self._steps = DepositSteps(desk)

    async def run(self) -> None:
        """Look until cancelled."""
        seconds = self._tools.settings.poll_seconds
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._again_and_again, self.follow_due, seconds)
            nursery.start_soon(self._again_and_again, self.look_at_addresses, seconds)
            nursery.start_soon(self._again_and_again, self.measure, _COUNT_SECONDS)

    async def follow_due(self) -> None:
        """Take each deposit that is due a step further."""
        for _ in range(_MOST_ROUNDS):
            due = await claim_due(self._tools.postgres, self._tools.settings.at_once, _CLAIM_SECONDS)
            await self._follow_all(due)
            if len(due) < self._tools.settings.at_once:
                return

    async def look_at_addresses(self) -> None:
        """Ask what came to the addresses whose time it is, of gateways that can say it; few at once.

        None waits for another gateway's, and one that is away is not asked for all of its addresses.
        """
        async with trio.open_nursery() as nursery:
            for name, gateway in self._tools.gateways.items():
                if gateway.looks_up_deposits:
                    nursery.start_soon(self._look_at_all_of, name)

    async def _look_at_all_of(self, gateway: str) -> None:
        try:
            await self._look_at_addresses_of(gateway)
        except (PostgresAway, PostgresRefused) as trouble:
            self._tools.log.warning("deposits.not_looked_at", gateway=gateway, trouble=str(trouble))

    async def _look_at_addresses_of(self, gateway: str) -> None:
        at_once = self._tools.settings.at_once
        for _ in range(_MOST_ROUNDS):
            due = await claim_looks(
                self._tools.postgres, gateway, at_once, LEAST_LOOK_SECONDS, MOST_LOOK_SECONDS
            )
            answered: list[DepositAddress] = []
            async with trio.open_nursery() as nursery:
                for address in due:
                    nursery.start_soon(self._look_at, address, answered)
            if len(due) < at_once or not answered:
                return

    async def measure(self) -> None:
        """Measure how many deposits wait, why, and for how long."""
        deposit_metrics.WAITING.clear()
        deposit_metrics.OLDEST_SECONDS.clear()
        oldest: dict[str, int] = {}
        for one in await count_waiting(self._tools.postgres):
            deposit_metrics.WAITING.labels(one.state.value, one.reason).set(one.number)
            oldest[one.state.value] = max(oldest.get(one.state.value, 0), one.oldest_seconds)
        for state, seconds in oldest.items():
            deposit_metrics.OLDEST_SECONDS.labels(state).set(seconds)

    async def _follow_all(self, due: Sequence[ChainDeposit]) -> None:
        in_hand = {deposit.number for deposit in due}
        async with trio.open_nursery() as keeping:
            keeping.start_soon(self._keep_claims, in_hand)
            async with trio.open_nursery() as nursery:
                for deposit in _one_of_each_address(due):
                    nursery.start_soon(self._follow, deposit, in_hand)
            keeping.cancel_scope.cancel()

    async def _keep_claims(self, in_hand: set[int]) -> None:
        """Renew the claims on what is in hand; where that fails, another worker does the same twice."""
        while True:
            await trio.sleep(_RENEW_SECONDS)
            try:
                await renew_claims(self._tools.postgres, sorted(in_hand), _CLAIM_SECONDS)
            except (PostgresAway, PostgresRefused) as trouble:
                self._tools.log.warning("deposits.not_claimed_on", trouble=str(trouble))

    async def _follow(self, deposit: ChainDeposit, in_hand: set[int]) -> None:
        """Take one a step further; what goes wrong with it leaves the others alone, and it is due again."""
        try:
            await self._steps.follow(deposit)
        except (PostgresAway, PostgresRefused) as trouble:
            self._note("deposit", trouble, deposit.number)
        except Exception as error:  # noqa: BLE001 (the border of one deposit's step)
            deposit_metrics.TROUBLE.labels("deposit").inc()
            report_unforeseen(self._tools.log.bind(deposit=deposit.number), "deposit", error)
        in_hand.discard(deposit.number)

    async def _look_at(self, address: DepositAddress, answered: list[DepositAddress]) -> None:
        try:
            if await self._look_or_again(address):
                answered.append(address)
        except (PostgresAway, PostgresRefused) as trouble:
            self._note("address", trouble, address.number)
        except Exception as error:  # noqa: BLE001 (the border of one look at an address)
            deposit_metrics.TROUBLE.labels("address").inc()
            report_unforeseen(self._tools.log.bind(address=address.number), "deposit_address", error)

    async def _look_or_again(self, address: DepositAddress) -> bool:
        """Say whether the gateway answered."""
        try:
            await self._steps.look_at(address)
        except GatewayAway as trouble:
            self._note("address", trouble, address.number)
            await look_again(self._tools.postgres, address, LEAST_LOOK_SECONDS)
            return False
        return True

    def _note(self, of: str, trouble: Exception, number: int) -> None:
        deposit_metrics.TROUBLE.labels(of).inc()
        self._tools.log.warning("deposits.not_looked_at", of=of, number=number, trouble=str(trouble))

    async def _again_and_again(self, look: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            try:
                await look()
            except (PostgresAway, PostgresRefused) as trouble:
                self._tools.log.warning("deposits.not_looked_at", trouble=str(trouble))
            await trio.sleep(seconds)


def _one_of_each_address(due: Sequence[ChainDeposit]) -> list[ChainDeposit]:
    """Leave out what is confirming at an address that is asked about for another one: the news are of all.

    Otherwise who sends a thousand small payments has the gateway asked for all of them a thousand times.
    """
    first = {
        (one.gateway, one.coin, one.address): one.number
        for one in reversed(due)
        if one.state is ChainState.CONFIRMING
    }
    return [
        one
        for one in due
        if one.state is not ChainState.CONFIRMING or first[one.gateway, one.coin, one.address] == one.number
    ]

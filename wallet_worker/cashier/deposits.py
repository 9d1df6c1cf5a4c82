"""Deposits on their way: heard of from gateways, looked at again, credited.

Everything may be repeated, by any worker, at any time: what decides is the deposit's row, locked. Nothing
here keeps state.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from attrs import evolve, field, frozen

from cardroom.money import Krw
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused, Transaction
from cardroom.service.protection import ProtectionSettings
from cardroom.wire.notices import DepositNotice, DepositState
from cardroom.wire.refusals import Refusal
from wallet_worker.cashier import deposit_metrics
from wallet_worker.cashier.notices import NoticeBoard
from wallet_worker.gateways.port import DepositTold, Gateway, WebhookRefused
from wallet_worker.payment_settings import CoinBook, DepositSettings
from wallet_worker.rates.port import RateDesk, RateNow
from wallet_worker.rules.addresses import read_address
from wallet_worker.rules.chain_deposit import ChainDeposit, ChainState, Told
from wallet_worker.rules.coins import COINS, read_tx_hash, write_coins
from wallet_worker.screening.port import Screening
from wallet_worker.store.chain_deposits import Change, change_deposit
from wallet_worker.store.hear_deposits import Heard, Teller, hear_deposits
from wallet_worker.store.read_balance import read_balance
from wallet_worker.store.read_deposits import find_of_payment
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.webhook_deliveries import Replayed

_AT_A_TIME: Final = 500
"""So many outputs of a record are written in one transaction; a message has no more than its size allows."""

_LARGEST: Final = 10**37


@frozen
class DepositTools:
    """What deposits are worked with.

    ``note_used`` writes down, in the booking transaction, the price that was used.
    """

    postgres: Postgres
    link: Link = field(repr=False)
    log: Log
    gateways: Mapping[str, Gateway]
    book: CoinBook
    rates: RateDesk
    screening: Screening
    board: NoticeBoard
    note_used: Callable[[Transaction, RateNow], Awaitable[None]]
    settings: DepositSettings = field(factory=DepositSettings)
    protection: ProtectionSettings = field(factory=ProtectionSettings)
    clock: Callable[[], float] = time.time
    """Seconds since 1970; compared with gateways' time stamps."""


@frozen
class Delivery:
    """A message whose signature was right. ``told_unix`` is its time stamp."""

    gateway: str
    digest: bytes
    told_unix: int


class DepositDesk:
    """Hears of deposits, and tells players of them after each step."""

    def __init__(self, tools: DepositTools) -> None:
        self.tools = tools
        self._scales = {symbol: COINS[symbol] for symbol in tools.book.coins}

    async def take_message(self, delivery: Delivery, told: Sequence[DepositTold]) -> None:
        """Take in a gateway's message, once: the row and the message are one transaction.

        Raises ``WebhookRefused`` for the first of what is refused; the rest of the message counts.
        """
        gateway = self.tools.gateways.get(delivery.gateway)
        teller = Teller(
            gateway=delivery.gateway,
            digest=delivery.digest,
            is_proof=gateway is None or not gateway.looks_up_deposits,
            retry_seconds=self.tools.settings.retry_seconds,
        )
        read, refused = self._read_all(told, delivery.told_unix)
        try:
            heard = await hear_deposits(self.tools.postgres, teller, read)
        except Replayed:
            raise WebhookRefused(Refusal.WEBHOOK_REPLAYED, "taken before") from None
        await self._tell_heard(delivery.gateway, heard)
        refused += [WebhookRefused(one.refusal, one.told.tx_hash) for one in heard if one.refusal]
        if refused:
            raise refused[0]

    async def take_record(self, gateway: str, told: Sequence[DepositTold]) -> list[Heard]:
        """Take in what a gateway's own record says, which makes good what a lost message would have said."""
        teller = Teller(gateway, digest=None, is_proof=True, retry_seconds=self.tools.settings.retry_seconds)
        read, refused = self._read_all(told, int(self.tools.clock()))
        heard: list[Heard] = []
        for first in range(0, len(read), _AT_A_TIME):
            part = read[first : first + _AT_A_TIME]
            heard += await hear_deposits(self.tools.postgres, teller, part)
        await self._tell_heard(gateway, heard)
        for one in refused:
            self.tools.log.error("deposit.record_not_read", gateway=gateway, code=one.code.value)
        return heard

    async def change(self, number: int, rule: Callable[[ChainDeposit], ChainDeposit]) -> Change:
        """Do to a deposit what a rule says, and tell the player if that is news."""
        retry_seconds = self.tools.settings.retry_seconds
        change = await change_deposit(self.tools.postgres, number, rule, retry_seconds)
        await self.tell(change)
        return change

    async def tell(self, change: Change, krw_amount: int | None = None) -> None:
        """Log what has changed, count alarms, and tell the player; nothing is told twice over nothing new."""
        before, after = change.before, change.after
        if before == after:
            return
        self._note(before, after)
        news = _news(after)
        if before is not None and before.user_id is not None and news == _news(before):
            return
        if after.user_id is not None and after.state is not ChainState.UNMATCHED:
            self.tools.board.tell(after.user_id, await self._notice(after, krw_amount))

    async def tell_credited(self, payment_id: int) -> None:
        """Tell a player that what was held is credited now; nothing for a deposit that no gateway told of.

        It is booked already: with the database away nobody is told, and nothing is raised.
        """
        try:
            shown = await find_of_payment(self.tools.postgres, payment_id)
        except (PostgresAway, PostgresRefused) as trouble:
            self.tools.log.warning("deposit.not_told", payment=payment_id, trouble=str(trouble))
            return
        if shown is not None and shown.deposit.user_id is not None:
            deposit_metrics.CREDITED.labels(shown.deposit.coin).inc()
            notice = await self._notice(shown.deposit, shown.krw_amount)
            self.tools.board.tell(shown.deposit.user_id, notice)

    def read_told(self, told: DepositTold, told_unix: int) -> Told:
        """Write what a gateway tells the one way; raises ``WebhookRefused``.

        Refused: a coin that the house does not take, an address of another network or kind, what is no hash
        or amount.
        """
        coin = self.tools.book.coins.get(told.coin)
        tx_hash = read_tx_hash(told.tx_hash)
        if coin is None:
            raise WebhookRefused(Refusal.WRONG_COIN, told.coin[:16])
        if tx_hash is None or not 0 < told.coin_amount < _LARGEST or told.confirmations < 0:
            raise WebhookRefused(Refusal.MALFORMED, "no transaction, or no amount")
        address = read_address(told.address, told.coin, self.tools.book.network.value)
        if address is None:
            raise WebhookRefused(Refusal.WRONG_ADDRESS, told.address[:128])
        return Told(
            coin=told.coin,
            tx_hash=tx_hash,
            output_number=told.output_number,
            address=address,
            coin_amount=told.coin_amount,
            coin_scale=self._scales[told.coin],
            confirmations=min(told.confirmations, 2**31 - 1),
            needed=coin.confirmations,
            told_unix=told_unix,
            external_id=told.external_id,
            tells_depth=told.tells_depth,
            originator=told.originator,
        )

    def _without_depth(self, told: Told) -> Told:
        """Let what tells no depth confirm nothing, and be older than any message that is still believed."""
        if told.tells_depth:
            return told
        seconds = self.tools.settings.webhook_seconds
        return evolve(told, confirmations=0, told_unix=told.told_unix - seconds)

    def _read_all(
        self, told: Sequence[DepositTold], told_unix: int
    ) -> tuple[list[Told], list[WebhookRefused]]:
        read: list[Told] = []
        refused: list[WebhookRefused] = []
        for one in told:
            try:
                read.append(self._without_depth(self.read_told(one, told_unix)))
            except WebhookRefused as refusal:
                refused.append(refusal)
        return read, refused

    async def _tell_heard(self, gateway: str, heard: Sequence[Heard]) -> None:
        for one in heard:
            if one.change is not None:
                await self.tell(one.change)
            if one.refusal is not None:
                self.tools.log.warning(
                    "deposit.refused",
                    code=one.refusal.value,
                    gateway=gateway,
                    coin=one.told.coin,
                    tx_hash=one.told.tx_hash,
                    address=one.told.address,
                    coin_amount=one.told.coin_amount,
                )

    def _note(self, before: ChainDeposit | None, after: ChainDeposit) -> None:
        facts: dict[str, Any] = {
            "deposit": after.number,
            "coin": after.coin,
            "tx_hash": after.tx_hash,
            "output": after.output_number,
            "user_id": after.user_id,
            "state": after.state.value,
        }
        if before is None or before.state is not after.state:
            self.tools.log.info("deposit.state", reason=after.reason, **facts)
        if after.alarm is not None and (before is None or before.alarm != after.alarm):
            newest = after.alarm.rpartition(",")[2]
            deposit_metrics.ALARMS.labels(newest).inc()
            self.tools.log.error("deposit.alarm", alarm=newest, **facts)

    async def _notice(self, deposit: ChainDeposit, krw_amount: int | None) -> DepositNotice:
        balance = None
        if deposit.state is ChainState.CREDITED and deposit.user_id is not None:
            with suppress(PostgresAway, PostgresRefused):  # it is booked: what else there is to tell is told
                balance = (await read_balance(self.tools.postgres, deposit.user_id)).wallet
        return DepositNotice(
            deposit=deposit.number,
            coin=deposit.coin,
            coin_amount=write_coins(deposit.coin_amount, deposit.coin_scale),
            state=DepositState(deposit.state.value),
            confirmations=deposit.confirmations,
            needed=deposit.needed,
            krw_amount=None if krw_amount is None else Krw(krw_amount),
            reason=deposit.reason_for_player,
            krw_balance=balance,
        )


def _news(deposit: ChainDeposit) -> tuple[ChainState, int, str | None]:
    """Give what a player would be told of a deposit."""
    return (deposit.state, deposit.confirmations, deposit.reason_for_player)

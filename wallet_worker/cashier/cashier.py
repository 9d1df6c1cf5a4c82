"""The cashier: each move of outside money, with the alert that a contradiction needs.

Every call may be repeated: what was done is answered again. A contradiction changes nothing; it is logged as
an error and counted, because it means that coins and won do not tell the same.
"""

from collections.abc import Awaitable
from typing import Any, Final

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.service.protection import ProtectionSettings
from wallet_worker.cashier import metrics
from wallet_worker.rules.denials import BooksDisagree
from wallet_worker.rules.deposit import Deposit
from wallet_worker.rules.rakeback import Rakeback
from wallet_worker.rules.withdrawal import Payout, PayoutDiffers, WithdrawalEnded
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.book_payout import book_payout
from wallet_worker.store.hold_for_withdrawal import WithdrawalRequest, hold_for_withdrawal
from wallet_worker.store.house_transfer import KeyReused
from wallet_worker.store.pay_rakeback import pay_rakeback
from wallet_worker.store.release_held import release_held
from wallet_worker.store.seal_batch import Link

Answer = dict[str, Any]

_CONTRADICTIONS: Final = (KeyReused, PayoutDiffers, WithdrawalEnded, BooksDisagree)


class Cashier:
    """Moves outside money; what each call refuses stands with the function of the store that it calls."""

    def __init__(
        self, postgres: Postgres, link: Link, log: Log, protection: ProtectionSettings | None = None
    ) -> None:
        self._postgres = postgres
        self._protection = protection or ProtectionSettings()
        self._link = link
        self._log = log

    async def credit_deposit(self, deposit: Deposit) -> Answer:
        """Credit a deposit, once for ever; a deposit that differs from what was booked alerts.

        One over the player's limit is held (``held`` in the answer), for an administrator or a later day.
        """
        facts = {"coin": deposit.coin, "tx_hash": deposit.tx_hash, "output": deposit.output_number}
        work = book_deposit(self._postgres, deposit, self._link, self._protection)
        answer = await self._move("crypto_deposit", work, facts)
        if "held" in answer:
            metrics.HELD.inc()
            self._log.warning("cashier.deposit_held", user_id=deposit.user_id, reason=answer["held"], **facts)
        return answer

    async def hold_withdrawal(self, asked: WithdrawalRequest) -> Answer:
        """Hold the amount of a withdrawal. A key used for another is the player's mistake: no alert."""
        answer = await hold_for_withdrawal(self._postgres, asked, self._link)
        metrics.MOVED.labels(kind="withdrawal_hold").inc()
        return answer

    async def release_withdrawal(self, number: int, reason: str) -> Answer:
        """Give a held amount back; where it was paid already, refused without an alert."""
        answer = await release_held(self._postgres, number, reason, self._link)
        metrics.MOVED.labels(kind="withdrawal_release").inc()
        return answer

    async def book_payout(self, number: int, payout: Payout) -> Answer:
        """Book a withdrawal that was sent; coins that were sent and cannot be booked alert."""
        facts = {"withdrawal": number, "tx_hash": payout.tx_hash}
        work = book_payout(self._postgres, number, payout, self._link)
        return await self._move("crypto_withdrawal", work, facts)

    async def give_rakeback(self, rakeback: Rakeback) -> Answer:
        """Give a week's rakeback, once; another amount for a week that is paid alerts."""
        facts = {"user_id": rakeback.user_id, "week": rakeback.monday.isoformat()}
        return await self._move("rakeback", pay_rakeback(self._postgres, rakeback, self._link), facts)

    async def _move(self, kind: str, work: Awaitable[Answer], facts: dict[str, Any]) -> Answer:
        try:
            answer = await work
        except _CONTRADICTIONS as contradiction:
            metrics.CONTRADICTIONS.labels(kind=kind).inc()
            self._log.error("cashier.contradiction", kind=kind, trouble=repr(contradiction), **facts)
            raise
        if "held" not in answer:
            metrics.MOVED.labels(kind=kind).inc()
        return answer

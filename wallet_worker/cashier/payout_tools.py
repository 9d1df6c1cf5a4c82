"""What sending works with, how players and operators hear of it, and how long ago something began."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, Transaction
from cardroom.wire.notices import WithdrawalNotice, WithdrawalState
from wallet_worker.cashier import payout_metrics as metrics
from wallet_worker.cashier.notices import NoticeBoard
from wallet_worker.gateways.port import Gateway
from wallet_worker.payment_settings import CoinBook, PayoutSettings
from wallet_worker.rates.port import RateDesk, RateNow
from wallet_worker.rules.coins import write_coins
from wallet_worker.rules.withdrawal_steps import Contradiction, State
from wallet_worker.screening.port import Screening
from wallet_worker.store.claim_payout import SendingRules
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal

NoteUsed = Callable[[Transaction, RateNow], Awaitable[None]]
"""Writes down, in the transaction that uses it, which price was used."""

_MONEY_IS_BACK: Final = (State.FAILED, State.REJECTED)

_CLOCKS: Final = (time.CLOCK_MONOTONIC, time.CLOCK_REALTIME, time.CLOCK_BOOTTIME)


def read_clocks() -> Sequence[float]:
    """Give the time by every clock: one or another stands still while a process or its machine sleeps."""
    return [time.clock_gettime(clock) for clock in _CLOCKS]


class Fuse:
    """Says whether so much time has gone by since it was made, by any clock; one that went back says yes."""

    def __init__(self, seconds: float, clocks: Callable[[], Sequence[float]] = read_clocks) -> None:
        self._seconds = seconds
        self._clocks = clocks
        self._began = clocks()

    @property
    def is_out(self) -> bool:
        """Whether it is too late."""
        passed = [now - then for then, now in zip(self._began, self._clocks(), strict=True)]
        return max(passed) >= self._seconds or min(passed) < 0


@frozen
class PayoutTools:
    """Everything that approving, sending and following a payout needs.

    ``name`` is this start of a worker; ``gateways`` are by the names of the settings.
    """

    postgres: Postgres
    link: Link = field(repr=False)
    gateways: Mapping[str, Gateway]
    coins: CoinBook
    rates: RateDesk
    screening: Screening
    board: NoticeBoard
    note_used: NoteUsed
    settings: PayoutSettings
    time_zone: str
    name: str
    log: Log
    blocked_users: bool = True
    stale_seconds: float = 600.0
    """An older price is not used; it may have got old between the price and the claim."""
    clocks: Callable[[], Sequence[float]] = read_clocks

    @property
    def automatic(self) -> list[str]:
        """The gateways that send by themselves."""
        return sorted(name for name, gateway in self.gateways.items() if not gateway.is_manual)

    def sending_rules(self, coin: str) -> SendingRules:
        """Give what holds for a coin."""
        return SendingRules(
            self.coins.coins[coin].hot_wallet_daily,
            self.time_zone,
            self.settings.doubtful_seconds,
            self.settings.retry_seconds,
            self.blocked_users,
        )

    def tell(self, row: FollowedWithdrawal, **facts: Any) -> None:
        """Tell the player and the log how far a withdrawal has come; after the commit."""
        metrics.STEPS.labels(to=row.state.value).inc()
        self.log.info(
            "withdrawal.step", to=row.state.value, withdrawal=row.number, user_id=row.user_id, coin=row.coin,
            krw_amount=row.krw_amount, attempt=row.attempt, reason=row.reason, tx_hash=row.tx_hash, **facts,
        )  # fmt: skip
        self.board.tell(row.user_id, notice_of(row))

    def alarm(self, what: Contradiction | str, **facts: Any) -> None:
        """Tell operators of a contradiction."""
        kind = what if isinstance(what, str) else what.value
        metrics.CONTRADICTIONS.labels(kind=kind).inc()
        self.log.error("payout.contradiction", kind=kind, **facts)


def notice_of(row: FollowedWithdrawal) -> WithdrawalNotice:
    """Give what a player hears of a withdrawal; why administrators look at it is not the player's."""
    is_fixed = row.coin_amount is not None and row.rate is not None
    return WithdrawalNotice(
        withdrawal=row.number,
        coin=row.coin,
        state=WithdrawalState(row.state.value),
        krw_amount=row.krw_amount,
        coin_amount=write_coins(row.coin_amount, row.rate.scale) if is_fixed else None,  # type: ignore[arg-type,union-attr]
        tx_hash=row.tx_hash,
        reason=row.reason if row.state is State.FAILED else None,
        krw_balance=row.wallet if row.state in _MONEY_IS_BACK else None,
    )

"""Calls the gateway for an attempt that is this worker's to send, and writes down what it said.

The call is begun within ``begin_seconds`` of the claim or not at all, and it is over before
``doubtful_seconds``: so whoever looks for a silent sender finds none at work. It is not cut off when the
worker stops: an answer that nobody hears makes a payout doubtful, which may need a person.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from cardroom.service.errors import report_unforeseen
from cardroom.service.postgres import PostgresAway, PostgresRefused
from wallet_worker.cashier import payout_metrics as metrics
from wallet_worker.cashier.payout_tools import Fuse, PayoutTools
from wallet_worker.gateways.port import Doubtful, NotSent, PayoutOrder, PayoutTaken
from wallet_worker.rules.withdrawal_steps import write_external_id
from wallet_worker.store.claim_payout import give_back
from wallet_worker.store.end_payout import fail_payout, mark_doubtful, mark_taken
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal

_RECORD_SECONDS: Final = 5.0

_Outcome = PayoutTaken | NotSent | Doubtful
_Write = Callable[[], Awaitable[FollowedWithdrawal | None]]


class PayoutSender:
    """Sends attempts, each once; keeps in memory what it could not write down, and tries again."""

    def __init__(self, tools: PayoutTools) -> None:
        self._tools = tools
        self._unwritten: dict[tuple[int, int, str | None], _Write] = {}

    async def send(self, row: FollowedWithdrawal, fuse: Fuse, *, is_repeat: bool = False) -> None:
        """Send an attempt that this worker has committed to, unless its ``fuse`` is out.

        ``is_repeat``: another one may have sent the very same before, or may do so still; then nothing is
        certain but that it was taken.
        """
        limit = self._tools.settings.doubtful_seconds - self._tools.settings.begin_seconds
        with trio.CancelScope(shield=True):  # over within ``limit`` and ``_RECORD_SECONDS``
            outcome = await self._call(row, fuse, limit)
            await self._write(row, self._writer(row, outcome, is_repeat=is_repeat))

    async def not_begun(self, row: FollowedWithdrawal) -> None:
        """Give an attempt back that this worker may have committed to and will certainly not send."""
        await self._write(row, lambda: self._give_back(row, "not_begun", 0.0))

    async def write_rest(self) -> None:
        """Write down what could not be; raises ``PostgresAway`` or ``PostgresRefused`` if it still cannot."""
        for key, write in list(self._unwritten.items()):
            try:
                self._tell(await write())
            except PostgresRefused as refused:
                if refused.may_pass:
                    raise
                report_unforeseen(self._tools.log.bind(withdrawal=key[0]), "payout", refused)
            self._unwritten.pop(key, None)

    async def _call(self, row: FollowedWithdrawal, fuse: Fuse, limit: float) -> _Outcome:
        assert row.coin_amount is not None, "a claim fixes the amount"
        name = write_external_id(row.number, row.attempt)
        order = PayoutOrder(name, row.coin, row.address, row.coin_amount)
        outcome: _Outcome
        try:
            with trio.fail_after(limit):
                if fuse.is_out:
                    raise NotSent("too late")  # noqa: TRY301 (the last look before the call)
                outcome = await self._tools.gateways[row.gateway].send(order)
        except (NotSent, Doubtful) as said:
            outcome = said
        except trio.TooSlowError:
            outcome = Doubtful("no answer in time")
        except Exception as error:  # noqa: BLE001 (one job run)
            report_unforeseen(self._tools.log.bind(withdrawal=row.number), "payout", error)
            outcome = Doubtful("unforeseen")
        kind = type(outcome).__name__
        metrics.CALLS.labels(gateway=row.gateway, outcome=kind).inc()
        self._tools.log.info(
            "payout.called", withdrawal=row.number, external_id=name, gateway=row.gateway, coin=row.coin,
            coin_amount=row.coin_amount, sender=row.sender, outcome=kind, told=_in_words(outcome),
        )  # fmt: skip
        return outcome

    def _writer(self, row: FollowedWithdrawal, outcome: _Outcome, *, is_repeat: bool) -> _Write:
        tools, seconds = self._tools, self._tools.settings.retry_seconds
        match outcome:
            case PayoutTaken(task_id):
                return lambda: mark_taken(tools.postgres, row, task_id, seconds, tools.link)
            case NotSent() if is_repeat:
                return lambda: mark_doubtful(tools.postgres, row, "gateway_refused", seconds, tools.link)
            case NotSent(is_final=True):
                return lambda: fail_payout(tools.postgres, row, "payout_refused", tools.link)
            case NotSent():
                return lambda: self._give_back(row, "gateway_away", seconds)
            case _:
                return lambda: mark_doubtful(tools.postgres, row, "no_answer", seconds, tools.link)

    async def _give_back(
        self, row: FollowedWithdrawal, reason: str, seconds: float
    ) -> FollowedWithdrawal | None:
        return await give_back(self._tools.postgres, row, reason, seconds, self._tools.link)

    async def _write(self, row: FollowedWithdrawal, write: _Write) -> None:
        key = (row.number, row.attempt, row.sender)
        self._unwritten[key] = write
        with trio.move_on_after(_RECORD_SECONDS, shield=True):
            try:
                self._tell(await write())
            except (PostgresAway, PostgresRefused) as trouble:
                self._tools.log.exception("payout.not_written", withdrawal=row.number, trouble=str(trouble))
            else:
                self._unwritten.pop(key, None)

    def _tell(self, row: FollowedWithdrawal | None) -> None:
        if row is not None:
            self._tools.tell(row)


def _in_words(outcome: _Outcome) -> str:
    return f"task {outcome.task_id}" if isinstance(outcome, PayoutTaken) else str(outcome)[:200]

"""A shard's term as one worker has it: taken when it may be, renewed, given back when others lack one."""

from typing import Final

import trio

from cardroom.ids import ShardId
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from wallet_worker.ledger import metrics
from wallet_worker.settings import LedgerSettings
from wallet_worker.store.lock_shard import TermLost
from wallet_worker.store.terms import end_term, renew_term, take_term

_HEARTBEATS_A_TERM: Final = 3
_DUE_SHARE: Final = 0.9
"""So old is the last heartbeat when the next is written: a wait that ends a moment early is long enough."""


class Term:
    """Belongs to the shard's consumer, who alone takes and ends it; others only say what it may do."""

    def __init__(self, postgres: Postgres, shard: ShardId, settings: LedgerSettings, log: Log) -> None:
        self.number: int | None = None
        self._postgres = postgres
        self._shard = shard
        self._settings = settings
        self._log = log
        self._renewed_at = float("-inf")
        self._may_take = True
        self._gives_back = False
        self._was_told = trio.Event()

    def obey(self, *, may_take: bool, gives_back: bool) -> None:
        """Note whether a free term may be taken, and whether one that is held must be given back."""
        self._may_take, self._gives_back = may_take, gives_back
        if may_take or gives_back:
            told, self._was_told = self._was_told, trio.Event()
            told.set()

    async def hold(self, holder: str) -> int | None:
        """Give the number of the term, taking it if nobody has it; None after a wait where it is not ours.

        To be called between batches: a term that must be given back is, here.
        """
        if self.number is None and self._may_take:
            await self._take(holder)
        elif self.number is not None and self._gives_back:
            await self._give_back(self.number)
        number = self.number
        if number is None:
            with trio.move_on_after(self._settings.heartbeat_seconds):
                await self._was_told.wait()
        return number

    async def renew_in_time(self) -> None:
        """Write the heartbeat three times in ``term_seconds``, however often called; see ``renew``."""
        due_seconds = self._settings.term_seconds / _HEARTBEATS_A_TERM * _DUE_SHARE
        if trio.current_time() - self._renewed_at >= due_seconds:
            await self.renew()

    async def renew(self) -> None:
        """Write the heartbeat; raises ``TermLost`` where another has begun a term."""
        assert self.number is not None, "only a term that is held is renewed"
        if not await renew_term(self._postgres, self._shard, self.number):
            raise TermLost(f"term {self.number} of shard {self._shard} has ended")
        self._renewed_at = trio.current_time()

    def lose(self) -> None:
        """Know that it is another's."""
        self._set(None)

    async def end(self) -> None:
        """Let another worker take over at once; without it they wait for the heartbeat to age."""
        if self.number is None:
            return
        try:
            with trio.move_on_after(self._settings.stop_seconds, shield=True):
                await end_term(self._postgres, self._shard, self.number)
        except (PostgresAway, PostgresRefused) as trouble:
            self._log.warning("ledger.term_not_given_up", trouble=str(trouble))
        self._set(None)

    async def _take(self, holder: str) -> None:
        number = await take_term(self._postgres, self._shard, holder, self._settings.term_seconds)
        self._set(number)
        if number is not None:
            self._log.info("ledger.term_taken", term=number)

    async def _give_back(self, number: int) -> None:
        """Leave the shard to a worker that has fewer; not taken again before this one may."""
        await end_term(self._postgres, self._shard, number)
        self._log.info("ledger.term_given_back", term=number)
        self._gives_back = self._may_take = False
        self._set(None)

    def _set(self, number: int | None) -> None:
        self.number = number
        metrics.HOLDS_TERM.labels(shard=self._shard).set(number or 0)

"""Where dead letters are resolved: first committed, then told to the node that owns the table."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway
from cardroom.wire.ledger import TableReleased
from wallet_worker.ledger.batch import BatchTools
from wallet_worker.ledger.deadletter import RETRIED, VOIDED, Resolved, retry_letter, void_letter
from wallet_worker.ledger.notices import tell_owner
from wallet_worker.store.resolve_letter import Resolution

MAX_NAME_LETTERS: Final = 64
MAX_REASON_LETTERS: Final = 128
MAX_KEY_LETTERS: Final = 128

WAYS: Final = {"retry": RETRIED, "void": VOIDED}
"""How a letter is resolved, by what is ordered."""


@frozen
class LetterDesk:
    """Resolves letters. Every order may be repeated; a repeat also tells the owner again, if that is open."""

    tools: BatchTools
    redis: Redis
    log: Log

    async def resolve(self, wanted: Resolution) -> Mapping[str, Any]:
        """Retry or void, and give the answer. Raises what ``retry_letter`` and ``void_letter`` raise."""
        resolve = retry_letter if wanted.how == RETRIED else void_letter
        resolved = await resolve(self.tools, wanted)
        log = self.log.bind(letter=wanted.letter_id, table_id=resolved.table_id, shard=resolved.shard)
        log.info("letter.resolved", how=wanted.how, by=wanted.by, reason=wanted.reason)
        await self._tell_owner(resolved, log)
        return resolved.document

    async def _tell_owner(self, resolved: Resolved, log: Log) -> None:
        """Ask the owner to open the table anew, at once. Where that is lost, ``Notices`` tell it again."""
        if resolved.owner is None or resolved.table_id is None or resolved.release is None:
            return
        released = TableReleased(resolved.table_id, resolved.release)
        try:
            await tell_owner(self.redis, self.tools.codec, resolved.shard, resolved.owner, released)
        except RedisAway as away:
            log.warning("letter.owner_not_told", trouble=str(away))
        else:
            log.info("letter.owner_told", boot=resolved.owner)

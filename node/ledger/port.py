"""What tables and shards need of the ledger."""

from collections.abc import Callable
from typing import Protocol

from cardroom.ids import CommandId
from cardroom.wire.ledger import CommandBody, ReplyBody

ReplyHandler = Callable[[ReplyBody], None]
"""Called once with the outcome of a command; it must not block. Raising in it ends the shard."""


class LedgerPort(Protocol):
    """Commands go in without waiting; each is sent until it has an answer, in the order of submission."""

    def submit(
        self, body: CommandBody, on_reply: ReplyHandler, command_id: CommandId | None = None
    ) -> CommandId:
        """Queue a command. Its outcome is certain to come while this node owns the shard.

        Under the id that an earlier owner has sent it with it has one outcome, whoever asks.
        """

    @property
    def unanswered(self) -> int:
        """Count the commands that have no outcome yet."""

"""Write down among the orders what an administrator has ordered at a node; each once."""

from typing import Final

from attrs import frozen

from cardroom.service.postgres import Postgres

_ADD_NODE_ACTION: Final = """
INSERT INTO admin_action (admin, action, subject, reason, key, body_hash, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)
ON CONFLICT ON CONSTRAINT admin_action_key DO NOTHING
"""


@frozen
class KeptAction:
    """An order as it stands among the others; ``facts`` is JSON of what was ordered, where and when."""

    admin: str
    action: str
    subject: str
    reason: str
    key: str
    body_hash: bytes
    facts: str


async def keep_node_action(postgres: Postgres, kept: KeptAction) -> bool:
    """Write one down; false if it was before. May be repeated, by several workers at once."""
    async with postgres.transaction() as transaction:
        added = await transaction.execute(
            _ADD_NODE_ACTION, kept.admin, kept.action, kept.subject, kept.reason, kept.key, kept.body_hash,
            kept.facts,
        )  # fmt: skip
    return added == 1

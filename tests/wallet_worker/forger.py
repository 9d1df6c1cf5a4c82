"""A forger who may write into the database, and does not have the key of the chains."""

from cardroom.service.postgres import Postgres
from tests.wallet_worker.house import House

_GIFT = (
    """
INSERT INTO batch (shard, number, digest, mac) VALUES ({shard}, {batch}, '\\x00', '\\x00')
ON CONFLICT DO NOTHING
""",
    """
INSERT INTO transfer (kind, command_id, shard, batch, booked_at)
VALUES ('promotion', gen_random_uuid(), {shard}, {batch}, now())
""",
    """
UPDATE account SET version = version + 1, balance = balance + CASE kind WHEN 'wallet' THEN 5000 ELSE -5000 END
WHERE kind = 'promotions' OR (kind = 'wallet' AND user_id = {user})
""",
    """
INSERT INTO entry (transfer_id, account_id, amount, balance_after, version, booked_at)
SELECT currval('transfer_number'), id, CASE kind WHEN 'wallet' THEN 5000 ELSE -5000 END, balance, version,
       now()
FROM account WHERE kind = 'promotions' OR (kind = 'wallet' AND user_id = {user})
""",
)


async def give(house: House, who: Postgres, shard: int, batch: int) -> None:
    """Give the first player 5,000 won that agree with all sums, in a batch that nobody could seal."""
    async with who.transaction() as transaction:
        if who is house.owner:
            await transaction.execute("SET LOCAL session_replication_role = replica")
        for statement in _GIFT:
            await transaction.execute(statement.format(shard=shard, batch=batch, user=house.players[0]))

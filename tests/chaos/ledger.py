"""What the ledger holds in the end, or at the moment: settled hands, and whether any won is missing."""

from attrs import frozen

from cardroom.ids import HandId, SeatIndex, TableId
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.settings import PostgresSettings

HANDS = """
SELECT hand.hand_id, hand.table_id, hand.hand_no, hand.rake, hand.record,
       (SELECT count(*) FROM transfer WHERE transfer.hand_id = hand.hand_id) AS settlements,
       result.seats, result.nets
FROM hand JOIN (SELECT hand_id, array_agg(seat ORDER BY seat) AS seats, array_agg(net ORDER BY seat) AS nets
                FROM hand_result GROUP BY hand_id) result USING (hand_id)
"""

# What is off: sums of all postings and of all balances that are not zero, balances that are not the sum of
# their postings, hands whose postings at the table are not their results.
MONEY = """
SELECT abs((SELECT coalesce(sum(amount), 0) FROM entry))
     + abs((SELECT coalesce(sum(balance), 0) FROM account))
     + (SELECT coalesce(sum(abs(account.balance - posted.amount)), 0)
        FROM account LEFT JOIN LATERAL
            (SELECT coalesce(sum(amount), 0) AS amount FROM entry WHERE account_id = account.id) posted
            ON true)
     + (SELECT coalesce(sum(abs(moved.amount - won.amount)), 0)
        FROM (SELECT transfer.hand_id, sum(entry.amount) AS amount
              FROM transfer JOIN entry ON entry.transfer_id = transfer.id
                            JOIN account ON account.id = entry.account_id AND account.kind = 'escrow'
              WHERE transfer.hand_id IS NOT NULL GROUP BY transfer.hand_id) moved
        JOIN (SELECT hand_id, sum(net) AS amount FROM hand_result GROUP BY hand_id) won USING (hand_id))
    AS krw_off,
       (SELECT count(*) FROM hand) AS hands,
       (SELECT count(*) FROM (SELECT hand_id FROM transfer WHERE hand_id IS NOT NULL
                              GROUP BY hand_id HAVING count(*) > 1) twice) AS twice,
       (SELECT count(*) FROM dead_letter WHERE resolved_at IS NULL) AS letters,
       (SELECT count(*) FROM game_table WHERE halted_at IS NOT NULL) AS halted,
       (SELECT coalesce(sum(balance), 0) FROM account WHERE kind = 'escrow') AS escrow
"""


@frozen
class SettledHand:
    """A hand in the ledger."""

    hand_id: HandId
    table_id: TableId
    hand_no: int
    rake: int
    nets: dict[SeatIndex, int]
    settlements: int
    """How often it was settled."""
    record: bytes


@frozen
class Money:
    """The ledger's state in a few numbers."""

    krw_off: int
    hands: int
    settled_twice: int
    dead_letters: int
    halted_tables: int
    escrow: int
    """What still lies on tables."""

    def faults(self) -> list[str]:
        """Name what is wrong."""
        found = {
            "won are off": self.krw_off,
            "hands are settled twice": self.settled_twice,
            "commands are dead letters": self.dead_letters,
            "tables are halted": self.halted_tables,
        }
        return [f"{count} {words}" for words, count in found.items() if count]


async def read_hands(dsn: str) -> dict[HandId, SettledHand]:
    """Read all settled hands, in one transaction of its own."""
    settings = PostgresSettings(dsn=dsn, call_seconds=60.0)
    async with open_postgres(settings) as postgres, postgres.transaction() as transaction:
        rows = await transaction.fetch(HANDS)
    hands = {}
    for row in rows:
        hand_id = HandId(row["hand_id"])
        nets = {SeatIndex(seat): int(net) for seat, net in zip(row["seats"], row["nets"], strict=True)}
        hands[hand_id] = SettledHand(
            hand_id, TableId(row["table_id"]), row["hand_no"], row["rake"], nets, row["settlements"],
            bytes(row["record"] or b""),
        )  # fmt: skip
    return hands


async def read_money(dsn: str) -> Money:
    """Add the ledger up."""
    async with open_postgres(PostgresSettings(dsn=dsn, call_seconds=60.0)) as postgres:
        row = await _fetch_one(postgres)
    return Money(
        int(row["krw_off"]), row["hands"], row["twice"], row["letters"], row["halted"], int(row["escrow"])
    )


async def _fetch_one(postgres: Postgres) -> dict[str, int]:
    async with postgres.transaction() as transaction:
        row = await transaction.fetch_one(MONEY)
    assert row is not None, "sums are one row"
    return dict(row)

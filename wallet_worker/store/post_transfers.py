"""Write transfers: one statement for the postings of many commands."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from attrs import frozen

from cardroom.ids import CommandId, ShardId
from cardroom.service.postgres import Transaction
from wallet_worker.rules.accounts import AccountKey, AccountKind
from wallet_worker.rules.books import Books, FinishedHand, Seating
from wallet_worker.rules.transfers import Transfer

_SEAT_ESCROW: Final = """
INSERT INTO account (kind, user_id, table_id, seat)
SELECT 'escrow', user_id, table_id, seat
FROM unnest($1::bigint[], $2::bigint[], $3::smallint[]) AS new (user_id, table_id, seat)
ON CONFLICT ON CONSTRAINT account_owner_key DO UPDATE SET seat = excluded.seat
RETURNING id, user_id, table_id
"""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_CLOCK: Final = "SELECT clock_timestamp() AS now"

_OPEN_ACCOUNT: Final = """
INSERT INTO account (kind, user_id, shard, coin) VALUES ($1::account_kind, $2, $3, $4)
ON CONFLICT ON CONSTRAINT account_owner_key DO UPDATE SET balance = account.balance
RETURNING id
"""

# The postings of an account are numbered and summed in the order they came in, so that each entry carries the
# balance after it. All accounts are locked before: this statement only writes.
_POST_TRANSFERS: Final = """
WITH numbered AS MATERIALIZED (
    SELECT nextval('transfer_number') AS id, line, kind, command_id, hand_id, reason
    FROM unnest($3::text[], $4::uuid[], $5::uuid[], $6::text[]) WITH ORDINALITY
        AS new (kind, command_id, hand_id, reason, line)
), booked AS (
    INSERT INTO transfer (id, kind, command_id, shard, batch, hand_id, reason, booked_at)
    SELECT id, kind::transfer_kind, command_id, $1, $2, hand_id, reason, $10 FROM numbered
), leg AS MATERIALIZED (
    SELECT numbered.id AS transfer_id, posting.account_id, posting.amount,
           sum(posting.amount) OVER so_far AS running, count(*) OVER so_far AS step
    FROM unnest($7::bigint[], $8::bigint[], $9::bigint[]) WITH ORDINALITY
        AS posting (line, account_id, amount, place)
    JOIN numbered ON numbered.line = posting.line
    WINDOW so_far AS (PARTITION BY posting.account_id ORDER BY posting.place)
), total AS (
    SELECT account_id, sum(amount)::bigint AS amount, count(*) AS steps FROM leg GROUP BY account_id
), changed AS (
    UPDATE account SET balance = balance + total.amount, version = version + total.steps
    FROM total WHERE account.id = total.account_id
    RETURNING account.id, balance - total.amount AS balance_before, version - total.steps AS version_before
), written AS (
    INSERT INTO entry (transfer_id, account_id, amount, balance_after, version, booked_at)
    SELECT leg.transfer_id, leg.account_id, leg.amount,
           changed.balance_before + leg.running, changed.version_before + leg.step, $10
    FROM leg JOIN changed ON changed.id = leg.account_id
    RETURNING transfer_id, account_id, amount, balance_after, version
), told AS (
    SELECT written.transfer_id, count(*) AS legs, string_agg(
               concat_ws(',', written.account_id, account.kind, coalesce(account.user_id, 0),
                         coalesce(account.table_id, 0), coalesce(account.shard, -2), account.coin,
                         written.amount, written.balance_after, written.version), ';'
               ORDER BY written.account_id) AS entries
    FROM written JOIN account ON account.id = written.account_id
    GROUP BY written.transfer_id
)
SELECT numbered.id, coalesce(told.legs, 0) AS legs, told.entries
FROM numbered LEFT JOIN told ON told.transfer_id = numbered.id
ORDER BY numbered.line
"""


@frozen
class BatchPlace:
    """Where transfers are booked: the shard whose lock is held, its batch, and the batch's time.

    The time is the database's, taken when all accounts were locked (``read_clock``): so along an account the
    times of its entries follow their versions.
    """

    shard: ShardId
    number: int
    booked_at: datetime


@frozen
class NewTransfer:
    """A transfer to be written, and the command or request it comes from; ``hand`` where it settles one."""

    command_id: CommandId
    transfer: Transfer
    hand: FinishedHand | None = None
    reason: str | None = None


async def read_clock(transaction: Transaction) -> datetime:
    """Give the database's time now, not that of the transaction's begin."""
    row = await transaction.fetch_one(_CLOCK)
    assert row is not None, "a clock always tells a time"
    booked_at: datetime = row["now"]
    return booked_at


async def seat_escrow(transaction: Transaction, books: Books, seatings: Sequence[Seating]) -> None:
    """Move empty escrow to its seats, making the accounts that don't exist."""
    if not seatings:
        return
    rows = await transaction.fetch(
        _SEAT_ESCROW,
        [seating.user_id for seating in seatings],
        [seating.table_id for seating in seatings],
        [seating.seat for seating in seatings],
    )
    ids = {(row["user_id"], row["table_id"]): row["id"] for row in rows}
    for key, account in books.accounts.items():
        account.id = ids.get((key.user_id, key.table_id), account.id)


async def open_account(transaction: Transaction, key: AccountKey) -> int:
    """Give the row of an account of the house or of a wallet, locked; makes it where there is none."""
    assert key.table_id is None, "escrow is made when a seat is taken"
    row = await transaction.fetch_one(_OPEN_ACCOUNT, key.kind.value, key.user_id, key.shard, key.coin)
    assert row is not None, "an account can be made"
    return int(row["id"])


async def open_rake(transaction: Transaction, books: Books, transfers: Sequence[NewTransfer]) -> None:
    """Make the shard's rake account where these transfers are the first to need it."""
    for key in {posting.account for new in transfers for posting in new.transfer.postings}:
        if key.kind is AccountKind.RAKE and books.accounts[key].id is None:
            books.accounts[key].id = await open_account(transaction, key)


async def post_transfers(
    transaction: Transaction, place: BatchPlace, books: Books, transfers: Sequence[NewTransfer]
) -> list[str]:
    """Write transfers in their order: balances, versions and entries. All accounts must be locked.

    Gives the batch's content (see ``BatchAsItStands``) as far as these transfers go, for its seal: a line for each,
    its entries as the database says that it wrote them.
    """
    if not transfers:
        return []
    lines, accounts, amounts = _legs(books, transfers)
    hands: list[UUID | None] = [new.hand.hand_id if new.hand else None for new in transfers]
    written = await transaction.fetch(
        _POST_TRANSFERS,
        place.shard,
        place.number,
        [new.transfer.kind.value for new in transfers],
        [new.command_id for new in transfers],
        hands,
        [new.reason for new in transfers],
        lines,
        accounts,
        amounts,
        place.booked_at,
    )
    entries = sum(row["legs"] for row in written)
    assert entries == len(amounts), f"{entries} entries were written for {len(amounts)} postings"
    return [
        transfer_line(row["id"], new, place.booked_at, row["entries"])
        for row, new in zip(written, transfers, strict=True)
    ]


def transfer_line(transfer_id: int, new: NewTransfer, booked_at: datetime, entries: str | None) -> str:
    """Write what a transfer did as ``read_batches`` reads it back from the tables, to the letter."""
    reason = new.reason.encode().hex() if new.reason is not None else "-"
    facts = [
        str(transfer_id),
        new.transfer.kind.value,
        str(new.command_id),
        str((booked_at - _EPOCH) // _MICROSECOND),
        reason,
        *([entries] if entries else []),
        *([_hand_facts(new.hand)] if new.hand else []),
    ]
    return "|".join(facts)


def _hand_facts(hand: FinishedHand) -> str:
    previous = f"{hand.previous}," if hand.previous else ""
    results = ";".join(
        f"{one.user_id}:{one.seat}:{one.net}:{one.contributed_rake}"
        for one in sorted(hand.results, key=lambda result: result.user_id)
    )
    return (
        f"{hand.hand_id},{hand.table_id},{hand.hand_no},{previous}{hand.rake},"
        f"{sha256(hand.record or b'').hexdigest()}{',' if results else ''}{results}"
    )


def _legs(books: Books, transfers: Sequence[NewTransfer]) -> tuple[list[int], list[int], list[int]]:
    lines, accounts, amounts = [], [], []
    for line, new in enumerate(transfers, start=1):
        for posting in new.transfer.postings:
            account_id = books.accounts[posting.account].id
            assert account_id is not None, f"{posting.account} has no row"
            lines.append(line)
            accounts.append(account_id)
            amounts.append(int(posting.amount))
    return lines, accounts, amounts

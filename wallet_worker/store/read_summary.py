"""Where all the money is, by sums over the accounts."""

from typing import Final

from attrs import frozen

from cardroom.money import Krw
from cardroom.service.postgres import Transaction

_SUM_KINDS: Final = "SELECT kind::text AS kind, sum(balance)::bigint AS balance FROM account GROUP BY kind"

# Hands of a table are numbered without a gap, so their last number counts them.
_COUNT_HANDS: Final = "SELECT coalesce(sum(last_hand_no), 0)::bigint AS hands FROM game_table"


@frozen
class Summary:
    """The owner's equation, in won: came in - went out = wallets + pending + on tables + house.

    ``given`` counts what the house gave to players out of nothing (promotions, rakeback): it came in.
    """

    deposits: Krw
    withdrawals: Krw
    given: Krw
    wallets: Krw
    pending: Krw
    on_tables: Krw
    house: Krw
    hands_settled: int

    @property
    def krw_total(self) -> Krw:
        """All money that players and the house hold."""
        return Krw(self.wallets + self.pending + self.on_tables + self.house)

    @property
    def is_balanced(self) -> bool:
        """Say whether both sides of the equation are equal, to the won."""
        return self.deposits + self.given - self.withdrawals == self.krw_total


async def read_summary(transaction: Transaction) -> Summary:
    """Sum all accounts. Cheap: it reads no entries."""
    rows = await transaction.fetch(_SUM_KINDS)
    sums = {str(row["kind"]): int(row["balance"]) for row in rows}
    hands = await transaction.fetch_one(_COUNT_HANDS)
    assert hands is not None, "sums always give a row"
    return Summary(
        deposits=Krw(-sums.get("deposit_clearing", 0)),
        withdrawals=Krw(sums.get("withdrawal_clearing", 0)),
        given=Krw(-sums.get("promotions", 0) - sums.get("rakeback", 0)),
        wallets=Krw(sums.get("wallet", 0)),
        pending=Krw(sums.get("pending_withdrawal", 0)),
        on_tables=Krw(sums.get("escrow", 0)),
        house=Krw(sums.get("rake", 0) + sums.get("rounding", 0)),
        hands_settled=int(hands["hands"]),
    )

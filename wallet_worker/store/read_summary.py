"""Where all the money is, by sums over the accounts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from cardroom.money import Krw
from cardroom.service.postgres import Transaction

_SUM_KINDS: Final = "SELECT kind::text AS kind, sum(balance)::bigint AS balance FROM account GROUP BY kind"

# Hands of a table are numbered without a gap, so their last number counts them.
_COUNT_HANDS: Final = "SELECT coalesce(sum(last_hand_no), 0)::bigint AS hands FROM game_table"

_OF_PLAYERS_AND_OUTSIDE: Final = frozenset(
    {"wallet", "pending_withdrawal", "escrow", "deposit_clearing", "withdrawal_clearing"}
)
_ALWAYS_TOLD: Final = ("rake", "rakeback", "promotions")
_GIVEN: Final = ("rakeback", "promotions", "adjustments")


@frozen
class Summary:
    """The owner's equation, in won: deposits - withdrawals = wallets + pending + on tables + house.

    ``house_parts`` are the sums of all other accounts, by kind. What the house gave away stands there below zero,
    so that a house that has given more than it took in rake is below zero itself.
    """

    deposits: Krw
    withdrawals: Krw
    wallets: Krw
    pending: Krw
    on_tables: Krw
    house_parts: Mapping[str, Krw]
    hands_settled: int

    @property
    def house(self) -> Krw:
        """What the house has, less what it gave."""
        return Krw(sum(self.house_parts.values()))

    @property
    def given(self) -> Krw:
        """What the house gave to players out of its own pocket: promotions, rakeback, adjustments."""
        return Krw(-sum(self.house_parts.get(kind, 0) for kind in _GIVEN))

    @property
    def krw_total(self) -> Krw:
        """All money that players and the house's rake hold: deposits - withdrawals + what was given."""
        return Krw(self.wallets + self.pending + self.on_tables + self.house + self.given)

    @property
    def is_balanced(self) -> bool:
        """Say whether both sides of the equation are equal, to the won."""
        held = self.wallets + self.pending + self.on_tables + self.house
        return self.deposits - self.withdrawals == held

    def as_numbers(self) -> dict[str, object]:
        """Give all sums by their names, for machines."""
        return {
            "krw_total": self.krw_total,
            "hands_settled": self.hands_settled,
            "deposits": self.deposits,
            "withdrawals": self.withdrawals,
            "given": self.given,
            "wallets": self.wallets,
            "pending": self.pending,
            "on_tables": self.on_tables,
            "house": self.house,
            "house_parts": dict(self.house_parts),
            "balanced": self.is_balanced,
        }


async def read_summary(transaction: Transaction) -> Summary:
    """Sum all accounts. Cheap: it reads no entries."""
    rows = await transaction.fetch(_SUM_KINDS)
    hands = await transaction.fetch_one(_COUNT_HANDS)
    assert hands is not None, "sums always give a row"
    return summary_of({str(row["kind"]): Krw(row["balance"]) for row in rows}, int(hands["hands"]))


def summary_of(sums: Mapping[str, Krw], hands: int) -> Summary:
    """Put sums by account kind together; whatever is no player's and no clearing account is the house's."""
    zero = Krw(0)
    parts = {kind: sums.get(kind, zero) for kind in _ALWAYS_TOLD}
    parts |= {kind: sums[kind] for kind in sorted(sums.keys() - _OF_PLAYERS_AND_OUTSIDE - parts.keys())}
    return Summary(
        deposits=Krw(-sums.get("deposit_clearing", zero)),
        withdrawals=sums.get("withdrawal_clearing", zero),
        wallets=sums.get("wallet", zero),
        pending=sums.get("pending_withdrawal", zero),
        on_tables=sums.get("escrow", zero),
        house_parts=MappingProxyType(parts),
        hands_settled=hands,
    )

"""The chains, as one: blocks come by the clock, and payments lie in them."""

from collections.abc import Iterator

from attrs import evolve, frozen

from cardroom.local.payments.facts import Moved, PaceSet, Paid


@frozen
class Payment:
    """An output of a transaction. ``height`` is None where the chain has dropped it."""

    coin: str
    tx_hash: str
    output_index: int
    address: str
    amount: str
    height: int | None
    payer: str

    @property
    def key(self) -> tuple[str, int]:
        """What the output is known by."""
        return plain_hash(self.tx_hash), self.output_index

    def confirmations(self, tip: int) -> int:
        """Count the blocks from its own one on."""
        return 0 if self.height is None else max(0, tip - self.height + 1)


class NoSuchTransaction(Exception):
    """The chain does not know it."""


def plain_hash(tx_hash: str) -> str:
    """Give the digits of a hash; chains write it with ``0x`` in front, or not."""
    return tx_hash.strip().lower().removeprefix("0x")


class Chain:
    """Which blocks there are and which payments lie in them."""

    def __init__(self) -> None:
        self._pace = PaceSet(0, 0, 1000)
        self._payments: dict[tuple[str, int], Payment] = {}

    @property
    def pace(self) -> PaceSet:
        """How fast blocks come."""
        return self._pace

    def tip(self, unix_ms: int) -> int:
        """Give how many blocks there are."""
        pace = self._pace
        return pace.height + max(0, unix_ms - pace.since_unix_ms) // pace.block_ms

    def set_pace(self, fact: PaceSet) -> None:
        """Let blocks come at another pace from now on."""
        self._pace = fact

    def add(self, fact: Paid) -> Payment:
        """Take a payment, which lies in a block to come."""
        payment = Payment(
            fact.coin, fact.tx_hash, fact.output_index, fact.address, fact.amount, fact.height, fact.payer
        )
        self._payments[payment.key] = payment
        return payment

    def move(self, fact: Moved) -> list[Payment]:
        """Put all outputs of a transaction into another block, or into none. Raises ``NoSuchTransaction``."""
        found = [payment for payment in self._payments.values() if payment.key[0] == plain_hash(fact.tx_hash)]
        if not found:
            raise NoSuchTransaction
        moved = [evolve(payment, height=fact.height) for payment in found]
        self._payments.update((payment.key, payment) for payment in moved)
        return moved

    def find(self, coin: str, tx_hash: str, output_index: int) -> Payment | None:
        """Give an output; None for one that there is not, or that was dropped."""
        payment = self._payments.get((plain_hash(tx_hash), output_index))
        return payment if payment and payment.coin == coin and payment.height is not None else None

    def get(self, key: tuple[str, int]) -> Payment:
        """Give an output by its key, also one that was dropped."""
        return self._payments[key]

    def all(self) -> Iterator[Payment]:
        """Give all that was not dropped, in the order in which it came."""
        return (payment for payment in self._payments.values() if payment.height is not None)

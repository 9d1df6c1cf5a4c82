"""The gateway of the sandbox: addresses, what came to them, payouts, balances.

It decides and remembers; whatever it does is written down before it is answered.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, unique
from typing import Final

from attrs import frozen

from cardroom.local.payments.addresses import make_address, tidy_address
from cardroom.local.payments.chain import Chain, NoSuchTransaction, Payment
from cardroom.local.payments.coins import COINS, read_amount, write_amount
from cardroom.local.payments.facts import (
    AddressGiven,
    Fact,
    FactFile,
    Moved,
    PaceSet,
    Paid,
    PayoutOrdered,
    Told,
)

Clock = Callable[[], int]
"""Gives the time in milliseconds since 1970."""

GATEWAY: Final = "the gateway"
"""Who pays what the gateway pays out."""


class NotPossible(Exception):
    """What was asked cannot be done, and nothing was."""


class PayoutDiffers(Exception):
    """Another payout was ordered under the same ``external_id``."""


class TooLittle(Exception):
    """The gateway does not have so much of the coin."""


@unique
class PayoutState(Enum):
    """How far a payout is."""

    UNDER_WAY = "under_way"
    PAID = "paid"
    FAILED = "failed"


@frozen
class PayoutNow:
    """A payout as it stands; ``tx_hash`` once it is paid."""

    order: PayoutOrdered
    state: PayoutState
    tx_hash: str | None


class Sandbox:
    """The gateway and its chains. ``payout_blocks`` is how many blocks it takes until a payout is sent."""

    def __init__(self, file: FactFile, network: str, block_ms: int, payout_blocks: int, clock: Clock) -> None:
        self._file = file
        self._network = network
        self._payout_blocks = payout_blocks
        self._clock = clock
        self._chain = Chain()
        self._given: dict[tuple[str, str], AddressGiven] = {}
        self._by_external_id: dict[tuple[str, str], str] = {}
        self._payouts: dict[str, PayoutOrdered] = {}
        self._untold: dict[tuple[str, int], None] = {}
        for fact in file.read():
            self._take(fact)
        if self._chain.pace.block_ms != block_ms or self._chain.pace.since_unix_ms == 0:
            self._note(PaceSet(clock(), self.tip if self._chain.pace.since_unix_ms else 0, block_ms))

    @property
    def tip(self) -> int:
        """How many blocks there are now."""
        return self._chain.tip(self._clock())

    @property
    def block_ms(self) -> int:
        """How often a block comes."""
        return self._chain.pace.block_ms

    def give_address(self, coin: str, external_id: str) -> str:
        """Give the address for ``external_id``: the same one however often it is asked."""
        known = self._by_external_id.get((coin, external_id))
        return known or self._new_address(coin, external_id)

    def make_wallet(self, coin: str) -> str:
        """Give a new address of somebody outside, to whom the house may pay."""
        return self._new_address(coin, "")

    def pay(self, coin: str, address: str, amount: str, payer: str) -> Payment:
        """Let somebody pay an address, whosever it is. Raises ``NotPossible``."""
        tidy, units = tidy_address(address, COINS[coin]), read_amount(amount, COINS[coin])
        if tidy is None or units is None:
            raise NotPossible(f"{address} is no address of {coin}, or {amount} no amount of it")
        exact = write_amount(units, COINS[coin])
        index = secrets.randbelow(2) if COINS[coin].is_bitcoin else 0
        fact = Paid(coin, _draw_hash(coin), index, tidy, exact, self.tip + 1, payer)
        self._note(fact)
        return self._chain.get((fact.tx_hash.removeprefix("0x"), index))

    def mine(self, blocks: int) -> int:
        """Let blocks come at once; gives how many there are then."""
        self._note(PaceSet(self._clock(), self.tip + blocks, self.block_ms))
        return self.tip

    def reorganise(self, tx_hash: str, comes_back_after: int | None) -> None:
        """Take a payment out of its block; it is in another so many blocks later, or never again.

        Raises ``NoSuchTransaction``; also for what the gateway itself has paid.
        """
        payments = [one for one in self._chain.all() if one.key[0] == tx_hash.lower().removeprefix("0x")]
        if not payments or payments[0].payer == GATEWAY:
            raise NoSuchTransaction
        after = None if comes_back_after is None else self.tip + 1 + comes_back_after
        self._note(Moved(tx_hash, after))

    def find_payment(self, coin: str, tx_hash: str, output_index: int) -> Payment | None:
        """Give an output that the chain shows; None if it shows none such."""
        payment = self._chain.find(coin, tx_hash, output_index)
        return payment if payment is not None and self._is_seen(payment) else None

    def payments_to(self, address: str) -> Iterator[Payment]:
        """Give what came to an address and was not dropped."""
        tidy = address.strip().lower()
        return (one for one in self._chain.all() if one.address == tidy and self._is_seen(one))

    def order_payout(
        self, external_id: str, coin: str, address: str, amount: str, *, fails: bool
    ) -> PayoutOrdered:
        """Take an order, once for each ``external_id``; the same again is answered again.

        Raises ``NotPossible``, ``PayoutDiffers`` or ``TooLittle``.
        """
        tidy, units = tidy_address(address, COINS[coin]), read_amount(amount, COINS[coin])
        if tidy is None or units is None:
            raise NotPossible(f"{address} is no address of {coin}, or {amount} no amount of it")
        exact = write_amount(units, COINS[coin])
        known = self._payouts.get(external_id)
        if known is not None:
            if (known.coin, known.address, known.amount) != (coin, tidy, exact):
                raise PayoutDiffers
            return known
        if units > self._units(coin, with_orders=True):
            raise TooLittle
        task_id, height = secrets.token_hex(16), self.tip + 1 + self._payout_blocks
        fact = PayoutOrdered(external_id, task_id, coin, tidy, exact, _draw_hash(coin), height, fails)
        self._note(fact)
        return fact

    def find_payout(self, external_id: str) -> PayoutNow | None:
        """Say how a payout stands; None if none was ordered."""
        order = self._payouts.get(external_id)
        if order is None:
            return None
        if order.height > self.tip:
            return PayoutNow(order, PayoutState.UNDER_WAY, None)
        if order.fails:
            return PayoutNow(order, PayoutState.FAILED, None)
        return PayoutNow(order, PayoutState.PAID, order.tx_hash)

    def balances(self) -> Mapping[str, str]:
        """Give what the gateway has of each coin: what came and is in a block, less what was paid out."""
        return {
            name: write_amount(max(0, self._units(name, with_orders=False)), coin)
            for name, coin in COINS.items()
        }

    def untold(self) -> list[Payment]:
        """Give the payments to addresses of the gateway of which the house must hear yet."""
        return [payment for key in self._untold if self._is_seen(payment := self._chain.get(key))]

    def note_told(self, payment: Payment) -> None:
        """The house has heard all of a payment."""
        if payment.key in self._untold:
            self._note(Told(*payment.key))

    def _units(self, coin: str, *, with_orders: bool) -> int:
        tip, units = self.tip, 0
        for payment in self._chain.all():
            if payment.coin == coin and (coin, payment.address) in self._given and payment.confirmations(tip):
                units += read_amount(payment.amount, COINS[coin]) or 0
        for order in self._payouts.values():
            is_under_way = order.height > tip
            if order.coin == coin and (with_orders if is_under_way else not order.fails):
                units -= read_amount(order.amount, COINS[coin]) or 0
        return units

    def _is_seen(self, payment: Payment) -> bool:
        """Say whether a payment is known: what the gateway will pay is not, before it has."""
        return payment.payer != GATEWAY or (payment.height or 0) <= self.tip

    def _new_address(self, coin: str, external_id: str) -> str:
        address = make_address(COINS[coin], self._network)
        self._note(AddressGiven(coin, address, external_id))
        return address

    def _note(self, fact: Fact) -> None:
        self._file.add(fact)
        self._take(fact)

    def _take(self, fact: Fact) -> None:
        match fact:
            case PaceSet():
                self._chain.set_pace(fact)
            case AddressGiven(coin, address, external_id):
                if external_id:
                    self._given[coin, address] = fact
                    self._by_external_id[coin, external_id] = address
            case Paid():
                self._add(fact)
            case Moved():
                for payment in self._chain.move(fact):
                    self._must_be_told(payment)
            case PayoutOrdered():
                self._payouts[fact.external_id] = fact
                if not fact.fails:
                    self._add(
                        Paid(fact.coin, fact.tx_hash, 0, fact.address, fact.amount, fact.height, GATEWAY)
                    )
            case Told(tx_hash, output_index):
                self._untold.pop((tx_hash, output_index), None)

    def _add(self, fact: Paid) -> None:
        self._must_be_told(self._chain.add(fact))

    def _must_be_told(self, payment: Payment) -> None:
        if (payment.coin, payment.address) in self._given:
            self._untold[payment.key] = None


def _draw_hash(coin: str) -> str:
    drawn = secrets.token_hex(32)
    return drawn if COINS[coin].is_bitcoin else f"0x{drawn}"

"""What a SHKeeper knows: invoices, what pays them, payouts, and callbacks that nobody has taken yet."""

import json
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from hashlib import sha256
from hmac import new as hmac_of
from itertools import count
from threading import RLock
from time import time
from typing import Any, Final

from attrs import define, field, frozen

COINS: Final = ("BTC", "ETH", "ETH-USDT", "ETH-USDC")
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_TAKEN: Final = 202

Json = dict[str, Any]
Post = Callable[[str, dict[str, str], bytes], Awaitable[int]]
"""Sends a body with headers to a URL; gives the status of the answer."""


@define
class Invoice:
    """One large payment request: the address of one player and coin."""

    number: int
    coin: str
    external_id: str
    address: str
    callback_url: str


@define
class Transaction:
    """What a transaction pays to one address; ``amount`` as SHKeeper writes it."""

    txid: str
    coin: str
    address: str
    amount: str
    is_confirmed: bool = False


@define
class Payout:
    """A payout that was taken. ``outcome`` is what its task says; None while it is under way."""

    task_id: str
    external_id: str
    coin: str
    amount: str
    destination: str
    fee: str
    callback_url: str
    outcome: Json | None = None

    @property
    def is_paid(self) -> bool:
        """Whether coins left: for tests that nothing is paid twice."""
        if self.outcome is None or self.outcome["status"] != "SUCCESS":
            return False
        return any(item["status"] == "success" for item in self.outcome["result"])


@define
class Callback:
    """A message to a URL, told until it is answered with 202. ``tries`` counts how often it was told."""

    url: str
    body: Json
    tries: int = 0


@frozen
class Delivery:
    """One telling of a callback: what goes over the wire."""

    url: str
    headers: dict[str, str]
    raw: bytes


@define
class ShkeeperBooks:
    """The state; every method may be called from the server's threads and from the test."""

    api_key: str = "key of the tests, long enough"
    bech32_name: str = "bc"
    """What bitcoin addresses begin with: bc, tb or bcrt."""
    pays_at_once: bool = False
    """Whether a payout succeeds when its task is first asked for, without the test saying so."""
    invoices: list[Invoice] = field(factory=list)
    transactions: list[Transaction] = field(factory=list)
    payouts: list[Payout] = field(factory=list)
    due: list[Callback] = field(factory=list)
    balances: dict[str, Decimal] = field(factory=lambda: dict.fromkeys(COINS, Decimal(0)))
    lock: RLock = field(factory=RLock)
    _numbers: Iterator[int] = field(factory=lambda: count(1))

    # Coins in

    def open_invoice(self, coin: str, external_id: str, callback_url: str) -> Invoice:
        """Give the invoice of a coin and external id; the same one when asked again."""
        with self.lock:
            for invoice in self.invoices:
                if (invoice.coin, invoice.external_id) == (coin, external_id):
                    invoice.callback_url = callback_url
                    return invoice
            number = next(self._numbers)
            address = make_address(coin, f"{coin} {external_id}", self.bech32_name)
            invoice = Invoice(number, coin, external_id, address, callback_url)
            self.invoices.append(invoice)
            return invoice

    def see(self, coin: str, address: str, amount: str, txid: str | None = None) -> str:
        """Let an unconfirmed transaction pay an address, and tell of it; gives its id as chains write it."""
        with self.lock:
            txid = txid or self.make_txid(coin)
            self.transactions.append(Transaction(txid, coin, address, amount))
            invoice = self.invoice_at(coin, address)
            body = {
                "status": "unconfirmed",
                "external_id": invoice.external_id,
                "crypto": coin,
                "addr": address,
                "txid": txid,
                "amount": amount,
            }
            self.due.append(Callback(invoice.callback_url, body))
            return txid

    def confirm(self, txid: str, *, told: bool = True) -> None:
        """Let a transaction have all its confirmations, and tell of it, unless the message is to be lost."""
        with self.lock:
            for transaction in self.transactions:
                if transaction.txid == txid and not transaction.is_confirmed:
                    transaction.is_confirmed = True
                    self.balances[transaction.coin] += Decimal(transaction.amount)
                    if told:
                        self.due.append(self.invoice_callback(transaction))

    def forget(self, txid: str) -> None:
        """Let the chain drop a transaction: look-ups do not know it any more, nothing is told of it."""
        with self.lock:
            for transaction in self.transactions:
                if transaction.txid == txid and transaction.is_confirmed:
                    self.balances[transaction.coin] -= Decimal(transaction.amount)
            self.transactions = [one for one in self.transactions if one.txid != txid]
            self.due = [one for one in self.due if txid not in json.dumps(one.body)]

    def invoice_at(self, coin: str, address: str) -> Invoice:
        """Give the invoice of an address; an address that is nobody's has one that was made by hand."""
        for invoice in self.invoices:
            if (invoice.coin, invoice.address) == (coin, address):
                return invoice
        return Invoice(
            0, coin, "made by hand", address, self.invoices[0].callback_url if self.invoices else ""
        )

    def invoice_callback(self, trigger: Transaction) -> Callback:
        """Give the callback of a confirmed transaction: all confirmed ones of its invoice are listed."""
        invoice = self.invoice_at(trigger.coin, trigger.address)
        listed = [
            one
            for one in self.transactions
            if one.is_confirmed and (one.coin, one.address) == (trigger.coin, trigger.address)
        ]
        return Callback(invoice.callback_url, _invoice_body(invoice, listed, trigger))

    # Coins out

    def take_payout(self, coin: str, asked: Json) -> Payout:
        """Take a payout; there is no idempotency: one that comes twice is two."""
        with self.lock:
            number = next(self._numbers)
            payout = Payout(
                f"00000000-0000-4000-8000-{number:012}",
                asked["external_id"],
                coin,
                asked["amount"],
                asked["destination"],
                asked["fee"],
                asked["callback_url"],
            )
            self.payouts.append(payout)
            return payout

    def task(self, task_id: str) -> Json:
        """Say how a task stands; of one that never was, too, it is said that it is pending."""
        with self.lock:
            for payout in self.payouts:
                if payout.task_id == task_id:
                    if self.pays_at_once and payout.outcome is None:
                        self.pay(payout)
                    return payout.outcome or {"status": "PENDING", "result": None}
            return {"status": "PENDING", "result": None}

    def payout_of(self, external_id: str) -> Payout:
        """Give the newest payout of an external id."""
        return [one for one in self.payouts if one.external_id == external_id][-1]

    def pay(self, payout: Payout, *, told: bool = True) -> str:
        """Let a payout be sent; gives the transaction's id."""
        with self.lock:
            txid = self.make_txid(payout.coin)
            item = {"dest": payout.destination, "amount": payout.amount, "status": "success", "txids": [txid]}
            payout.outcome = {"status": "SUCCESS", "result": [item]}
            self.balances[payout.coin] -= Decimal(payout.amount)
            if told:
                self.due.append(self.payout_callback(payout, txid))
            return txid

    def fail(
        self, payout: Payout, message: str = "not enough funds", *, is_task_failed: bool = False
    ) -> None:
        """Let a payout fail after it was taken: its result says so, or its whole task has failed."""
        with self.lock:
            item = {"dest": payout.destination, "amount": payout.amount, "status": "error", "txids": []}
            payout.outcome = (
                {"status": "FAILURE", "result": message}
                if is_task_failed
                else {"status": "SUCCESS", "result": [{**item, "message": message}]}
            )

    def payout_callback(self, payout: Payout, txid: str) -> Callback:
        """Give the callback about a payout that was sent."""
        return Callback(payout.callback_url, _payout_body(payout, txid))

    # Callbacks

    def deliver(self, callback: Callback, *, seconds_ago: int = 0, api_key: str | None = None) -> Delivery:
        """Give a telling of a callback, signed now; ``api_key``: signed by somebody else."""
        raw = json.dumps(callback.body).encode()
        return Delivery(
            callback.url, sign(raw, api_key or self.api_key, int(time()) - seconds_ago, self.api_key), raw
        )

    async def tell(self, post: Post) -> list[int]:
        """Tell every callback that is due once; those that are answered with 202 are due no more."""
        statuses = []
        for callback in list(self.due):
            delivery = self.deliver(callback)
            callback.tries += 1
            statuses.append(await post(delivery.url, delivery.headers, delivery.raw))
            if statuses[-1] == _TAKEN and callback in self.due:
                self.due.remove(callback)
        return statuses

    def make_txid(self, coin: str) -> str:
        """Give a transaction's id that was never given before; those of Ethereum begin with 0x."""
        digest = sha256(f"{coin} {next(self._numbers)} {id(self)} {time()}".encode()).hexdigest()
        return digest if coin == "BTC" else f"0x{digest}"


def _invoice_body(invoice: Invoice, listed: list[Transaction], trigger: Transaction) -> Json:
    return {
        "external_id": invoice.external_id,
        "crypto": invoice.coin,
        "addr": invoice.address,
        "fiat": "USD",
        "balance_fiat": "100.00",
        "balance_crypto": str(sum((Decimal(one.amount) for one in listed), Decimal(0))),
        "paid": False,
        "status": "PARTIAL",
        "transactions": [
            {
                "txid": one.txid,
                "date": "2026-01-02 03:04:05",
                "amount_crypto": one.amount,
                "amount_fiat": "100.00",
                "trigger": one is trigger,
                "crypto": one.coin,
            }
            for one in listed
        ],
        "fee_percent": "2",
        "fee_fixed": "0",
        "overpaid_fiat": "0.00",
    }


def _payout_body(payout: Payout, txid: str) -> Json:
    return {
        "payout_id": int(payout.task_id[-12:]),
        "external_id": payout.external_id,
        "tx_hash": txid,
        "status": "SUCCESS",
        "amount": payout.amount,
        "crypto": payout.coin,
        "amount_fiat": "100.00",
        "currency_fiat": "USD",
        "timestamp": "2026-01-02T03:04:05",
    }


def sign(raw: bytes, key: str, unix_seconds: int, api_key: str | None = None) -> dict[str, str]:
    """Give the headers that SHKeeper puts on a callback."""
    stamped = f"{unix_seconds}.".encode() + raw
    return {
        "Content-Type": "application/json",
        "X-Shkeeper-Api-Key": api_key or key,
        "X-Shkeeper-Timestamp": str(unix_seconds),
        "X-Shkeeper-Signature": hmac_of(key.encode(), stamped, sha256).hexdigest(),
    }


def make_address(coin: str, seed: str, bech32_name: str = "bc") -> str:
    """Give an address with a right checksum: bech32 for BTC; of Ethereum without letters: it needs none."""
    digest = sha256(seed.encode()).digest()
    if coin != "BTC":
        return "0x" + str(int.from_bytes(digest, "big"))[:40].zfill(40)
    bits = int.from_bytes(digest[:20], "big")
    values = [0] + [bits >> shift & 31 for shift in range(155, -1, -5)]
    name = [ord(letter) >> 5 for letter in bech32_name] + [0] + [ord(letter) & 31 for letter in bech32_name]
    check = _polymod([*name, *values, 0, 0, 0, 0, 0, 0]) ^ 1
    values += [check >> shift & 31 for shift in range(25, -1, -5)]
    return bech32_name + "1" + "".join(_BECH32[value] for value in values)


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, factor in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= factor if top >> bit & 1 else 0
    return check

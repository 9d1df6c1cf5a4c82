"""A payment gateway that keeps its record in memory, and can be away; it answers as the port says."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from attrs import define, evolve, field
from base58_bech32.base58 import b58encode_check

from wallet_worker.gateways.port import (
    DepositTold,
    GatewayAway,
    NewAddress,
    PayoutFound,
    PayoutOrder,
    PayoutStage,
    PayoutTaken,
)


def made_up_address(coin: str, seed: str) -> str:
    """Give an address of mainnet that nobody else has, the same for the same seed."""
    digest = sha256(f"{coin} {seed}".encode()).digest()
    if coin == "BTC":
        text: str | bytes = b58encode_check(b"\x00" + digest[:20])
        return text if isinstance(text, str) else text.decode()
    return f"0x{digest[:20].hex()}"


@define
class RecordingGateway:
    """``record`` is what came in, by coin and hash; what is ``asked`` of it is noted."""

    name: str = "fake"
    looks_up_deposits: bool = True
    looks_up_payouts: bool = True
    is_manual: bool = False
    record: dict[tuple[str, str], list[DepositTold]] = field(factory=dict)
    payouts: dict[str, PayoutOrder] = field(factory=dict)
    asked: list[tuple[str, str]] = field(factory=list)
    is_away: bool = False
    given: str | None = None
    """What it gives as an address, whoever asks."""

    def has(self, told: DepositTold) -> DepositTold:
        """Let an output be on its record: in the place of what it had of it before."""
        outputs = self.record.setdefault((told.coin, told.tx_hash), [])
        outputs[:] = [one for one in outputs if one.output_number != told.output_number] + [told]
        return told

    def loses(self, told: DepositTold) -> None:
        """Let a transaction not be on its record any more."""
        del self.record[told.coin, told.tx_hash]

    def confirms(self, told: DepositTold, confirmations: int) -> DepositTold:
        return self.has(evolve(told, confirmations=confirmations))

    async def make_address(self, coin: str, external_id: str) -> NewAddress:
        self._note("make_address", external_id)
        return NewAddress(self.given or made_up_address(coin, external_id), f"ref of {external_id}")

    async def look_up(self, told: DepositTold) -> DepositTold | None:
        self._note("look_up", told.tx_hash)
        outputs = self.record.get((told.coin, told.tx_hash), [])
        wanted = (told.output_number, None)
        return next((one for one in outputs if one.output_number in wanted), None)

    async def list_deposits(self, coin: str, address: str) -> Sequence[DepositTold]:
        self._note("list_deposits", address)
        return [
            one
            for (of_coin, _), outputs in self.record.items()
            for one in outputs
            if of_coin == coin and one.address.lower() == address.lower()
        ]

    async def send(self, order: PayoutOrder) -> PayoutTaken:
        self.asked.append(("send", order.external_id))
        self.payouts[order.external_id] = order
        return PayoutTaken(f"task of {order.external_id}")

    async def find_payout(self, external_id: str, task_id: str | None) -> PayoutFound:
        self._note("find_payout", external_id)
        known = external_id in self.payouts
        return PayoutFound(external_id, PayoutStage.UNDER_WAY if known else PayoutStage.NEVER_CAME)

    async def balances(self) -> Mapping[str, int]:
        self._note("balances", "")
        sums: dict[str, int] = {}
        for (coin, _), outputs in self.record.items():
            sums[coin] = sums.get(coin, 0) + sum(one.coin_amount for one in outputs)
        return sums

    def _note(self, what: str, about: str) -> None:
        self.asked.append((what, about))
        if self.is_away:
            raise GatewayAway("it is away")

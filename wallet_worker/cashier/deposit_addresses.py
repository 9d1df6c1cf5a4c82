"""Gives players the addresses that they pay coins to: one per player and coin, for ever.

When a coin moves to another gateway the player gets a new address, and what still comes to the old one is
credited.
"""

import secrets
from contextlib import suppress
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.wire.refusals import Refusal
from wallet_worker.cashier import deposit_metrics
from wallet_worker.cashier.deposits import DepositTools
from wallet_worker.gateways.port import GatewayAway
from wallet_worker.rules.addresses import read_address
from wallet_worker.rules.chain_deposit import LEAST_LOOK_SECONDS
from wallet_worker.store.deposit_addresses import (
    AddressTaken,
    DepositAddress,
    find_address,
    find_standing,
    keep_address,
    reserve_address,
    want_address,
)

_EXTERNAL_ID_BYTES: Final = 16


class NoAddress(Exception):
    """No address is given; ``code`` says why."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code.value)
        self.code = code


@frozen
class GivenAddress:
    """Where to pay to. ``smallest_deposit`` in whole coins: what is less is not credited by itself."""

    coin: str
    address: str
    network: str
    confirmations: int
    smallest_deposit: str


class AddressDesk:
    """Gives addresses; works with what deposits are worked with."""

    def __init__(self, tools: DepositTools) -> None:
        self._tools = tools

    async def give(self, user_id: UserId, coin: str) -> GivenAddress:
        """Give a player's address for a coin; repeated or at once, it is the same.

        Raises ``NoAddress``: no such coin, coin closed, and frozen or self-excluded players, who could not
        play with what they pay in; ``GatewayAway`` where none was given before and none can be had now.
        """
        settings = self._tools.book.coins.get(coin)
        if settings is None:
            raise NoAddress(Refusal.NO_SUCH_COIN)
        if not settings.deposits_open:
            raise NoAddress(Refusal.COIN_CLOSED)
        standing = await find_standing(self._tools.postgres, user_id)
        if standing is None:
            raise NoAddress(Refusal.NOT_FOUND)
        if standing.is_self_excluded:
            raise NoAddress(Refusal.SELF_EXCLUDED)
        if standing.is_frozen:
            raise NoAddress(Refusal.FROZEN)
        return GivenAddress(
            coin=coin,
            address=await self._find(user_id, coin, settings.gateway),
            network=self._tools.book.network.value,
            confirmations=settings.confirmations,
            smallest_deposit=settings.smallest_deposit,
        )

    async def _find(self, user_id: UserId, coin: str, gateway: str) -> str:
        found = await find_address(self._tools.postgres, user_id, coin)
        if found is None or found.gateway != gateway:
            external_id = f"d{user_id}-{coin.lower()}-{secrets.token_hex(_EXTERNAL_ID_BYTES)}"
            found = await reserve_address(self._tools.postgres, user_id, coin, gateway, external_id)
        if found.address is None:
            return await self._ask(found)
        await want_address(self._tools.postgres, found.number, LEAST_LOOK_SECONDS)
        return found.address

    async def _ask(self, row: DepositAddress) -> str:
        """Ask the gateway; the first answer that is written down holds. One that cannot be used alerts."""
        given = await self._tools.gateways[row.gateway].make_address(row.coin, row.external_id)
        address = read_address(given.address, row.coin, self._tools.book.network.value)
        if address is not None:
            with suppress(AddressTaken):
                return await keep_address(self._tools.postgres, row, address, given.gateway_ref)
        deposit_metrics.TROUBLE.labels("given_address").inc()
        self._tools.log.error(
            "deposit_address.not_usable",
            gateway=row.gateway,
            coin=row.coin,
            address=given.address[:128],
            is_of_network=address is not None,
        )
        raise GatewayAway("it gives addresses that cannot be used")

"""What players ask of coins that come in: where to pay to, and how far each deposit is."""

from typing import Any, Final

from attrs import frozen
from quart import Blueprint

from cardroom.money import Krw
from cardroom.service.http import RefusedRequest
from cardroom.service.logins import LoginLookup
from cardroom.service.openapi import PLAYER, Page
from cardroom.service.parameters import BEFORE, LIMIT, read_before, read_limit, read_parameters, write_time
from cardroom.service.postgres import Postgres
from cardroom.wire.json_schema import Time
from cardroom.wire.notices import DepositState
from cardroom.wire.refusals import Refusal
from wallet_worker.api.players import who_asks
from wallet_worker.cashier.deposit_addresses import AddressDesk, NoAddress
from wallet_worker.gateways.port import GatewayAway
from wallet_worker.rules.coins import write_coins
from wallet_worker.store.read_deposits import ShownDeposit, list_of_player

_STATUS: Final = {
    Refusal.NO_SUCH_COIN: 404,
    Refusal.NOT_FOUND: 404,
    Refusal.COIN_CLOSED: 409,
    Refusal.SELF_EXCLUDED: 403,
    Refusal.FROZEN: 403,
}
_AWAY_SECONDS: Final = 5


@frozen
class PlayersDepositAddress:
    """Where the player pays a coin to: the same for ever, for this player alone."""

    coin: str
    address: str
    network: str
    """``mainnet``, ``testnet`` or ``regtest``: what is sent on another network is lost."""
    confirmations: int
    """How many a deposit needs until it is credited."""
    smallest_deposit: str
    """In whole coins: what is less is not credited by itself."""


@frozen
class PlayersDeposit:
    """A deposit that came by a gateway."""

    id: int
    coin: str
    coin_amount: str
    """In whole coins, exact."""
    address: str
    tx_hash: str
    output: int
    state: DepositState
    confirmations: int
    needed: int
    krw_amount: Krw | None
    """What it was worth, once it is credited or held."""
    reason: str | None
    """Why it waits or was refused, by a refusal's code; None where there is nothing to say."""
    seen_at: Time
    credited_at: Time | None


@frozen
class PlayersDeposits:
    """A page of the player's deposits, newest first."""

    deposits: tuple[PlayersDeposit, ...]
    next_before: int | None
    """Where the next page begins; None at the end."""


def deposit_pages(postgres: Postgres, logins: LoginLookup, desk: AddressDesk) -> Blueprint:
    """Serve players' pages about coins that come in."""
    pages = Blueprint("deposits", __name__, url_prefix="/api/v1/wallet")

    @pages.get("/deposit-address/<coin>")
    @Page(
        tag="wallet",
        who=PLAYER,
        answers={200: PlayersDepositAddress},
        refuses={
            403: (Refusal.SELF_EXCLUDED, Refusal.FROZEN),
            404: (Refusal.NO_SUCH_COIN,),
            409: (Refusal.COIN_CLOSED,),
        },
    )
    async def deposit_address(coin: str) -> dict[str, Any]:
        """Give the address to pay a coin to; it is made when it is first asked for."""
        user_id = await who_asks(logins)
        try:
            given = await desk.give(user_id, coin)
        except NoAddress as refused:
            raise RefusedRequest(_STATUS[refused.code], refused.code) from None
        except GatewayAway:
            raise RefusedRequest(503, Refusal.UNAVAILABLE, retry_seconds=_AWAY_SECONDS) from None
        return {
            "coin": given.coin,
            "address": given.address,
            "network": given.network,
            "confirmations": given.confirmations,
            "smallest_deposit": given.smallest_deposit,
        }

    _add_list(pages, postgres, logins)
    return pages


def _add_list(pages: Blueprint, postgres: Postgres, logins: LoginLookup) -> None:
    @pages.get("/deposits")
    @Page(tag="wallet", who=PLAYER, parameters=(LIMIT, BEFORE), answers={200: PlayersDeposits})
    async def deposits() -> dict[str, Any]:
        """List the player's deposits, newest first."""
        user_id = await who_asks(logins)
        asked = read_parameters({"limit", "before"})
        limit = read_limit(asked)
        found = await list_of_player(postgres, user_id, read_before(asked), limit + 1)
        more = found[limit - 1].deposit.number if len(found) > limit else None
        return {"deposits": [_show(one) for one in found[:limit]], "next_before": more}


def _show(shown: ShownDeposit) -> dict[str, Any]:
    deposit = shown.deposit
    return {
        "id": deposit.number,
        "coin": deposit.coin,
        "coin_amount": write_coins(deposit.coin_amount, deposit.coin_scale),
        "address": deposit.address,
        "tx_hash": deposit.tx_hash,
        "output": deposit.output_number,
        "state": deposit.state.value,
        "confirmations": deposit.confirmations,
        "needed": deposit.needed,
        "krw_amount": shown.krw_amount,
        "reason": deposit.reason_for_player,
        "seen_at": write_time(shown.seen_at),
        "credited_at": write_time(shown.credited_at),
    }

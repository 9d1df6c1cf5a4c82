"""The pages about coins that come in, over a card room, with real readers of gateways' messages."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from attrs import define, field
from quart_trio import QuartTrio

from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.redis import Redis
from cardroom.service.settings import Secret
from cardroom.wire.refusals import Refusal
from tests.fakes.conformity import watch_answers
from tests.fakes.gateways import RecordingGateway
from tests.wallet_worker.coins_in import BOOK, GATEWAY, CoinRoom, open_coin_room
from tests.wallet_worker.house import LINK, LOG, House
from tests.wallet_worker.office import guarded_app
from wallet_worker.api.admin import admin_pages
from wallet_worker.api.admin_deposits import admin_deposit_pages
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.deposits import deposit_pages
from wallet_worker.api.office import Office
from wallet_worker.api.webhooks import DEPOSIT_PATH, Webhooks, add_webhooks
from wallet_worker.gateways.coin_names import coins_at
from wallet_worker.gateways.generic import GenericReader, named_gateway
from wallet_worker.gateways.port import DepositTold, PayoutFound, WebhookReader, WebhookRefused
from wallet_worker.gateways.shkeeper_messages import ShkeeperReader
from wallet_worker.gateways.signatures import GENERIC_HEADERS, SHKEEPER_HEADERS, SignatureCheck, sign
from wallet_worker.rules.coins import COINS, write_coins

SECRET: Final = Secret("a secret of the tests, long enough")


@define
class Readers:
    """One gateway that signs as any other does, and SHKeeper's callbacks for the same coins."""

    def signed_reader(self, raw: bytes) -> tuple[str, WebhookReader]:
        if named_gateway(raw) != GATEWAY:
            raise WebhookRefused(Refusal.WEBHOOK_UNKNOWN, "no such gateway")
        check = SignatureCheck(SECRET, GENERIC_HEADERS, 300)
        return GATEWAY, GenericReader(GATEWAY, check, coins_at(GATEWAY, BOOK))

    def shkeeper_reader(self) -> tuple[str, WebhookReader]:
        check = SignatureCheck(SECRET, SHKEEPER_HEADERS, 300)
        return GATEWAY, ShkeeperReader(check, coins_at(GATEWAY, BOOK))


@define
class CoinOffice:
    """The app, the desk behind it, and what was reported of payouts."""

    app: QuartTrio
    room: CoinRoom
    payouts: list[tuple[str, PayoutFound]] = field(factory=list)

    async def send(self, raw: bytes, headers: Mapping[str, str], path: str = DEPOSIT_PATH) -> tuple[int, str]:
        """Send a message; gives status and code."""
        answer = await self.app.test_client().post(path, data=raw, headers=dict(headers))
        body = await answer.get_json()
        return answer.status_code, body.get("code", body.get("status"))

    async def report(self, gateway: str, found: PayoutFound) -> None:
        self.payouts.append((gateway, found))

    async def tell(self, told: DepositTold, ago: int = 0, **changes: Any) -> tuple[int, str]:
        """Let the gateway tell of a deposit, so many seconds ago."""
        raw = write_message(told, **changes)
        return await self.send(raw, signed(raw, ago))


def write_message(told: DepositTold, **changes: Any) -> bytes:
    body = {
        "gateway": GATEWAY, "coin": told.coin.lower(), "tx_hash": told.tx_hash,
        "output_index": told.output_number, "address": told.address,
        "amount": write_coins(told.coin_amount, COINS[told.coin]), "confirmations": told.confirmations,
    }  # fmt: skip
    return json.dumps(body | changes).encode()


def signed(raw: bytes, ago: int = 0, secret: Secret = SECRET, now: float | None = None) -> dict[str, str]:
    timestamp = str(int(now or time.time()) - ago)
    return {
        GENERIC_HEADERS.timestamp: timestamp,
        GENERIC_HEADERS.signature: sign(secret, timestamp, raw),
    }


def open_coin_office(house: House, redis: Redis, *, looks_up: bool = True) -> CoinOffice:
    room = open_coin_room(house, [RecordingGateway(GATEWAY, looks_up_deposits=looks_up)])
    app = guarded_app()
    add_away_answers(app, LOG)
    office = CoinOffice(app, room)

    desk = Office(house.database, LINK, LOG, on_released=room.desk.tell_credited)
    app.register_blueprint(admin_pages(desk))
    app.register_blueprint(admin_deposit_pages(desk, room.desk))
    logins = LoginLookup(redis, house.database, LookupSettings())
    app.register_blueprint(deposit_pages(house.database, logins, room.addresses))
    add_webhooks(app, Webhooks(room.desk, Readers(), office.report))
    watch_answers(app)
    return office

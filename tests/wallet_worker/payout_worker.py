"""A process that sends payouts, for tests that kill it, or let it sleep: ``python -m ... DSN URL FINDS``.

It says ``sending`` after it has committed to a payout, holds still for a moment, in which a test does its
worst, and only then goes on to the call.
"""

import sys
import time
from typing import Final

import trio
from attrs import evolve

from cardroom.ids import UserId
from cardroom.service.postgres import open_postgres
from cardroom.service.settings import PostgresSettings
from cardroom.wire.notices import PlayerNotice, WithdrawalNotice, WithdrawalState
from tests.fakes.payout_gateway import NAME, HttpGateway
from tests.wallet_worker.withdrawals import QUICK, tools_over
from wallet_worker.cashier.payout_watch import PayoutWatch
from wallet_worker.cashier.payouts import PayoutDesk

HOLDS_STILL_SECONDS: Final = 1.0
SETTINGS: Final = evolve(
    QUICK, begin_seconds=1.9, doubtful_seconds=3.0, person_seconds=3.0, retry_seconds=0.3, poll_seconds=0.1
)


class _SayingBoard:
    def tell(self, user_id: UserId, notice: PlayerNotice) -> None:
        assert isinstance(notice, WithdrawalNotice)
        print(notice.state.value, flush=True)  # noqa: T201 (the test reads it)
        if notice.state is WithdrawalState.SENDING:
            time.sleep(HOLDS_STILL_SECONDS)


async def work(dsn: str, url: str, finds: bool) -> None:
    settings = PostgresSettings(dsn=dsn, connections=3, connect_seconds=5.0, call_seconds=5.0)
    async with open_postgres(settings) as database, trio.open_nursery() as nursery:
        gateways = {NAME: HttpGateway(url, finds)}
        tools = tools_over(database, gateways, board=_SayingBoard(), settings=SETTINGS, name="process")
        desk = PayoutDesk(tools)
        nursery.start_soon(desk.run)
        nursery.start_soon(PayoutWatch(tools, desk).run)
        print("ready", flush=True)  # noqa: T201 (the test reads it)


if __name__ == "__main__":
    trio.run(work, sys.argv[1], sys.argv[2], sys.argv[3] == "True")

"""Every page for administrators, of every process as it is really built, stands in its table of roles."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import structlog
from quart_trio import QuartTrio

from cardroom.ids import ShardId
from cardroom.service.admin_guard import EVERYBODY, OWNERS, PageRoles, admin_rules
from cardroom.service.admins import Role
from cardroom.service.entry import make_entry
from cardroom.service.logs import Log
from cardroom.service.postgres import open_postgres
from cardroom.service.redis import open_redis
from cardroom.service.settings import Bind, PostgresSettings, RedisSettings, Secret
from node.admin.http import AdminServices as NodeServices
from node.admin.http import make_admin_app as make_node_app
from node.admin.roles import PAGES as NODE_PAGES
from node.tables.directory import Directory
from shard_router.api.admin_roles import PAGES as ROUTER_PAGES
from tests.cardroom.service.people import ADMINS_FILE, open_book
from tests.node.admin.pages import unread_actions
from tests.node.shards.stand_in import desk_over
from tests.shard_router.office import build_office
from wallet_worker.api.roles import PAGES as WALLET_PAGES
from wallet_worker.app import Desk, build_worker
from wallet_worker.app import build_app as build_wallet_app
from wallet_worker.audit.handover import Handover
from wallet_worker.audit.recorder import RecorderServices
from wallet_worker.payment_settings import GatewayKind, GatewaySettings, PaymentSettings
from wallet_worker.payments import Ground, open_payments
from wallet_worker.settings import AuditSettings, WalletSettings

LOG: Log = structlog.get_logger()
NOWHERE = RedisSettings(host="127.0.0.1", port=1)
NO_DATABASE = PostgresSettings(dsn="postgresql://nobody@127.0.0.1:1/none")

COINS_FILE = Path(__file__).parents[2] / "configs" / "dev" / "coins.toml"
SANDBOX = GatewaySettings(GatewayKind.SANDBOX, Secret("s" * 32), url="http://127.0.0.1:1")

TABLES: Mapping[str, PageRoles] = {"node": NODE_PAGES, "wallet": WALLET_PAGES, "router": ROUTER_PAGES}


async def build(name: str) -> QuartTrio:
    """Build an app as its process does, but for the servers that it would ask."""
    if name == "node":
        return make_node_app(
            NodeServices(Directory(), dict, desk_over(None), dict, open_book(), unread_actions(), LOG)
        )
    payments = PaymentSettings(COINS_FILE, {"sandbox": SANDBOX})
    settings = WalletSettings(
        shards=(ShardId(0),), redis=NOWHERE, postgres=NO_DATABASE, http=Bind("127.0.0.1", 0),
        admins_file=ADMINS_FILE, chain_key=Secret("k" * 32), audit=AuditSettings(Path("nowhere")),
        payments=payments,
    )  # fmt: skip
    async with open_postgres(NO_DATABASE, must_answer=False) as postgres, open_redis(NOWHERE) as redis:
        if name == "router":
            return build_office((NO_DATABASE, NOWHERE), postgres, redis, postgres, LOG).app
        services = RecorderServices(postgres, Handover([], 1), settings.audit, LOG)
        worker = build_worker(settings, postgres, services, redis)
        entry = make_entry(settings.entry, postgres, redis, LOG)
        ground = Ground(settings, redis, postgres, worker.tools.link, worker.name, LOG)
        async with open_payments(ground) as built:
            return build_wallet_app(settings, worker, Desk(postgres, redis, entry, built), LOG)


@pytest.mark.parametrize("name", TABLES)
async def test_every_page_has_its_roles_and_every_role_its_page(name: str) -> None:
    assert set(admin_rules(await build(name))) == set(TABLES[name])


@pytest.mark.parametrize("name", TABLES)
async def test_a_viewer_looks_at_everything_and_changes_nothing(name: str) -> None:
    for page, roles in TABLES[name].items():
        assert roles >= OWNERS
        if page.startswith("GET "):
            assert roles == EVERYBODY
        else:
            assert Role.VIEWER not in roles

"""What the router's pages for administrators work with."""

from collections.abc import Callable

from attrs import frozen

from cardroom.service.admins import AdminBook
from cardroom.service.logs import Log
from shard_router.api.auth import Desk
from shard_router.api.protection import ProtectionDesk
from shard_router.store.cluster import Cluster
from shard_router.store.nodes import Nodes
from shard_router.store.orders import Orders


@frozen
class AdminServices:
    """Who may come in, accounts with their sessions and codes, nodes, and how to order something there."""

    admins: AdminBook
    desk: Desk
    cluster: Cluster
    nodes: Nodes
    orders: Orders
    protection: ProtectionDesk
    health: Callable[[], dict[str, bool]]
    log: Log
    answer_seconds: float = 4.0
    """How long a node's answer to an order is waited for."""
    everywhere_seconds: float = 8.0
    """The same for all answers together, where all tables are told something."""

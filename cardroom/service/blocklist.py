"""Players and networks that administrators keep out, known to every process within two seconds.

PostgreSQL has the blocks; a process keeps those that stand in memory and asks each second whether they have
changed. While the database does not answer, what was known last goes on being kept out.
"""

import math
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Final

import trio
from attrs import field, frozen
from prometheus_client import Gauge

from cardroom.ids import UserId
from cardroom.service.addresses import read_address
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused, Row

STANDING: Final = Gauge(
    "holdem_blocks_standing", "Blocks that this process keeps, by what is blocked", ["of"]
)

BLOCK_CHANGES: Final = "SELECT number FROM block_change"

# A block that ends while it is kept is passed over by the clock of this process, so times are durations.
STANDING_BLOCKS: Final = """
SELECT user_id, network::text AS network,
       (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::bigint AS remaining_ms
FROM block WHERE removed_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
"""

_LOOK_SECONDS: Final = 1.0


@frozen
class Blocks:
    """What is blocked, and until when by trio's clock. Of networks the first bits are looked up."""

    users: Mapping[UserId, float] = field(factory=dict)
    networks: Mapping[tuple[int, int], Mapping[int, float]] = field(factory=dict)
    """By version and length: the first bits of a network, and the end of its block."""

    def blocks_user(self, user_id: UserId, now: float) -> bool:
        """Say whether a player is kept out."""
        return now < self.users.get(user_id, -math.inf)

    def blocks_address(self, address: str, now: float) -> bool:
        """Say whether an address is in a network that is kept out; what is no address is in none."""
        found = read_address(address)
        if found is None:
            return False
        number, bits = int(found), found.max_prefixlen
        return any(
            now < ends.get(number >> (bits - length), -math.inf)
            for (version, length), ends in self.networks.items()
            if version == found.version
        )


def collect_blocks(rows: Iterable[Row], now: float) -> Blocks:
    """Arrange blocks as they were read at ``now``; of several the last end counts."""
    users: dict[UserId, float] = {}
    networks: dict[tuple[int, int], dict[int, float]] = {}
    for row in rows:
        end = math.inf if row["remaining_ms"] is None else now + row["remaining_ms"] / 1000
        if row["user_id"] is not None:
            user_id = UserId(row["user_id"])
            users[user_id] = max(end, users.get(user_id, -math.inf))
            continue
        network = ip_network(row["network"])
        ends = networks.setdefault((network.version, network.prefixlen), {})
        first_bits = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        ends[first_bits] = max(end, ends.get(first_bits, -math.inf))
    return Blocks(users, networks)


class Blocklist:
    """The blocks as they stand now. ``watch`` must be running."""

    def __init__(self, postgres: Postgres, log: Log, look_seconds: float = _LOOK_SECONDS) -> None:
        self._postgres = postgres
        self._log = log
        self._look_seconds = look_seconds
        self._change: int | None = None
        self._is_known = True
        self._blocks = Blocks()

    def blocks_user(self, user_id: UserId) -> bool:
        """Say whether a player is kept out."""
        return self._blocks.blocks_user(user_id, trio.current_time())

    def blocks_address(self, address: str) -> bool:
        """Say whether an address is kept out."""
        return self._blocks.blocks_address(address, trio.current_time())

    async def watch(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Look until cancelled; starts when it has looked once, with or without an answer."""
        while True:
            try:
                await self.look()
            except (PostgresAway, PostgresRefused) as trouble:
                if self._is_known:
                    self._log.warning("blocks.not_read", trouble=str(trouble))
                self._is_known = False
            else:
                self._is_known = True
            task_status.started()
            task_status = trio.TASK_STATUS_IGNORED
            await trio.sleep(self._look_seconds)

    async def look(self) -> None:
        """Read the blocks anew if they have changed; raises ``PostgresAway``."""
        row = await self._postgres.fetch_one(BLOCK_CHANGES)
        assert row is not None, "the migration has put the row there"
        if row["number"] == self._change:
            return
        rows = await self._postgres.fetch(STANDING_BLOCKS)
        self._blocks = collect_blocks(rows, trio.current_time())  # so none ends here before it ends there
        # What changed in between is read once more, by the number that was read before.
        self._change = row["number"]
        STANDING.labels("users").set(len(self._blocks.users))
        STANDING.labels("networks").set(sum(map(len, self._blocks.networks.values())))

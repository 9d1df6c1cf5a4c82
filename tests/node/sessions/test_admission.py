"""Tickets are good once, here, now; the marks are in a real Redis."""

from uuid import uuid4

import pytest
import trio
from attrs import evolve

from cardroom.ids import BootNonce, Epoch, NodeId, ShardId, TableId, UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import Secret
from cardroom.wire import keys
from cardroom.wire.lobby import TableTicket, sign_ticket
from cardroom.wire.player import Hello
from cardroom.wire.refusals import Refusal
from node.sessions.admission import Admission, NotAdmitted
from node.shards.lease import NodeIdentity
from tests.node.tables.house import until

KEY, OLD_KEY = Secret("k" * 32), Secret("o" * 32)
IDENTITY = NodeIdentity(NodeId("node-1"), BootNonce("b"))
NOW = 1_000_000
SHARD, EPOCH = ShardId(2), Epoch(7)


def ticket() -> TableTicket:
    return TableTicket(
        str(uuid4()), UserId(1), "one", TableId(1), IDENTITY.node, IDENTITY.boot, NOW, SHARD, EPOCH
    )


def admission_by(redis: Redis, *keys: Secret) -> Admission:
    return Admission(redis, keys, IDENTITY, {SHARD: EPOCH, ShardId(0): Epoch(0)}.__getitem__, lambda: NOW)


async def test_of_many_at_once_one_is_admitted(valkey: EmbeddedValkey) -> None:
    async with open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        admission = admission_by(redis, KEY)
        text = sign_ticket(ticket(), "k" * 32)
        found: list[object] = []

        async def come() -> None:
            try:
                found.append((await admission.admit(Hello(text, ""))).user_id)
            except NotAdmitted as refused:
                found.append(refused.code)

        for _ in range(8):
            nursery.start_soon(come)
        await until(lambda: len(found) == 8)
        assert sorted(map(str, found)) == sorted(["1"] + [str(Refusal.TICKET_USED)] * 7)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expires_unix_ms": NOW - 1}, Refusal.TICKET_EXPIRED),
        ({"boot": BootNonce("c")}, Refusal.WRONG_NODE),
        ({"node": NodeId("node-2")}, Refusal.WRONG_NODE),
        ({"epoch": Epoch(6)}, Refusal.WRONG_NODE),
        ({"epoch": Epoch(8)}, Refusal.WRONG_NODE),
        ({"shard": ShardId(0)}, Refusal.WRONG_NODE),
    ],
)
async def test_a_refused_ticket_is_not_marked_as_used(
    valkey: EmbeddedValkey, change: dict[str, object], code: Refusal
) -> None:
    async with open_redis(valkey.settings) as redis:
        bad = evolve(ticket(), **change)  # type: ignore[arg-type]
        with pytest.raises(NotAdmitted) as refused:
            await admission_by(redis, KEY).admit(Hello(sign_ticket(bad, KEY.value), ""))
        assert refused.value.code is code
        assert not await redis.exists([keys.used_ticket(bad.ticket_id)])


async def test_while_the_key_is_changed_tickets_of_both_are_good(valkey: EmbeddedValkey) -> None:
    async with open_redis(valkey.settings) as redis:
        changing, changed = admission_by(redis, KEY, OLD_KEY), admission_by(redis, KEY)
        for key in (KEY, OLD_KEY):
            admitted = await changing.admit(Hello(sign_ticket(ticket(), key.value), ""))
            assert admitted.user_id == UserId(1)
        with pytest.raises(NotAdmitted) as refused:
            await changed.admit(Hello(sign_ticket(ticket(), OLD_KEY.value), ""))
        assert refused.value.code is Refusal.TICKET_INVALID


async def test_a_shard_that_is_not_held_lets_nobody_in_by_a_ticket_without_epoch(
    valkey: EmbeddedValkey,
) -> None:
    async with open_redis(valkey.settings) as redis:
        bad = evolve(ticket(), shard=ShardId(0), epoch=Epoch(0))
        with pytest.raises(NotAdmitted) as refused:
            await admission_by(redis, KEY).admit(Hello(sign_ticket(bad, KEY.value), ""))
        assert refused.value.code is Refusal.WRONG_NODE


async def test_the_mark_of_a_used_ticket_outlives_the_ticket_on_a_clock_that_is_slow(
    valkey: EmbeddedValkey,
) -> None:
    async with open_redis(valkey.settings) as redis:
        ahead = evolve(ticket(), expires_unix_ms=NOW + 400_000)  # the router's clock is that much ahead
        await admission_by(redis, KEY).admit(Hello(sign_ticket(ahead, KEY.value), ""))
        assert await redis.pttl(keys.used_ticket(ahead.ticket_id)) > 400_000

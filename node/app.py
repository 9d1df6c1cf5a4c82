"""Builds the node and nests its nurseries; the order in which it stops can be read from the inside out."""

import secrets
import socket
from collections.abc import Callable, Mapping, Sequence

import trio
from attrs import evolve, frozen

from cardroom.ids import BootNonce, Epoch, ShardId, UserId
from cardroom.service.addresses import TrustedProxies
from cardroom.service.collector import tend_collector
from cardroom.service.logs import Log
from cardroom.service.metrics import probe_loop_lag
from cardroom.service.redis import Redis, RedisAway, open_redis
from cardroom.service.run import notify_supervisor
from cardroom.wire.codec import Encoding
from cardroom.wire.player import player_codec
from cardroom.wire.presence import NodeAnnouncement
from node.journal.seal import DeckSeal
from node.presence.announce import Presence, PresenceServices
from node.presence.protection import ProtectionWatch
from node.sessions.admission import Admission
from node.sessions.connections import Connections
from node.sessions.fanout import Fanout, Framer
from node.sessions.listener import Listener
from node.sessions.notices import NoticeRelay
from node.sessions.resume import Resumption
from node.sessions.session import SessionServices
from node.settings import NodeSettings, StakesFile, StopSettings
from node.shards.desk import ShardDesk
from node.shards.house_watch import HouseWatch
from node.shards.lease import NodeIdentity
from node.shards.neighbours import Neighbours
from node.shards.offers import Offers
from node.shards.opening import TableMaker
from node.shards.orders import OrderDesk
from node.shards.store import RedisShardStore
from node.shards.supervisor import Shard, ShardServices
from node.tables.deck import shuffled_deck
from node.tables.directory import Directory


@frozen
class House:
    """The parts of a node, built and not yet running."""

    identity: NodeIdentity
    directory: Directory
    connections: Connections
    shards: tuple[Shard, ...]
    desk: ShardDesk
    offers: Offers
    orders: OrderDesk
    watch: HouseWatch
    presence: Presence
    notices: NoticeRelay
    listener: Listener


async def serve(
    settings: NodeSettings, stakes: StakesFile, door: socket.socket, log: Log, stopping: trio.Event
) -> None:
    """Run the node until ``stopping``; then: shards go to standbys, hands end, money settles, doors close."""
    async with open_redis(settings.redis) as redis, trio.open_nursery() as nursery:
        house = build_house(settings, stakes, door, redis, log)
        nursery.start_soon(probe_loop_lag)
        nursery.start_soon(tend_collector, lambda: len(house.connections) > 0)
        nursery.start_soon(house.presence.run)
        nursery.start_soon(house.notices.run)
        nursery.start_soon(ProtectionWatch(redis, house.directory, settings.protection, log).run)
        nursery.start_soon(house.desk.run)
        nursery.start_soon(house.watch.run)
        nursery.start_soon(house.orders.run)
        nursery.start_soon(house.offers.listen, house.desk.nudge, house.orders.take)
        nursery.start_soon(_serve_admin, settings, house, redis, log, stopping)
        async with trio.open_nursery() as playing:
            for shard in house.shards:
                playing.start_soon(shard.run)
            playing.start_soon(house.listener.run, stopping)
            notify_supervisor("READY=1")
            await stopping.wait()
            await _leave(house, settings.stop, log)
            playing.cancel_scope.deadline = trio.current_time() + (
                settings.stop.hands_seconds + settings.stop.settle_seconds + settings.stop.sessions_seconds
            )
        nursery.cancel_scope.cancel()


def build_house(
    settings: NodeSettings, stakes: StakesFile, door: socket.socket, redis: Redis, log: Log
) -> House:
    """Make all objects of the node; ``door`` is the listening socket for players."""
    identity = NodeIdentity(settings.node_id, BootNonce(secrets.token_hex(16)))
    directory = Directory()
    connections = Connections(settings.sessions.connections, settings.sessions.connections_per_user)
    framers = {encoding: Framer(encoding) for encoding in Encoding}
    maker = TableMaker(stakes, settings.tables, Fanout(framers), log)
    neighbours = Neighbours(settings.node_id, redis, log)
    desk, offers = ShardDesk((), neighbours, settings.move, log), Offers(settings.node_id, redis, log)
    services = _shard_services(settings, identity, redis, maker, directory)
    watch = HouseWatch(redis, directory, log)
    desk.shards = shards = _make_shards(settings, _with_watch(services, desk, offers, watch))
    admission = Admission(redis, settings.ticket_keys, identity, _epochs(shards))
    sessions = _session_services(settings, admission, directory, connections, log)
    return House(
        identity=identity,
        directory=directory,
        connections=connections,
        shards=shards,
        desk=desk,
        offers=offers,
        orders=OrderDesk(shards, stakes, redis, log),
        watch=watch,
        presence=Presence(
            PresenceServices(
                redis=redis,
                directory=directory,
                announcement=lambda: _announcement(settings, identity, connections, desk),
                open_shards=lambda: [shard.shard for shard in shards if shard.is_open],
                seconds=settings.announce_seconds,
                log=log,
                tell_seconds=settings.lobby_seconds,
            )
        ),
        notices=NoticeRelay(connections, redis, log),
        listener=Listener(door, sessions, log),
    )


def _epochs(shards: Sequence[Shard]) -> Callable[[ShardId], Epoch]:
    by_number = {shard.shard: shard for shard in shards}

    def look(number: ShardId) -> Epoch:
        shard = by_number.get(number)
        return Epoch(0) if shard is None else shard.epoch

    return look


def _session_services(
    settings: NodeSettings,
    admission: Admission,
    directory: Directory,
    connections: Connections,
    log: Log,
) -> SessionServices:
    return SessionServices(
        node=settings.node_id,
        directory=directory,
        admission=admission,
        resumption=Resumption(settings.ticket_keys, settings.sessions.resume_seconds),
        proxies=TrustedProxies(settings.trusted_proxies),
        connections=connections,
        framers={encoding: Framer(encoding) for encoding in Encoding},
        codecs={encoding: player_codec(encoding) for encoding in Encoding},
        limits=settings.sessions,
        log=log,
    )


def _shard_services(
    settings: NodeSettings, identity: NodeIdentity, redis: Redis, maker: TableMaker, directory: Directory
) -> ShardServices:
    return ShardServices(
        identity=identity,
        open_store=lambda shard: RedisShardStore(
            shard, identity, redis, settings.lease.dead_seconds, settings.redis.confirmation
        ),
        directory=directory,
        maker=maker,
        seal=DeckSeal(settings.journal_key),
        shuffle=shuffled_deck,
        lease=settings.lease,
        journal=settings.journal,
        ledger=settings.ledger,
        stop=settings.stop,
        log=maker.log,
        move=settings.move,
    )


def _make_shards(settings: NodeSettings, services: ShardServices) -> tuple[Shard, ...]:
    """Make the shards that this node plays, and those that it stands by for."""
    return (
        *(Shard(number, services) for number in settings.shards),
        *(Shard(number, services, is_home=False) for number in settings.standby_for),
    )


def _with_watch(services: ShardServices, desk: ShardDesk, offers: Offers, watch: HouseWatch) -> ShardServices:
    """Let shards be taken only by who takes any, and knows whether hands may be dealt."""
    return evolve(
        services,
        may_claim=lambda: not desk.is_draining and watch.has_looked,
        tell_offer=offers.tell,
        house=lambda: watch.word,
    )


def _announcement(
    settings: NodeSettings, identity: NodeIdentity, connections: Connections, desk: ShardDesk
) -> NodeAnnouncement:
    return NodeAnnouncement(
        node=identity.node,
        boot=identity.boot,
        player_url=settings.player_url,
        connections=len(connections),
        connection_limit=connections.limit,
        takes=() if desk.is_draining else (*settings.shards, *settings.standby_for),
    )


async def _leave(house: House, limits: StopSettings, log: Log) -> None:
    """Give away what somebody takes, and let the rest come to its end."""
    reason = "the node stops"
    house.desk.stop_claiming(reason)
    with trio.move_on_after(limits.hand_over_seconds):
        await _withdraw(house.presence, log)
        await house.desk.give_all_away(reason, limits.hand_over_seconds / 2)
    for shard in house.shards:
        shard.drain()


async def _withdraw(presence: Presence, log: Log) -> None:
    try:
        await presence.withdraw()
    except RedisAway as away:
        log.warning("presence.not_withdrawn", reason=str(away))


async def _serve_admin(
    settings: NodeSettings, house: House, redis: Redis, log: Log, stopping: trio.Event
) -> None:
    """Serve administrators. The HTTP stack takes long to import, so players are served before it is."""
    from cardroom.service.admins import AdminBook  # noqa: PLC0415
    from cardroom.service.http import serve_http  # noqa: PLC0415
    from node.admin.actions import ActionDesk, RedisRecords  # noqa: PLC0415
    from node.admin.http import AdminServices, make_admin_app  # noqa: PLC0415

    def census() -> Mapping[UserId, int]:
        connections = house.connections
        return {user_id: len(connections.of_user(user_id)) for user_id in connections.users}

    def health() -> dict[str, bool]:
        """A shard of ours is well where it is played, here or elsewhere."""
        return {
            f"shard {shard.shard}": shard.is_open or shard.is_elsewhere
            for shard in house.shards
            if shard.is_home or shard.is_open
        }

    book = AdminBook(settings.admins_file, log)
    actions = ActionDesk(settings.node_id, RedisRecords(redis))
    services = AdminServices(house.directory, census, house.desk, health, book, actions, log)
    app = make_admin_app(services)
    await serve_http(app, settings.admin, stopping)

"""A seat at any table of a game: the fullest table with a free one, else a new table."""

from collections import defaultdict
from typing import Final

import trio
from attrs import field, frozen
from prometheus_client import Counter
from quart import Response
from quart_trio import QuartTrio

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.logins import Login
from cardroom.service.openapi import PLAYER, Page
from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import QuickSeat, SeatWish
from cardroom.wire.refusals import Refusal
from shard_router.api.http import MAX_REQUEST_BYTES, ComeBack, answer, require_login
from shard_router.api.tickets import TicketOffice
from shard_router.rules.quick_seat import ANY_SIZE, choose_shard, choose_size, rank_tables
from shard_router.settings import QuickSeatSettings
from shard_router.store.extra_tables import ExtraTables, NewTable
from shard_router.store.floor import Floor, HeldSeat
from shard_router.store.games import EVERY_SIZE, Games
from shard_router.store.house import is_play_frozen
from shard_router.store.locks import held_once
from shard_router.store.logins import Logins
from shard_router.store.reserved_seats import ReservedSeats

_WISH: Final = Codec[SeatWish](SeatWish, Encoding.JSON, MAX_REQUEST_BYTES, {})
_SEAT: Final = Codec[QuickSeat](QuickSeat, Encoding.JSON, MAX_REQUEST_BYTES, {})
_RETRY_SECONDS: Final = 3
_TRIES_PER_ORDER: Final = 3

SEATS: Final = Counter("holdem_router_quick_seats_total", "Players who wanted any seat", ["outcome"])


@frozen
class FoundSeat:
    """Where a player is sent."""

    table_id: TableId
    shard: ShardId
    seat: SeatIndex
    is_yours: bool = False


@frozen
class SeatFinder:
    """Finds seats, and has tables opened. ``games`` is None where nobody said which are on offer.

    Of all who wait for a table of one game and size one asks for it, and the next looks at what came of that:
    in this router by ``turns``, among the routers by a lock in Redis.
    """

    redis: Redis
    office: TicketOffice
    extra: ExtraTables
    seats: ReservedSeats
    games: Games | None
    settings: QuickSeatSettings
    turns: dict[tuple[str, int], trio.Lock] = field(factory=lambda: defaultdict(trio.Lock))

    async def seat(self, login: Login, wish: SeatWish) -> QuickSeat:
        """Find a seat, and write a ticket for its table. Nothing is held but that nobody else is sent there.

        Refused: a number of seats that no table has, games that are not on offer, players who may not come
        in, anybody who has no seat yet while all play is frozen; and for now: no seat, or a table that no
        node plays just now.
        """
        if wish.seats not in (ANY_SIZE, *EVERY_SIZE):
            raise RefusedRequest(400, Refusal.MALFORMED, "seats: 2 to 9, or 0")
        floor = await self._look()
        size = self._size_to_open(floor, wish)
        own = floor.seat_of(login.user_id, wish)
        await self.office.entry.refuse_entry(login, has_seat=own is not None)
        if own is None and await is_play_frozen(self.redis):
            raise RefusedRequest(403, Refusal.PLAY_FROZEN)
        found = _own(own) if own is not None else await self._find(login.user_id, wish, size)
        place = await self.office.find_place(found.shard)
        to = self.office.sign(login, found.table_id, found.shard, place)
        return QuickSeat(
            to.url, to.ticket, to.table_id, to.expires_unix_ms, to.route, found.seat, found.is_yours
        )

    def _size_to_open(self, floor: Floor, wish: SeatWish) -> int | None:
        """Say how many seats a new table would have; None where none may be opened."""
        if self.games is None:
            if not floor.has_game(wish):
                raise RefusedRequest(404, Refusal.NO_SUCH_STAKE)
            return None
        size = choose_size(self.games.get(wish.stake, ()), wish.seats, self.settings.favourite_seats)
        if size is None:
            raise RefusedRequest(404, Refusal.NO_SUCH_STAKE)
        return size

    async def _find(self, user_id: UserId, wish: SeatWish, size: int | None) -> FoundSeat:
        """Reserve a seat; when there is none, have a table opened, or wait for one that is."""
        found = await self._reserve(user_id, wish, await self._look())
        if found is None and size is not None:
            with trio.move_on_after(self.settings.wait_seconds):
                found = await self._wait_for_new(user_id, wish, size)
        if found is None:
            raise ComeBack(Refusal.NO_SEAT, _RETRY_SECONDS)
        return found

    async def _wait_for_new(self, user_id: UserId, wish: SeatWish, size: int) -> FoundSeat:
        """Wait for one's turn, and for a seat at a table that is opened, by whichever router."""
        async with self.turns[wish.stake, size]:
            while True:
                found = await self._reserve_at_new(user_id, wish, size)
                if found is not None:
                    return found
                await trio.sleep(self.settings.look_seconds)

    async def _reserve_at_new(self, user_id: UserId, wish: SeatWish, size: int) -> FoundSeat | None:
        """Have a table opened; None if another router does it just now, or its seats are gone already."""
        lock_seconds = _TRIES_PER_ORDER * self.settings.order_seconds
        async with held_once(self.redis, keys.opening(wish.stake, size), lock_seconds) as is_ours:
            floor = await self._look()
            found = await self._reserve(user_id, wish, floor)  # somebody may have opened one meanwhile
            if found is not None or not is_ours:
                return found
            await self._open(wish.stake, size, floor)
            return await self._reserve(user_id, wish, await self._look())

    async def _open(self, stake: str, size: int, floor: Floor) -> None:
        shard = None
        if floor.extra_tables_of(stake) < self.settings.extra_per_stake:
            shard = choose_shard(floor.shard_loads(), self.settings.extra_per_shard)
        table = NewTable(stake, size, self.settings.room)
        if shard is None or await self.extra.open(shard, table, self.settings.order_seconds) is None:
            raise ComeBack(Refusal.NO_SEAT, _RETRY_SECONDS)

    async def _reserve(self, user_id: UserId, wish: SeatWish, floor: Floor) -> FoundSeat | None:
        tables = rank_tables(floor.open_tables(wish))[: self.settings.candidates]
        found = await self.seats.reserve(user_id, tables)
        return None if found is None else FoundSeat(found.table.table_id, found.table.shard, found.seat)

    async def _look(self) -> Floor:
        fresh = await self.extra.fresh()
        return Floor(await self.office.cache.look(), fresh)


def _own(held: HeldSeat) -> FoundSeat:
    return FoundSeat(held.table_id, held.shard, held.seat, is_yours=True)


def add_quick_seat_pages(app: QuartTrio, finder: SeatFinder, logins: Logins) -> None:
    """Serve ``/api/v1/quick-seat``."""

    @app.post("/api/v1/quick-seat")
    @Page(
        tag="tables",
        who=PLAYER,
        takes=SeatWish,
        answers={200: QuickSeat},
        refuses={
            403: (Refusal.FROZEN, Refusal.SELF_EXCLUDED, Refusal.PLAY_FROZEN),
            404: (Refusal.NO_SUCH_STAKE,),
            503: (Refusal.NO_SEAT, Refusal.TABLE_UNAVAILABLE),
        },
    )
    async def quick_seat() -> Response:
        """Find a seat at any table of a game, with a ticket; nobody else is sent there for a while.

        May be repeated: who has a seat at such a table already is sent back to it.
        """
        login = await require_login(logins)
        wish = await read_body(_WISH)
        try:
            found = await finder.seat(login, wish)
        except RefusedRequest as refused:
            SEATS.labels(refused.code.value).inc()
            raise
        SEATS.labels("back" if found.is_yours else "found").inc()
        return answer(_SEAT, found)

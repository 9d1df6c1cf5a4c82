"""Who waits for a seat of a full table, in the order of coming, and whose a free seat is for a while."""

import math
from collections.abc import Callable, Iterable
from itertools import chain

from attrs import define, field, frozen

from cardroom.ids import SeatIndex, UserId
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from node.tables.denied import Denied


@frozen
class Offer:
    """A free seat that is kept for one player of the list, on the loop's clock."""

    seat: SeatIndex
    user_id: UserId
    until: float


@frozen
class Moves:
    """What has changed in the list, by what was offered and what has run out."""

    offered: tuple[UserId, ...] = ()
    expired: tuple[UserId, ...] = ()
    dropped: tuple[UserId, ...] = ()
    """Who was away too long."""


@define
class WaitingList:
    """The list of one table; outlives a crash of its task. Who is offered a seat is still in it."""

    limits: TableLimits
    _seen_at: dict[UserId, float] = field(factory=dict)
    """Who waits, in order, and when the player was last known to have a connection here."""
    _offers: dict[SeatIndex, Offer] = field(factory=dict)

    def __len__(self) -> int:
        return len(self._seen_at)

    @property
    def users(self) -> tuple[UserId, ...]:
        """Give who waits, the first first."""
        return tuple(self._seen_at)

    @property
    def deadline(self) -> float:
        """Say when the next offer runs out, or a player may have been away for too long."""
        if not self._seen_at and not self._offers:
            return math.inf
        offers = (offer.until for offer in self._offers.values())
        patience = (seen_at + self.limits.waiting_away_seconds for seen_at in self._seen_at.values())
        return min(chain(offers, patience))

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Give the seats that are kept for players of the list."""
        return tuple(self._offers.values())

    def recall(self, users: Iterable[UserId], offers: Iterable[Offer], now: float) -> None:
        """Go on with the list of an earlier owner; nobody of it has been away until now."""
        self._seen_at = dict.fromkeys(users, now)
        self._offers = {offer.seat: offer for offer in offers if offer.user_id in self._seen_at}

    def join(self, user_id: UserId, now: float) -> bool:
        """Put a player at the end; False if he stands in the list already. Refused when it is full."""
        if user_id in self._seen_at:
            return False
        if len(self._seen_at) >= self.limits.waiting:
            raise Denied(Refusal.WAITING_LIST_FULL)
        self._seen_at[user_id] = now
        return True

    def leave(self, user_id: UserId) -> bool:
        """Take a player out, and the offer back; False for who does not stand in the list."""
        self._offers = {seat: offer for seat, offer in self._offers.items() if offer.user_id != user_id}
        return self._seen_at.pop(user_id, None) is not None

    def take_offers_back(self) -> None:
        """Nobody can sit down now: who was offered a seat waits on, and is offered one again later."""
        self._offers.clear()

    def seen(self, user_id: UserId, now: float) -> None:
        """Note that a player was here until now."""
        if user_id in self._seen_at:
            self._seen_at[user_id] = now

    def number_of(self, user_id: UserId) -> int:
        """Give a player's place, counted from 1; 0 for who does not wait."""
        return next((place for place, one in enumerate(self._seen_at, start=1) if one == user_id), 0)

    def offer_to(self, user_id: UserId) -> Offer | None:
        """Give the seat that is kept for a player, if any."""
        return next((offer for offer in self._offers.values() if offer.user_id == user_id), None)

    def is_kept_from(self, user_id: UserId, seat: SeatIndex) -> bool:
        """Say whether a free seat is another player's for now."""
        offer = self._offers.get(seat)
        return offer is not None and offer.user_id != user_id

    def move_up(self, free: Iterable[SeatIndex], is_here: Callable[[UserId], bool], now: float) -> Moves:
        """Let offers run out, and offer each free seat to the first who is here and has no offer yet."""
        expired = [offer for offer in self._offers.values() if offer.until <= now]
        for offer in expired:
            self.leave(offer.user_id)
        dropped = [user_id for user_id in self._seen_at if not self._is_present(user_id, is_here, now)]
        for user_id in dropped:
            self.leave(user_id)
        offered = []
        for seat in free:
            following = self._next_here(is_here) if seat not in self._offers else None
            if following is not None:
                self._offers[seat] = Offer(seat, following, now + self.limits.offer_seconds)
                offered.append(following)
        return Moves(tuple(offered), tuple(offer.user_id for offer in expired), tuple(dropped))

    def _is_present(self, user_id: UserId, is_here: Callable[[UserId], bool], now: float) -> bool:
        """Say whether a player is here, or was not long ago."""
        if is_here(user_id):
            self._seen_at[user_id] = now
        return now < self._seen_at[user_id] + self.limits.waiting_away_seconds

    def _next_here(self, is_here: Callable[[UserId], bool]) -> UserId | None:
        has_offer = {offer.user_id for offer in self._offers.values()}
        return next((one for one in self._seen_at if one not in has_offer and is_here(one)), None)

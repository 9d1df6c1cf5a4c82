"""What a table keeps for one player alone, and telling it to that player when it has changed."""

from attrs import define, field

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.wire.place import Place, PlaceChanged
from cardroom.wire.refusals import Refusal
from node.tables.audience import Audience
from node.tables.buy_in import buy_in_range
from node.tables.seats import Seats
from node.tables.telling import Telling


@define
class Places:
    """Notes whose place has changed during a step; told once, after the step."""

    seats: Seats
    audience: Audience
    telling: Telling
    _changed: dict[UserId, Refusal | None] = field(factory=dict)

    def changed(self, user_id: UserId, reason: Refusal | None = None) -> None:
        """A player's own business is another one; ``reason`` where the player has not asked for it."""
        self._changed[user_id] = reason or self._changed.get(user_id)

    def tell(self, now: float) -> None:
        """Tell every player concerned, on all connections."""
        changed, self._changed = self._changed, {}
        for user_id, reason in changed.items():
            place = place_of(self.seats, user_id, now)
            for viewer in self.audience.of_user(user_id):
                self.telling.answer(viewer, PlaceChanged(self.seats.game.table_id, place, reason))


def place_of(seats: Seats, user_id: UserId | None, now: float) -> Place:
    """Give a player's own business with a table at this moment; nobody's (None) is that of a stranger."""
    holder = seats.of_user(user_id) if user_id is not None else None
    offer = seats.waiting.offer_to(user_id) if user_id is not None else None
    allowed = buy_in_range(seats, user_id if holder is None else None, now)
    return Place(
        seat=holder.seat if holder is not None else None,
        straddles=holder is not None and holder.straddles,
        posts_blind=holder is not None and holder.posts_blind,
        sits_out_at_big_blind=holder is not None and holder.sits_out_at_big_blind,
        leaves_after_hand=holder is not None and holder.leaves_after_hand,
        auto_top_up_to=holder.auto_top_up_to if holder is not None else Krw(0),
        arriving=holder.arriving if holder is not None else Krw(0),
        min_buy_in=allowed.least,
        max_buy_in=allowed.most,
        waiting_number=seats.waiting.number_of(user_id) if user_id is not None else 0,
        offered_seat=offer.seat if offer is not None else None,
        offer_left_ms=max(0, int((offer.until - now) * 1000)) if offer is not None else 0,
    )

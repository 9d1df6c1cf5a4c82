"""What happened at a table as messages of the protocol: the rules' events in, the wire's out, numbered."""

from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode, HandCategory, MadeHand
from node.rules import events as rules
from node.rules.actions import LegalActions
from node.rules.cards import Card
from node.rules.hand_rank import HandRanking


@frozen
class Told:
    """A message for all at a table; ``own`` has what certain players get in its place."""

    message: wire.AnyTableEvent
    own: Mapping[UserId, wire.AnyTableEvent] = {}


@define
class Teller:
    """Numbers the events of one table and keeps them until they are taken."""

    table_id: TableId
    turn_ms: int
    seq: int = 0
    hand_no: int = 0
    _told: list[Told] = field(factory=list)

    def header(self) -> tuple[TableId, int, int]:
        """Take the next number."""
        self.seq += 1
        return self.table_id, self.seq, self.hand_no

    def tell(self, message: wire.AnyTableEvent) -> None:
        """Tell all the same."""
        self._told.append(Told(message))

    def take(self) -> list[Told]:
        """Give what is to be told, once."""
        told, self._told = self._told, []
        return told

    def deal(
        self,
        events: Sequence[rules.Event],
        hand_id: HandId,
        commitment: bytes,
        users: Mapping[SeatIndex, UserId],
    ) -> None:
        """Tell the opening of a hand as the product does: posts in one message, hole cards in the other."""
        started = events[0]
        assert isinstance(started, rules.HandStarted), "a hand begins with its start"
        posts = [event for event in events if isinstance(event, rules.Posted)]
        holes = [event for event in events if isinstance(event, rules.HoleCardsDealt)]
        self.tell(
            wire.HandStarted(
                *self.header(),
                hand_id=hand_id,
                button=started.button,
                small_blind_seat=started.small_blind,
                big_blind_seat=started.big_blind,
                seats=tuple(wire.DealtSeat(one.seat, one.stack) for one in started.players),
                posts=tuple(
                    wire.Post(one.seat, wire.PostKind(one.kind.value), one.amount, one.street_bet, one.stack)
                    for one in posts
                ),
                commitment=commitment,
            )
        )
        header = self.header()
        own = {users[hole.seat]: wire.CardsDealt(*header, cards=codes(hole.cards)) for hole in holes}
        self._told.append(Told(wire.CardsDealt(*header, cards=()), own))
        self.play(events[1 + len(posts) + len(holes) :])

    def play(self, events: Sequence[rules.Event]) -> None:
        """Tell what happened in a hand after its deal."""
        for event in events:
            match event:
                case rules.TurnBegan(seat, turn, legal):
                    self.tell(wire.TurnBegan(*self.header(), turn=turn_view(seat, turn, legal, self.turn_ms)))
                case rules.ActionTaken():
                    self._acted(event)
                case rules.StreetDealt(street, cards, board):
                    self._street(wire.Street(street.value), board, codes(cards))
                case rules.UncalledReturned(seat, amount, stack):
                    self.tell(wire.UncalledReturned(*self.header(), seat=seat, amount=amount, stack=stack))
                case rules.PotAwarded():
                    self._pot(event)
                case rules.HandShown(seat, cards, ranking):
                    shown, hand = codes(cards), made_hand(ranking)
                    self.tell(wire.HandShown(*self.header(), seat=seat, cards=shown, hand=hand))
                case rules.HandMucked(seat):
                    self.tell(wire.HandMucked(*self.header(), seat=seat))
                case _:
                    pass  # told with the end of the hand

    def end(self, hand_id: HandId, settlement: rules.HandSettlement) -> None:
        """Tell what the hand did to everybody."""
        results = tuple(wire.SeatNet(part.seat, part.net, part.stack) for part in settlement.seats)
        self.tell(wire.HandEnded(*self.header(), hand_id=hand_id, rake=settlement.rake, results=results))

    def _street(self, street: wire.Street, board: int, cards: tuple[CardCode, ...]) -> None:
        self.tell(wire.StreetDealt(*self.header(), street=street, board=board, cards=cards))

    def _acted(self, event: rules.ActionTaken) -> None:
        self.tell(
            wire.Acted(
                *self.header(),
                seat=event.seat,
                kind=wire.MoveKind(event.kind.value),
                amount=event.amount,
                street_bet=event.street_bet,
                stack=event.stack,
                is_all_in=event.is_all_in,
                cause=wire.MoveCause(event.cause.value),
            )
        )

    def _pot(self, event: rules.PotAwarded) -> None:
        wins = tuple(wire.PotWin(one.seat, one.amount, made_hand(one.ranking)) for one in event.winners)
        self.tell(wire.PotAwarded(*self.header(), pot=event.pot, board=event.board, wins=wins))


def codes(cards: Sequence[Card]) -> tuple[CardCode, ...]:
    """Give cards as they cross the wire."""
    return tuple(map(CardCode, cards))


def made_hand(ranking: HandRanking | None) -> MadeHand | None:
    """Give what a player's cards make."""
    if ranking is None:
        return None
    category = HandCategory(ranking.category.value)
    return MadeHand(category, codes(ranking.best_five), ranking.english, ranking.korean)


def turn_view(seat: SeatIndex, turn: int, legal: LegalActions, left_ms: int) -> wire.TurnView:
    """Give a turn and what the player may do; there is no time bank here."""
    may = wire.LegalActions(
        can_check=legal.can_check,
        call_amount=legal.call_amount,
        min_raise_to=legal.min_raise_to,
        max_raise_to=legal.max_raise_to,
        all_in_amount=legal.all_in_amount,
    )
    return wire.TurnView(seat, turn, wire.ClockPhase.TURN, left_ms, 0, may)

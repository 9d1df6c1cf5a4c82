"""A hand as players saw it, and whether that is the hand that the ledger has."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import define, field

from cardroom.handrecord.reading import PhhAction, PhhHand, Word, read_phh
from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.wire import table as wire
from node.rules.cards import FULL_DECK, format_cards
from wallet_worker.rules.books import FinishedHand

_NAMES: Mapping[int, str] = {int(card): format_cards([card]) for card in FULL_DECK}
_BETTING = frozenset({Word.FOLD, Word.CHECK_OR_CALL, Word.BET_OR_RAISE})


@define
class SeenHand:
    """All that anybody was told of one hand, by the numbers of the events."""

    table_id: TableId
    hand_no: int
    hand_id: HandId
    run: str
    began_at: float
    events: dict[int, wire.AnyTableEvent] = field(factory=dict)
    own: dict[UserId, tuple[int, ...]] = field(factory=dict)
    """Hole cards that players were shown as their own."""
    others: set[tuple[UserId, UserId, tuple[int, ...]]] = field(factory=set)
    """Who was shown whose cards in a snapshot."""
    is_void: bool = False

    @property
    def ended(self) -> wire.HandEnded | None:
        """Give the end, if anybody has seen it."""
        return next((one for one in self.events.values() if isinstance(one, wire.HandEnded)), None)

    def ordered(self) -> list[wire.AnyTableEvent]:
        """Give the events in their order."""
        return [self.events[number] for number in sorted(self.events)]

    def is_whole(self) -> bool:
        """Say whether every event from the deal to the end was seen."""
        numbers = sorted(self.events)
        begins = bool(numbers) and isinstance(self.events[numbers[0]], wire.HandStarted)
        return begins and self.ended is not None and numbers == list(range(numbers[0], numbers[-1] + 1))


def differences(seen: SeenHand, settled: FinishedHand) -> Iterator[str]:
    """Say what of the settled hand is another than players saw."""
    if settled.record is None:
        yield "it was closed as void"
        return
    (record,) = read_phh(settled.record.decode())
    assert record.own is not None, "our own records say who plays"
    if (settled.hand_no, settled.table_id) != (seen.hand_no, seen.table_id):
        yield f"it is settled as number {settled.hand_no} of table {settled.table_id}"
    yield from _actions_that_differ(seen, record)
    yield from _results_that_differ(seen, settled)
    yield from _cards_that_differ(seen, record)


def _actions_that_differ(seen: SeenHand, record: PhhHand) -> Iterator[str]:
    assert record.own is not None
    recorded = [_move(action, record.own.seats) for action in record.actions if action.word in _BETTING]
    told = [_told_move(one) for one in seen.ordered() if isinstance(one, wire.Acted)]
    if seen.is_whole():
        if told != recorded:
            yield f"actions {told} became {recorded}"
        return
    rest = iter(recorded)
    if not all(move in rest for move in told):
        yield f"of the actions {told} not all are in {recorded}"


def _move(action: PhhAction, seats: Sequence[int]) -> tuple[int, str, int]:
    assert action.place is not None
    return (seats[action.place], action.word.value, action.amount)


def _told_move(acted: wire.Acted) -> tuple[int, str, int]:
    match acted.kind:
        case wire.MoveKind.FOLD:
            return (acted.seat, "f", 0)
        case wire.MoveKind.CHECK | wire.MoveKind.CALL:
            return (acted.seat, "cc", 0)
        case wire.MoveKind.BET | wire.MoveKind.RAISE:
            return (acted.seat, "cbr", acted.street_bet)


def _results_that_differ(seen: SeenHand, settled: FinishedHand) -> Iterator[str]:
    if seen.ended is None:
        return
    told = {one.seat: one.net for one in seen.ended.results}
    booked = {one.seat: one.net for one in settled.results}
    if told != booked or seen.ended.rake != settled.rake:
        yield f"results {told}, rake {seen.ended.rake} became {booked}, rake {settled.rake}"


def _cards_that_differ(seen: SeenHand, record: PhhHand) -> Iterator[str]:
    assert record.own is not None
    users = [UserId(user) for user in record.own.user_ids]
    seats = [SeatIndex(seat) for seat in record.own.seats]
    dealt = {
        users[one.place]: one.cards
        for one in record.actions
        if one.word is Word.HOLE_CARDS and one.place is not None
    }
    for user, cards in seen.own.items():
        if dealt.get(user) != _names(cards):
            yield f"user {user} was dealt {_names(cards)}, the record says {dealt.get(user)}"
    shown = {users[one.place] for one in record.actions if one.word is Word.SHOW_OR_MUCK and one.cards
             and one.place is not None}  # fmt: skip
    for viewer, owner, cards in seen.others:
        if owner not in shown or dealt.get(owner) != _names(cards):
            yield f"user {viewer} was shown the cards of user {owner}"
    by_seat = dict(zip(seats, users, strict=True))
    for one in seen.events.values():
        if isinstance(one, wire.HandShown) and not all(
            _NAMES[card] in _pairs(dealt[by_seat[one.seat]]) for card in one.cards
        ):
            yield f"seat {one.seat} has shown {_names(one.cards)}, which it was not dealt"
    yield from _boards_that_differ(seen, record)


def _boards_that_differ(seen: SeenHand, record: PhhHand) -> Iterator[str]:
    assert record.own is not None
    recorded = "".join(one.cards for one in record.actions if one.word is Word.BOARD)
    told = [one for one in seen.ordered() if isinstance(one, wire.StreetDealt)]
    for board, cards in ((1, recorded), (2, record.own.second_board)):
        seen_cards = [_NAMES[card] for one in told if one.board == board for card in one.cards]
        rest = iter(_pairs(cards))
        if not all(card in rest for card in seen_cards):
            yield f"board {board}: {seen_cards} became {cards}"


def _names(cards: tuple[int, ...]) -> str:
    return "".join(_NAMES[card] for card in cards)


def _pairs(text: str) -> list[str]:
    return [text[place : place + 2] for place in range(0, len(text), 2)]

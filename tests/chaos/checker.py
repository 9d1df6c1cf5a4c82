"""Compares what the bots saw with what the ledger holds; pure. What contradicts is told with its reason."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum, unique
from typing import Final

from attrs import frozen

from cardroom.handrecord.reading import PhhHand, UnreadableError, Word, read_phh
from cardroom.ids import HandId, SeatIndex, TableId
from cardroom.wire.table import Acted, HandEnded, HandStarted, MoveKind, StreetDealt, TableEvent
from tests.chaos.ledger import SettledHand
from tests.chaos.seen import SeenHand

_RANKS: Final = "23456789TJQKA"
_SUITS: Final = "cdhs"
_TURN_BETWEEN: Final = 2


@unique
class Wrong(Enum):
    """Ways in which a hand can be wrong."""

    SEEN_UNDONE = "seen, and undone"
    FOREIGN_CARD = "a card that was not the player's to see"
    SETTLED_TWICE = "settled twice"
    OTHER_RESULT = "another result than was told"


@frozen
class Objection:
    """Something that must not be."""

    wrong: Wrong
    table_id: TableId
    hand_no: int
    reason: str

    def __str__(self) -> str:
        return f"{self.wrong.value}: table {self.table_id} hand {self.hand_no}: {self.reason}"


Action = tuple[SeatIndex, Word, int]
"""Who did what; the amount that was bet or raised to, else 0."""


def check_hands(
    seen: Mapping[HandId, SeenHand], settled: Mapping[HandId, SettledHand], excused: Collection[HandId] = ()
) -> list[Objection]:
    """Compare all hands. ``excused`` are hands that node and Redis may have lost together."""
    objections = list(_settled_twice(settled.values()))
    for hand in seen.values():
        found = settled.get(hand.hand_id)
        objections += [_object(hand, Wrong.SEEN_UNDONE, fault) for fault in hand.faults.values()]
        if found is not None:
            objections += check_hand(hand, found)
        elif hand.first(HandEnded) is not None and hand.hand_id not in excused:
            objections.append(_object(hand, Wrong.SEEN_UNDONE, "its end was seen, and it is not settled"))
    return objections


def is_void(hand: SeenHand, settled: Mapping[HandId, SettledHand]) -> bool:
    """Say whether a hand was dealt and does not count."""
    return hand.hand_id not in settled


def check_hand(hand: SeenHand, found: SettledHand) -> Iterator[Objection]:
    """Compare a settled hand with what was seen of it."""
    try:
        record = next(read_phh(found.record.decode()))
    except UnreadableError as trouble:
        yield _object(hand, Wrong.OTHER_RESULT, f"its record cannot be read: {trouble}")
        return
    own = record.own
    if own is None or not own.is_intact or len(own.user_ids) != len(own.seats):
        yield _object(hand, Wrong.OTHER_RESULT, "its record is not whole")
        return
    yield from _check_actions(hand, record)
    yield from _check_board(hand, record)
    yield from _check_cards(hand, record)
    yield from _check_result(hand, found, record)


def _settled_twice(settled: Iterable[SettledHand]) -> Iterator[Objection]:
    places = Counter((hand.table_id, hand.hand_no) for hand in settled)
    for hand in settled:
        if hand.settlements != 1:
            reason = f"{hand.settlements} settlements"
        elif places[hand.table_id, hand.hand_no] > 1:
            reason = "two hands of that number"
        else:
            continue
        yield Objection(Wrong.SETTLED_TWICE, hand.table_id, hand.hand_no, reason)


def _check_actions(hand: SeenHand, record: PhhHand) -> Iterator[Objection]:
    """From the deal on they are the very same, until one may have been missed; then each comes later."""
    start = _gapless_start(hand)
    first = [_action(event) for event in start if isinstance(event, Acted)]
    later = [_action(event) for event in hand.in_order()[len(start) :] if isinstance(event, Acted)]
    stored = list(_stored_actions(record))
    at = len(first)
    is_same = first == stored[:at] and _is_within(later, stored[at:])
    if start and isinstance(start[-1], HandEnded):
        is_same = first == stored
    if not is_same:
        yield _object(hand, Wrong.SEEN_UNDONE, f"seen {_tell([*first, *later])}, settled {_tell(stored)}")


def _gapless_start(hand: SeenHand) -> list[TableEvent]:
    """Give the events from the deal on between which no action is missing, up to the hand's end.

    Before each action a turn began, which nobody keeps: one action missing leaves three numbers out.
    """
    start: list[TableEvent] = []
    for event in hand.in_order():
        if start and event.table_seq - start[-1].table_seq > _TURN_BETWEEN:
            break
        if start or isinstance(event, HandStarted):
            start.append(event)
        if isinstance(event, HandEnded) or not start:
            break
    return start


def _check_board(hand: SeenHand, record: PhhHand) -> Iterator[Objection]:
    first = "".join(action.cards for action in record.actions if action.word is Word.BOARD)
    assert record.own is not None, "checked before"
    for event in hand.in_order():
        if isinstance(event, StreetDealt):
            cards = "".join(map(card_text, event.cards))
            if cards not in (first if event.board == 1 else record.own.second_board):
                yield _object(
                    hand, Wrong.SEEN_UNDONE, f"{cards} on board {event.board} are not in the record"
                )


def _check_cards(hand: SeenHand, record: PhhHand) -> Iterator[Objection]:
    """Each player saw the own cards and no other's, but for those that were shown."""
    own = record.own
    assert own is not None, "checked before"
    held = {
        SeatIndex(own.seats[action.place]): action.cards
        for action in record.actions
        if action.word is Word.HOLE_CARDS and action.place is not None
    }
    seat_of = {user: SeatIndex(seat) for user, seat in zip(own.user_ids, own.seats, strict=True)}
    for user, cards in hand.own_cards.items():
        mine = held.get(seat_of.get(user, SeatIndex(-1)), "")
        if "".join(map(card_text, cards)) != mine:
            yield _object(
                hand, Wrong.FOREIGN_CARD, f"player {user} got {_cards(cards)}, the record says {mine!r}"
            )
    for seat, shown in hand.shown.items():
        for card in shown:
            if card_text(card) not in held.get(seat, ""):
                yield _object(
                    hand, Wrong.FOREIGN_CARD, f"{card_text(card)} shown at seat {seat} is not there"
                )
    may_be_open = {seat: set(map(card_text, cards)) for seat, cards in hand.shown.items()}
    for action in record.actions:
        if action.word is Word.SHOW_OR_MUCK and action.place is not None:
            seat = SeatIndex(own.seats[action.place])
            may_be_open.setdefault(seat, set()).update(_split(action.cards))
    for seat, open_cards in hand.open_at_sight:
        if not set(map(card_text, open_cards)) <= may_be_open.get(seat, set()):
            yield _object(hand, Wrong.FOREIGN_CARD, f"{_cards(open_cards)} lay open at seat {seat}")


def _check_result(hand: SeenHand, found: SettledHand, record: PhhHand) -> Iterator[Objection]:
    started, ended = hand.first(HandStarted), hand.first(HandEnded)
    own = record.own
    assert own is not None, "checked before"
    if started is not None:
        told = {dealt.seat: dealt.stack for dealt in started.seats}
        stored = {
            SeatIndex(seat): stack for seat, stack in zip(own.seats, record.starting_stacks, strict=True)
        }
        if told != stored:
            yield _object(hand, Wrong.OTHER_RESULT, f"stacks before it were {told}, settled {stored}")
    if ended is not None:
        nets = {result.seat: result.net for result in ended.results}
        if (nets, ended.rake) != (found.nets, found.rake):
            yield _object(
                hand,
                Wrong.OTHER_RESULT,
                f"told {nets}, rake {ended.rake}; settled {found.nets}, {found.rake}",
            )


def _action(event: Acted) -> Action:
    match event.kind:
        case MoveKind.FOLD:
            return event.seat, Word.FOLD, 0
        case MoveKind.CHECK | MoveKind.CALL:
            return event.seat, Word.CHECK_OR_CALL, 0
        case _:
            return event.seat, Word.BET_OR_RAISE, int(event.street_bet)


def _stored_actions(record: PhhHand) -> Iterator[Action]:
    own = record.own
    assert own is not None, "checked before"
    for action in record.actions:
        if action.word in (Word.FOLD, Word.CHECK_OR_CALL, Word.BET_OR_RAISE):
            assert action.place is not None, "a player acts"
            yield SeatIndex(own.seats[action.place]), action.word, action.amount


def _is_within(part: Sequence[Action], whole: Sequence[Action]) -> bool:
    """Say whether all of a part stand in the whole, in the same order."""
    rest = iter(whole)
    return all(action in rest for action in part)


def _tell(actions: Iterable[Action]) -> str:
    return " ".join(f"{seat}:{word.value}{amount or ''}" for seat, word, amount in actions)


def card_text(card: int) -> str:
    """Write a card as records do: ``Ah``."""
    return _RANKS[card // 4] + _SUITS[card % 4]


def _cards(cards: Iterable[int]) -> str:
    return "".join(map(card_text, cards))


def _split(cards: str) -> Iterator[str]:
    return (cards[at : at + 2] for at in range(0, len(cards), 2))


def _object(hand: SeenHand, wrong: Wrong, reason: str) -> Objection:
    return Objection(wrong, hand.table_id, hand.hand_no, reason)

"""The checker says nothing about true records, and objects to each forged one."""

import json
from collections.abc import Sequence
from uuid import UUID

from attrs import evolve

from cardroom.ids import HandId
from cardroom.money import Krw
from cardroom.wire.table import (
    Acted,
    CardsDealt,
    HandEnded,
    HandStarted,
    MoveKind,
    SeatNet,
    StreetDealt,
    TableEvent,
)
from tests.chaos.checker import Objection, Wrong, check_hands
from tests.chaos.forged import (
    BUTTON,
    HAND,
    HERO,
    NO,
    OTHER,
    TABLE,
    VILLAIN,
    acted,
    cards,
    lines,
    settled,
    shown,
    told,
)
from tests.chaos.ledger import SettledHand
from tests.chaos.seen import Seen


def villains(events: Sequence[TableEvent]) -> list[TableEvent]:
    """Give what the other player was told in place of it."""
    return [evolve(one, cards=cards("QsQd")) if isinstance(one, CardsDealt) else one for one in events]


def check(
    written: Sequence[str], ledger: SettledHand | None, excused: Sequence[HandId] = ()
) -> list[Objection]:
    seen = Seen().read(written)
    return check_hands(seen.hands, {} if ledger is None else {ledger.hand_id: ledger}, excused)


def wrongs(written: Sequence[str], ledger: SettledHand | None) -> set[Wrong]:
    return {objection.wrong for objection in check(written, ledger)}


def both(events: Sequence[TableEvent]) -> list[str]:
    return lines(events) + lines(villains(events), VILLAIN, connection=2)


def test_nothing_is_said_about_what_is_true() -> None:
    assert check(both(told()), settled()) == []


def test_nothing_is_said_when_only_a_part_was_seen() -> None:
    for count in range(len(told()) + 1):
        assert check(lines(told()[:count]), settled()) == []
    assert check(lines([told()[0], *told()[5:]]), settled()) == []


def test_nothing_is_said_when_a_hand_is_void_as_a_whole() -> None:
    assert check(both(told()[:6]), None) == []


def test_an_action_that_was_undone() -> None:
    other = ("p2 cbr 6000", "p1 cc", "d db 2c7d9h", "p1 cc", "p2 cc")
    assert wrongs(both(told()[:-1]), settled(other)) == {Wrong.SEEN_UNDONE}
    assert wrongs(lines(told()[:3]), settled(("p2 cc", "p1 cc"))) == {Wrong.SEEN_UNDONE}


def test_an_action_that_was_undone_and_made_again_in_another_way() -> None:
    again = acted(103, BUTTON, MoveKind.RAISE, 7000, 8000)
    written = lines(told()[:3]) + lines([told()[0], again], VILLAIN, connection=2)
    assert any("for one player" in objection.reason for objection in check(written, settled()))


def test_an_action_seen_after_a_gap_that_is_not_there() -> None:
    late = acted(150, OTHER, MoveKind.RAISE, 30_000, 30_000)
    assert wrongs(lines([*told()[:3], late]), settled()) == {Wrong.SEEN_UNDONE}


def test_actions_in_another_order() -> None:
    turned = [event for event in told() if not isinstance(event, Acted)]
    turned[2:2] = [acted(103, OTHER, MoveKind.CALL, 0, 0), acted(105, BUTTON, MoveKind.RAISE, 5000, 6000)]
    assert Wrong.SEEN_UNDONE in wrongs(lines(turned), settled())


def test_another_board() -> None:
    events = [evolve(one, cards=cards("2c7dTh")) if isinstance(one, StreetDealt) else one for one in told()]
    assert wrongs(lines(events), settled()) == {Wrong.SEEN_UNDONE}


def test_a_finished_hand_that_is_gone() -> None:
    assert wrongs(lines(told()), None) == {Wrong.SEEN_UNDONE}
    assert check(lines(told()), None, excused=[HAND]) == []


def test_the_cards_of_another_player() -> None:
    assert wrongs(lines(told()[:2], VILLAIN), settled()) == {Wrong.FOREIGN_CARD}
    assert wrongs(lines(told()[:2], HERO) + lines(villains(told()[:2]), HERO, 2), settled()) != set()


def test_cards_of_somebody_who_does_not_play() -> None:
    stranger = evolve_player(lines(told()[:2]), 99)
    assert wrongs(stranger, settled()) == {Wrong.FOREIGN_CARD}


def evolve_player(written: Sequence[str], player: int) -> list[str]:
    return [json.dumps(json.loads(line) | {"player": player}) + "\n" for line in written]


def test_cards_that_lay_open_without_being_shown() -> None:
    arrived = json.loads(lines([])[0])
    arrived |= {"hand_no": NO, "hand_id": str(HAND), "cards": {str(OTHER): list(cards("QsQd"))}}
    written = [json.dumps(arrived) + "\n"]
    assert wrongs(written, settled()) == {Wrong.FOREIGN_CARD}
    showed = lines([told()[0], shown(OTHER, "QsQd")], connection=2)
    assert wrongs(written + showed, settled()) == set()


def test_cards_shown_that_were_not_held() -> None:
    assert wrongs(lines([*told(), shown(OTHER, "AcAd")]), settled()) == {Wrong.FOREIGN_CARD}
    assert wrongs(lines([*told(), shown(OTHER, "Qs")]), settled()) == set()


def test_two_settlements() -> None:
    assert wrongs(both(told()), settled(settlements=2)) == {Wrong.SETTLED_TWICE}


def test_two_hands_of_one_number() -> None:
    other = evolve(settled(), hand_id=HandId(UUID(int=8)))
    found = check_hands({}, {HAND: settled(), other.hand_id: other})
    assert {objection.wrong for objection in found} == {Wrong.SETTLED_TWICE}


def test_another_result() -> None:
    results = (SeatNet(OTHER, Krw(-5700), Krw(94_300)), SeatNet(BUTTON, Krw(5700), Krw(95_700)))
    events = [
        evolve(one, rake=Krw(0), results=results) if isinstance(one, HandEnded) else one for one in told()
    ]
    assert wrongs(lines(events), settled()) == {Wrong.OTHER_RESULT}


def test_other_stacks_before_the_hand() -> None:
    poorer = [evolve(one, seats=()) for one in told() if isinstance(one, HandStarted)]
    assert wrongs(lines(poorer), settled()) == {Wrong.OTHER_RESULT}


def test_a_record_that_was_changed() -> None:
    changed = settled().record.replace(b"p2 cbr 8000", b"p2 cbr 9000")
    assert wrongs(both(told()), evolve(settled(), record=changed)) == {Wrong.OTHER_RESULT}
    assert wrongs(both(told()), evolve(settled(), record=b"no record")) == {Wrong.OTHER_RESULT}


def test_a_line_that_was_torn_is_passed_over() -> None:
    assert Seen().read([*lines(told()), '{"at":5']).hands[HAND].table_id == TABLE

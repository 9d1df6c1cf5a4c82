"""Whoever reads the answer to a request has read before what it has caused."""

from collections.abc import Iterable, Sequence

import pytest
import trio
from attrs import define
from trio.testing import MockClock

from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.refusals import Refusal
from node.tables.answers import Answers
from node.tables.audience import Notice, Publisher, Viewer
from tests.node.tables.house import BUY_IN, HALF, TABLE, Guest, House, open_house, settle

INSUFFICIENT = wire.Refused(1, Refusal.INSUFFICIENT_FUNDS)


def before_the_answer(guest: Guest, kind: type) -> bool:
    """Say whether a message of this kind is the newest but for the last answer."""
    done = max(place for place, one in enumerate(guest.heard) if isinstance(one, wire.Done))
    caused = max(place for place, one in enumerate(guest.heard) if isinstance(one, kind))
    return caused < done


async def test_answers_are_given_once_and_in_order() -> None:
    async with open_house() as house:
        one, answers = house.guest(1), Answers()
        await settle()
        for number in (1, 2):
            answers.note(one, wire.Done(number))
        assert one.all(wire.Done) == []
        for _ in range(2):
            answers.give(house.table.telling)
        house.table.telling.end_step(None)
        assert one.all(wire.Done) == [wire.Done(1), wire.Done(2)]


async def test_a_buy_in_and_a_top_up_are_seen_before_they_are_answered(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one = house.guest(1)
        one.sit(0, HALF)
        await settle()
        assert before_the_answer(one, wire.SeatChanged)
        assert before_the_answer(one, PlaceChanged)
        heard = len(one.heard)
        one.ask(asks.TopUp(one.next_id(), TABLE, Krw(10_000)))
        await settle()
        assert [type(message) for message in one.heard[heard:]] == [wire.SeatChanged, PlaceChanged, wire.Done]
        assert one.last(wire.SeatChanged).stack == HALF + 10_000


async def acts(house: House) -> Guest:
    actor, _ = await house.dealt(BUY_IN)
    actor.act(asks.ActionKind.CALL)
    return actor


async def sits_out(house: House) -> Guest:
    one, _ = await house.dealt(BUY_IN)
    one.sit_out()
    return one


@pytest.mark.parametrize(("asks_for", "caused"), [(acts, wire.TurnBegan), (sits_out, wire.SeatChanged)])
async def test_what_was_done_is_seen_before_the_answer(
    autojump_clock: MockClock, asks_for: object, caused: type
) -> None:
    async with open_house() as house:
        guest = await asks_for(house)  # type: ignore[operator]  # one of the two above
        await settle()
        assert before_the_answer(guest, caused)


@define
class BrokenPublisher:
    """Fails once, as a mistake of ours may, then writes what it is given."""

    whole: Publisher
    has_failed: bool = False

    def frame(self, viewers: Iterable[Viewer], notices: Sequence[Notice]) -> Sequence[tuple[Viewer, bytes]]:
        if not self.has_failed:
            self.has_failed = True
            raise RuntimeError("the events are not told")
        return self.whole.frame(viewers, notices)

    def frame_message(
        self, viewers: Iterable[Viewer], message: wire.TableMessage
    ) -> Sequence[tuple[Viewer, bytes]]:
        return self.whole.frame_message(viewers, message)


@pytest.mark.parametrize(("purse", "answer"), [(BUY_IN, wire.Done(1)), (HALF, INSUFFICIENT)])
async def test_what_is_decided_is_answered_though_the_telling_crashes(
    autojump_clock: MockClock, purse: Krw, answer: wire.TableMessage
) -> None:
    async with open_house() as house:
        one = house.guest(1, purse)
        house.ledger.is_silent = True
        one.sit(0)
        await settle()
        house.table.telling.publisher = BrokenPublisher(house.table.telling.publisher)
        house.ledger.speak()
        await trio.sleep(1)
        assert house.table.has_crashed
        assert [*one.all(wire.Done), *one.all(wire.Refused)] == [answer]
        assert one.place.seat == (0 if answer == wire.Done(1) else None)

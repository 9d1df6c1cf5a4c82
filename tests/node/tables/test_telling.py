"""What a table tells comes after the journal has it, in order, and nobody who listens breaks it."""

from collections.abc import Callable

from attrs import define, field

from cardroom.ids import UserId
from cardroom.service.logs import open_log
from cardroom.service.settings import LogSettings
from cardroom.wire.codec import Encoding
from cardroom.wire.table import CloseCode, Done, TableMessage
from node.sessions.fanout import Fanout, Framer
from node.tables.telling import Telling

QUIET = open_log(LogSettings(level="error"), "tests")


@define(eq=False)
class Listener:
    """A connection that notes each write, and why it was closed."""

    user_id: UserId
    nickname: str = "player"
    address: str = "192.0.2.1"
    encoding: Encoding = Encoding.MSGPACK
    heard: list[bytes | CloseCode] = field(factory=list)

    def answer(self, message: TableMessage) -> None:
        raise AssertionError("a step is told by frames")

    def offer_frames(self, frames: bytes) -> None:
        self.heard.append(frames)

    def kick(self, code: CloseCode) -> None:
        self.heard.append(code)

    def move(self, url: str) -> None:
        raise AssertionError("nobody moves")


def frames(*numbers: int) -> bytes:
    return b"".join(Framer(Encoding.MSGPACK).frame(Done(number)) for number in numbers)


@define
class Desk:
    """A telling whose steps the test keeps by hand."""

    telling: Telling = field(factory=lambda: Telling(Fanout({one: Framer(one) for one in Encoding}), QUIET))
    told: list[str] = field(factory=list)
    waiting: list[Callable[[], None]] = field(factory=list)

    def step(self, *words: str, changes: bool = True) -> None:
        for word in words:
            self.telling.call(lambda word=word: self.told.append(word))  # type: ignore[misc]
        self.telling.end_step(self.waiting.append if changes else None)

    def keep(self) -> None:
        self.waiting.pop(0)()


def test_a_step_is_told_when_it_is_kept() -> None:
    desk = Desk()
    desk.step("a", "b")
    assert (desk.told, desk.telling.is_held) == ([], True)
    desk.keep()
    assert (desk.told, desk.telling.is_held) == (["a", "b"], False)


def test_a_step_that_changes_nothing_is_told_at_once_if_nothing_waits() -> None:
    desk = Desk()
    desk.step("a", changes=False)
    assert desk.told == ["a"]


def test_a_step_that_changes_nothing_waits_for_those_before_it() -> None:
    desk = Desk()
    desk.step("a")
    desk.step("b", changes=False)
    desk.step("c")
    desk.step("d", changes=False)
    assert desk.told == []
    desk.keep()
    assert desk.told == ["a", "b"]
    desk.keep()
    assert desk.told == ["a", "b", "c", "d"]


def test_a_step_that_tells_nothing_holds_the_following_ones_all_the_same() -> None:
    desk = Desk()
    desk.step()
    desk.step("a", changes=False)
    assert desk.told == []
    desk.keep()
    assert desk.told == ["a"]


def test_what_a_crashed_step_was_about_to_tell_is_never_told() -> None:
    desk = Desk()
    desk.step("a")
    desk.telling.call(lambda: desk.told.append("never"))
    desk.telling.drop_step()
    desk.step("b")
    desk.keep()
    desk.keep()
    assert desk.told == ["a", "b"]


def test_a_step_may_be_kept_at_once() -> None:
    desk = Desk()
    desk.telling.call(lambda: desk.told.append("a"))
    desk.telling.end_step(lambda on_kept: on_kept())
    assert (desk.told, desk.telling.is_held) == (["a"], False)


def test_who_listens_breaks_neither_others_nor_the_journal() -> None:
    desk = Desk()

    def broken() -> None:
        raise RuntimeError("a listener of the tests")

    desk.telling.call(broken)
    desk.step("a")
    desk.step("b")
    desk.keep()
    desk.keep()
    assert desk.told == ["a", "b"]


def test_a_connection_gets_all_of_a_step_in_one_write_and_is_closed_after_it() -> None:
    desk, one, other = Desk(), Listener(UserId(1)), Listener(UserId(2))
    telling = desk.telling
    telling.kick(one, CloseCode.REPLACED)
    telling.send((one, other), Done(1))
    telling.answer(one, Done(2))
    telling.end_step(desk.waiting.append)
    telling.answer(one, Done(3))
    telling.end_step(None)
    assert (one.heard, other.heard) == ([], [])
    desk.keep()
    assert one.heard == [frames(1, 2, 3), CloseCode.REPLACED]
    assert other.heard == [frames(1)]


def test_what_is_told_while_telling_belongs_to_the_next_step() -> None:
    desk = Desk()
    desk.telling.call(lambda: desk.telling.call(lambda: desk.told.append("later")))
    desk.step("a")
    desk.keep()
    assert desk.told == ["a"]
    desk.step(changes=False)
    assert desk.told == ["a", "later"]

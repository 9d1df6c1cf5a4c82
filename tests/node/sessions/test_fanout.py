"""A broadcast: encoded and framed once per encoding, private cards only to their owner."""

from collections.abc import Iterable

from attrs import define, field
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, TextMessage

from cardroom.ids import TableId, UserId
from cardroom.wire.cards import CardCode
from cardroom.wire.chat import Said
from cardroom.wire.codec import Encoding
from cardroom.wire.table import (
    CardsDealt,
    StateChanged,
    TableMessage,
    TableState,
    table_codec,
)
from node.sessions.fanout import Fanout, Framer
from node.tables.audience import Notice, Viewer

ONE, TWO, STRANGER = UserId(1), UserId(2), UserId(3)
CARDS = CardsDealt(TableId(1), 5, 2, cards=())
OWN = CardsDealt(TableId(1), 5, 2, cards=(CardCode(51), CardCode(0)))
STATE = StateChanged(TableId(1), 4, 2, state=TableState.PLAYING)


@define
class Seen:
    """A viewer that keeps the very bytes."""

    user_id: UserId
    encoding: Encoding
    nickname: str = "somebody"
    address: str = ""
    got: list[bytes] = field(factory=list)

    def offer_frames(self, frames: bytes) -> None:
        self.got.append(frames)

    def answer(self, message: TableMessage) -> None:
        raise AssertionError("a broadcast answers nobody")

    def kick(self, code: object) -> None:
        raise AssertionError("nobody is kicked")

    def move(self, url: str) -> None:
        raise AssertionError("nobody is moved")

    def messages(self) -> list[TableMessage]:
        """Read the frames as a WebSocket client does."""
        client = Connection(ConnectionType.CLIENT)
        client.receive_data(b"".join(self.got))
        codec, found = table_codec(self.encoding), []
        for event in client.events():
            assert isinstance(event, BytesMessage | TextMessage)
            assert event.message_finished
            assert isinstance(event, BytesMessage) is (self.encoding is Encoding.MSGPACK)
            found.append(codec.decode(event.data if isinstance(event.data, str) else bytes(event.data)))
        return found


@define
class CountingFramer:
    """Counts what is encoded."""

    framer: Framer
    framed: int = 0

    def frame(self, message: TableMessage) -> bytes:
        self.framed += 1
        return self.framer.frame(message)


def offer(framed: Iterable[tuple[Viewer, bytes]]) -> None:
    for viewer, frames in framed:
        viewer.offer_frames(frames)


def test_each_gets_the_same_bytes_and_the_owner_the_cards() -> None:
    counting = {encoding: CountingFramer(Framer(encoding)) for encoding in Encoding}
    viewers = [Seen(ONE, Encoding.MSGPACK), Seen(ONE, Encoding.JSON)]
    viewers += [Seen(UserId(10 + n), Encoding.MSGPACK) for n in range(20)]
    viewers += [Seen(UserId(40 + n), Encoding.JSON) for n in range(20)]
    offer(Fanout(counting).frame(viewers, [Notice(STATE), Notice(CARDS, {ONE: OWN})]))  # type: ignore[arg-type]
    assert [one.framed for one in counting.values()] == [3, 3]  # two for all, one for the owner's device
    for viewer in viewers:
        assert viewer.messages() == [STATE, OWN if viewer.user_id == ONE else CARDS]
    assert all(one.got[0] is viewers[2].got[0] for one in viewers[2:22])
    assert all(one.got[0] is viewers[22].got[0] for one in viewers[22:])


def test_two_owners_get_their_own_and_nobody_elses() -> None:
    other = CardsDealt(TableId(1), 5, 2, cards=(CardCode(7), CardCode(8)))
    viewers = [Seen(user, Encoding.MSGPACK) for user in (TWO, STRANGER, ONE)]
    fanout = Fanout({encoding: Framer(encoding) for encoding in Encoding})
    offer(fanout.frame(viewers, [Notice(CARDS, {ONE: OWN, TWO: other})]))
    assert [viewer.messages() for viewer in viewers] == [[other], [CARDS], [OWN]]


def test_what_is_no_event_is_framed_once_too() -> None:
    counting = {encoding: CountingFramer(Framer(encoding)) for encoding in Encoding}
    viewers = [Seen(UserId(n), encoding) for n in range(5) for encoding in Encoding]
    said = Said(TableId(1), ONE, "one", "안녕", 1_700_000_000_000)
    offer(Fanout(counting).frame_message(viewers, said))  # type: ignore[arg-type]
    assert [one.framed for one in counting.values()] == [1, 1]
    assert [viewer.messages() for viewer in viewers] == [[said]] * 10

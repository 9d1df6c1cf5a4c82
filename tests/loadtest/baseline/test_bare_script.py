"""What the bare server sends: every message of real hands, the same each time."""

from cardroom.wire.codec import Encoding
from cardroom.wire.table import CardsDealt, HandEnded, table_codec
from loadtest.baseline.bare_script import play_script

SEATS, HANDS = 6, 10


def test_the_script_has_all_messages_of_its_hands_in_order() -> None:
    codec = table_codec(Encoding.MSGPACK)
    bundles = play_script(SEATS, HANDS)
    messages = [codec.decode(data) for bundle in bundles for data in bundle]
    assert all(bundles)
    assert sum(isinstance(message, HandEnded) for message in messages) == HANDS
    dealt = [message for message in messages if isinstance(message, CardsDealt)]
    assert len(dealt) == HANDS
    assert all(len(message.cards) == 2 for message in dealt)


def test_it_has_as_many_messages_each_time() -> None:
    assert [len(bundle) for bundle in play_script(SEATS, HANDS)] == [
        len(bundle) for bundle in play_script(SEATS, HANDS)
    ]

"""A stranger who writes msgpack: ``python -m tests.system.stranger_msgpack ROUTER NICKNAME PASSWORD``.

The tables below are copied from ``docs/protocol.md``, as far as this client needs them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.system.stranger import Message, play

ACTION_KINDS = ("fold", "check", "call", "raise_to", "all_in")
SEAT_STATUSES = ("reserved", "playing", "sitting_out", "waiting_for_blind", "leaving")
STREETS = ("preflop", "flop", "turn", "river")
MOVES = ("fold", "check", "call", "bet", "raise")
REFUSALS = {
    4: "rate_limited", 5: "busy", 17: "table_unavailable", 18: "table_full", 20: "seat_taken", 25: "leaving",
    26: "no_hand", 27: "stale_hand", 28: "stale_turn", 29: "out_of_turn", 34: "insufficient_funds",
    45: "not_offered", 46: "seat_offered",
}  # fmt: skip
"""By position; what is not here is told by its number."""

PLACE = (
    "seat straddles posts_blind sits_out_at_big_blind leaves_after_hand auto_top_up_to arriving min_buy_in"
    " max_buy_in waiting_number offered_seat offer_left_ms"
)
PARTS = {
    "legal": "can_check call_amount min_raise_to max_raise_to all_in_amount",
    "turn": "seat turn phase left_ms bank_ms legal",
    "offer": "seats left_ms",
    "you": PLACE,
    "place": PLACE,
}
"""Fields that are a part of a message, and what it is made of."""
LISTS = {
    ("snapshot", "pots"): "amount seats",
    ("hand_started", "posts"): "seat kind amount street_bet stack",
    ("hand_voided", "stacks"): "seat stack",
    ("openings", "openings"): "position card salt path",
    ("snapshot", "seats"): "seat user_id nickname stack status is_in_hand street_bet cards",
    ("hand_started", "seats"): "seat stack",
    ("hand_ended", "results"): "seat net stack",
}
"""Fields of messages that are a list of parts."""

EVENT = "table_id table_seq hand_no state_hash"
SNAPSHOT = (
    "table_id table_seq hand_no name stake small_blind big_blind min_buy_in max_buy_in seat_count options"
    " is_private state hand_id button street board pots seats turn run_it_twice waiting you"
)
HEARD = {
    1: ("welcome", "user_id nickname node heartbeat_seconds resume"),
    3: ("done", "request_id"),
    4: ("refused", "request_id code"),
    5: ("snapshot", SNAPSHOT),
    6: ("seat_taken", f"{EVENT} seat user_id nickname status stack"),
    7: ("seat_changed", f"{EVENT} seat status stack"),
    8: ("seat_left", f"{EVENT} seat user_id paid reason"),
    9: ("state_changed", f"{EVENT} state"),
    10: ("hand_started", f"{EVENT} hand_id button small_blind_seat big_blind_seat seats posts commitment"),
    11: ("cards_dealt", f"{EVENT} cards"),
    12: ("turn_began", f"{EVENT} turn"),
    13: ("acted", f"{EVENT} seat kind amount street_bet stack is_all_in cause"),
    14: ("street_dealt", f"{EVENT} street board cards"),
    15: ("uncalled_returned", f"{EVENT} seat amount stack"),
    16: ("hand_shown", f"{EVENT} seat cards hand"),
    17: ("hand_mucked", f"{EVENT} seat"),
    18: ("pot_awarded", f"{EVENT} pot board wins"),
    19: ("hand_ended", f"{EVENT} hand_id rake results"),
    20: ("hand_voided", f"{EVENT} hand_id stacks"),
    21: ("run_it_twice_offered", f"{EVENT} offer"),
    22: ("run_it_twice_decided", f"{EVENT} twice"),
    23: ("time_extended", f"{EVENT} seat turn phase left_ms"),
    24: ("waiting_list_changed", f"{EVENT} waiting"),
    25: ("place_changed", "table_id place reason"),
    26: ("announced", f"{EVENT} text"),
    27: ("said", "table_id user_id nickname text unix_ms"),
    28: ("emoted", "table_id user_id emote"),
    29: ("openings", "request_id table_id hand_no hand_id commitment openings"),
    30: ("table_paused", "table_id is_paused"),
    32: ("table_held", "table_id reasons text"),
    31: ("moved", "table_id url resume"),
    33: ("reality_check", "table_id seated_seconds net"),
    34: (
        "deposit_notice",
        "deposit coin coin_amount state confirmations needed krw_amount reason krw_balance",
    ),
    35: ("withdrawal_notice", "withdrawal coin state krw_amount coin_amount tx_hash reason krw_balance"),
}
"""By tag: the name and the fields of a message of the node."""

SAID = {
    "hello": (1, "ticket invitation"),
    "sit_down": (3, "request_id table_id seat buy_in posts_blind"),
    "leave": (4, "request_id table_id after_hand"),
    "sit_in": (6, "request_id table_id posts_blind"),
    "act": (7, "action_id table_id hand_no turn kind amount"),
    "run_it_twice": (9, "request_id table_id hand_no agrees"),
    "prove": (20, "request_id table_id hand_no"),
}
"""By name: the tag and the fields of a message of the player."""


def write(message: Message) -> bytes:
    """Write a message: its tag, then its fields in order."""
    tag, fields = SAID[message["type"]]
    values = [message[name] for name in fields.split()]
    if message["type"] == "act":
        values[fields.split().index("kind")] = ACTION_KINDS.index(message["kind"])
    return bytes(msgpack.packb([tag, *values]))


def read(data: bytes) -> Message:
    """Read a message; one of an unknown tag has no fields."""
    tag, *values = msgpack.unpackb(data)
    name, fields = HEARD.get(tag, (f"message_{tag}", ""))
    return {"type": name, **_named(name, fields, values)}


def _named(message: str, fields: str, values: list[Any]) -> Message:
    """Give names to values; those at the end that have none yet are passed over."""
    names = zip(fields.split(), values, strict=False)
    return {name: _read_value(message, name, value) for name, value in names}


def _read_value(message: str, name: str, value: Any) -> Any:
    if (message, name) in LISTS:
        return [_named(name, LISTS[message, name], one) for one in value]
    if name in PARTS and isinstance(value, list):
        return _named(name, PARTS[name], value)
    if isinstance(value, bytes):
        return value.hex()
    if name == "path":
        return [one.hex() for one in value]
    for_words = {"status": SEAT_STATUSES, "street": STREETS, "kind": MOVES if message == "acted" else ()}
    if name in for_words and value is not None:
        return for_words[name][value] if for_words[name] else value
    return REFUSALS.get(value, f"refusal_{value}") if name == "code" else value


class MsgpackLine:
    """Binary frames, one array each."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def say(self, message: Message) -> None:
        self._socket.send(write(message))

    def hear(self, seconds: float) -> Message | None:
        try:
            data = self._socket.recv(seconds)
        except TimeoutError:
            return None
        assert isinstance(data, bytes)
        return read(data)


@contextmanager
def open_line(url: str) -> Iterator[MsgpackLine]:
    with connect(url, subprotocols=[Subprotocol("holdem.v1.msgpack")], proxy=None) as socket:
        assert socket.subprotocol == "holdem.v1.msgpack"
        yield MsgpackLine(socket)


if __name__ == "__main__":
    play(open_line)

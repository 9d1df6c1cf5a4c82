"""What a careful stranger checks by ``docs/protocol.md`` alone: the hash of the state, proofs of cards."""

import hashlib
from typing import Any

Message = dict[str, Any]
FOLD = "fold"


class PublicState:
    """The public state of a table, kept by the events since a snapshot."""

    def __init__(self, snapshot: Message) -> None:
        self._table_id = snapshot["table_id"]
        self._button = snapshot["button"]
        self._street = snapshot["street"]
        self._board: list[int] = list(snapshot["board"])
        self._second: list[int] = []
        turn = snapshot["turn"]
        self._turn = None if turn is None else (turn["seat"], turn["turn"])
        self._seats = {seat["seat"]: dict(seat) for seat in snapshot["seats"]}
        self._pot = sum(pot["amount"] for pot in snapshot["pots"])
        self._pot += sum(seat["street_bet"] for seat in self._seats.values())

    def is_right_after(self, event: Message) -> bool:
        """Take the next event in; say whether its hash, if it has one, is that of the state."""
        follow = getattr(self, f"_after_{event['type']}", None)
        if follow is not None:
            follow(event)
        return event["state_hash"] is None or event["state_hash"] == self._hash(event)

    def _hash(self, event: Message) -> str:
        seat, turn = self._turn or ("-", "-")
        button = "-" if self._button is None else self._button
        lines = [
            f"{self._table_id} {event['table_seq']} {event['hand_no']}",
            f"{button} {self._street or '-'} {_cards(self._board)} {_cards(self._second)}",
            str(self._pot),
            f"{seat} {turn}",
        ]
        for number, one in sorted(self._seats.items()):
            words = (number, one["user_id"], one["status"], one["stack"], one["street_bet"])
            lines.append(" ".join(map(str, (*words, int(one["is_in_hand"])))))
        text = "".join(f"{line}\n" for line in lines)
        return hashlib.sha256(text.encode()).digest()[:8].hex()

    def _after_seat_taken(self, event: Message) -> None:
        self._seats[event["seat"]] = {**event, "street_bet": 0, "is_in_hand": False}

    def _after_seat_changed(self, event: Message) -> None:
        self._seats[event["seat"]] |= {"status": event["status"], "stack": event["stack"]}

    def _after_seat_left(self, event: Message) -> None:
        del self._seats[event["seat"]]

    def _after_hand_started(self, event: Message) -> None:
        self._end_hand()
        self._button, self._street = event["button"], "preflop"
        for one in event["seats"]:
            self._seats[one["seat"]] |= {"stack": one["stack"], "is_in_hand": True}
        for post in event["posts"]:
            self._seats[post["seat"]] |= {"stack": post["stack"], "street_bet": post["street_bet"]}
            self._pot += post["amount"]

    def _after_turn_began(self, event: Message) -> None:
        self._turn = (event["turn"]["seat"], event["turn"]["turn"])

    def _after_acted(self, event: Message) -> None:
        seat = self._seats[event["seat"]]
        seat |= {"stack": event["stack"], "street_bet": event["street_bet"]}
        seat["is_in_hand"] = seat["is_in_hand"] and event["kind"] != FOLD
        self._pot += event["amount"]
        self._turn = None

    def _after_street_dealt(self, event: Message) -> None:
        if event["board"] == 1:
            self._gather_bets()
            self._street = event["street"]
            self._board += event["cards"]
        else:
            self._second += event["cards"]

    def _after_run_it_twice_offered(self, _: Message) -> None:
        self._gather_bets()

    def _after_uncalled_returned(self, event: Message) -> None:
        seat = self._seats[event["seat"]]
        seat["stack"] = event["stack"]
        seat["street_bet"] -= event["amount"]
        self._pot -= event["amount"]

    def _after_hand_mucked(self, event: Message) -> None:
        self._seats[event["seat"]]["is_in_hand"] = False

    def _after_hand_ended(self, event: Message) -> None:
        self._end_hand(event["results"])

    def _after_hand_voided(self, event: Message) -> None:
        self._end_hand(event["stacks"])

    def _gather_bets(self) -> None:
        self._turn = None
        for seat in self._seats.values():
            seat["street_bet"] = 0

    def _end_hand(self, stacks: list[Message] | None = None) -> None:
        self._gather_bets()
        self._street, self._board, self._second, self._pot = None, [], [], 0
        for one in stacks or []:
            self._seats[one["seat"]]["stack"] = one["stack"]
        for seat in self._seats.values():
            seat["is_in_hand"] = False


def proved_cards(openings: Message, commitment: str) -> dict[int, int]:
    """Give cards by their position in the deck; raises where one does not prove what was promised."""
    hand_id = bytes.fromhex(openings["hand_id"].replace("-", ""))
    found = {}
    for one in openings["openings"]:
        place = one["position"]
        salt = bytes.fromhex(one["salt"])
        value = hashlib.sha256(b"\0" + hand_id + bytes((place, one["card"])) + salt).digest()
        for other in map(bytes.fromhex, one["path"]):
            pair = other + value if place % 2 else value + other
            value = hashlib.sha256(b"\x01" + pair).digest()
            place //= 2
        if value.hex() != commitment:
            raise RuntimeError(f"the card at {one['position']} is not the one that was promised")
        found[one["position"]] = one["card"]
    return found


def _cards(cards: list[int]) -> str:
    return ",".join(map(str, cards)) or "-"

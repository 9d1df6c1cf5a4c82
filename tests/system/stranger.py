"""A player who knows of the cluster only what ``docs/protocol.md`` says, and imports nothing of the project.

Registers, waits for money, logs in, sits down where others play, plays hands, leaves, waits for the payment
and tells as JSON what was seen. How messages are written is up to two scripts that use this, one for each
encoding.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import httpx

from tests.system.stranger_checks import PublicState, proved_cards

Message = dict[str, Any]

QUIET_SECONDS = 5.0
"""Who hears nothing from a table for so long goes to another one."""
LATE = 5
"""For so many times as long an answer or a payment may be awaited."""
LOBBY_SECONDS = 0.5
"""Time between two looks at a lobby in which no table has a free seat."""
TRIES = 50
"""Looks at the lobby, attempts at a request, visits to tables; more would mean that something is wrong."""
GOES_ELSEWHERE = ("seat_taken", "table_full", "table_unavailable", "seat_offered")
"""Others were faster: there are more tables."""
DECIDED = ("not_offered", "no_hand", "stale_hand")
"""Another player's no was faster than the own answer."""


class Line(Protocol):
    """A connection to a node in one of the encodings."""

    def say(self, message: Message) -> None:
        """Send a message; its fields stand in the order of the page."""

    def hear(self, seconds: float) -> Message | None:
        """Give the next message; None when none comes in time."""


Connect = Callable[[str], AbstractContextManager[Line]]


@dataclass
class Report:
    """What was seen, over all visits."""

    hands: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    wrong_hashes: int = 0
    hashes: int = 0
    foreign_cards: int = 0
    proved_cards: int = 0
    unbalanced_hands: int = 0
    run_it_twice_answers: int = 0
    notices: int = 0
    buy_ins: int = 0
    bought_in: int = 0
    payments: int = 0
    paid: int = 0


class Router:
    """Accounts, lobby and tickets over HTTP."""

    def __init__(self, url: str, nickname: str, password: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=10.0, trust_env=False)
        self._nickname = nickname
        self._account = {"email": f"{nickname}@strangers.invalid", "password": password}

    def register(self) -> int:
        """Open an account; gives the player's number."""
        body = {"nickname": self._nickname, **self._account}
        return int(self._ask("POST", "/api/v1/auth/register", body)["user_id"])

    def log_in(self) -> None:
        token = self._ask("POST", "/api/v1/auth/login", self._account)["token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def choose_table(self, stake: str | None, seats: int | None) -> int:
        """Choose an open table with a free seat where the most others sit; waits until there is one."""
        for _ in range(TRIES):
            lobby = self._ask("GET", "/api/v1/tables")
            fitting = [
                (table["players"], table["table_id"])
                for table in lobby["tables"]
                if table["is_open"]
                and 0 < table["players"] < table["seat_count"]
                and stake in (None, table["stake"])
                and seats in (None, table["seat_count"])
            ]
            if fitting:
                return int(max(fitting)[1])
            time.sleep(LOBBY_SECONDS)
        raise RuntimeError("no table has a free seat")

    def ticket(self, table_id: int) -> Message:
        return self._ask("POST", f"/api/v1/tables/{table_id}/ticket")

    def _ask(self, method: str, path: str, body: Message | None = None) -> Message:
        """Give the answer to a request; what cannot be served now is asked for again when the router says."""
        for _ in range(TRIES):
            answer = self._http.request(method, path, json=body)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return dict(answer.raise_for_status().json())
            time.sleep(float(answer.headers["Retry-After"]))
        raise RuntimeError(f"{path} cannot be served")


class Visit:
    """One connection to one table: sit down, play, leave."""

    def __init__(self, line: Line, hands: int, report: Report, random: Random) -> None:
        self._line = line
        self._hands = hands
        self._report = report
        self._random = random
        self._number = time.time_ns() // 1000
        self._table: Message = {}
        self._place: Message = {}
        self._state: PublicState | None = None
        self._started: Message = {}
        self._buy_in = 0
        self._user_id = 0
        self._seat: int | None = None
        self._is_dealt_in = False
        self._cards: list[int] = []
        self._asked: dict[int, str] = {}
        self._is_leaving = False
        self._wants_seat = False
        self._is_over = False

    def run(self, ticket: str) -> None:
        """Play until there are enough hands, or the table is quiet; returns without a seat."""
        self._line.say({"type": "hello", "ticket": ticket, "invitation": ""})
        quiet = 0
        while not self._is_over:
            message = self._line.hear(QUIET_SECONDS)
            quiet = 0 if message is not None else quiet + 1
            if message is not None:
                self._take(message)
            elif quiet > LATE:
                raise RuntimeError(f"nothing comes; asked for {self._asked}")
            elif not self._asked and not self._is_leaving:
                self._leave()

    def _take(self, message: Message) -> None:
        if "table_seq" in message:
            self._check_number(message)
        react = getattr(self, f"_on_{message['type']}", None)
        if react is not None:
            react(message)

    def _check_number(self, message: Message) -> None:
        if message["type"] != "snapshot" and message["table_seq"] != self._table["table_seq"] + 1:
            self._report.gaps += 1
        self._table["table_seq"] = message["table_seq"]
        if message["type"] == "snapshot":
            self._state = PublicState(message)
        elif self._state is not None:
            self._report.hashes += message["state_hash"] is not None
            self._report.wrong_hashes += not self._state.is_right_after(message)

    def _ask(self, message: str, **fields: Any) -> None:
        """Send a request with the next number."""
        self._number += 1
        self._asked[self._number] = message
        name = "action_id" if message == "act" else "request_id"
        self._line.say({"type": message, name: self._number, "table_id": self._table["table_id"], **fields})

    def _sit_down(self) -> None:
        self._ask("sit_down", seat=None, buy_in=self._place["max_buy_in"], posts_blind=True)
        self._buy_in = self._place["max_buy_in"]

    def _leave(self) -> None:
        self._is_leaving = True
        if self._seat is None:
            self._is_over = True
        else:
            self._ask("leave", after_hand=False)

    # What the node says, by the name of the message.

    def _on_welcome(self, message: Message) -> None:
        self._user_id = message["user_id"]

    def _on_snapshot(self, message: Message) -> None:
        self._table = message
        self._place = message["you"]
        self._seat = self._place["seat"]
        is_hidden = message["turn"] is not None  # while somebody is to act nobody has shown anything
        others = [seat for seat in message["seats"] if seat["seat"] != self._seat]
        self._report.foreign_cards += is_hidden and any(seat["cards"] for seat in others)
        if self._seat is None:
            self._sit_down()

    def _on_place_changed(self, message: Message) -> None:
        self._place = message["place"]
        if self._wants_seat and self._seat is None:
            self._wants_seat = False
            self._sit_down()

    def _on_done(self, message: Message) -> None:
        if self._asked.pop(message["request_id"]) == "sit_down":
            self._report.buy_ins += 1
            self._report.bought_in += self._buy_in

    def _on_refused(self, message: Message) -> None:
        match self._asked.pop(message["request_id"], ""), message["code"]:
            case "sit_down", code if code in GOES_ELSEWHERE:
                self._is_over = True
            case "run_it_twice", code if code in DECIDED:
                pass
            case _, code:
                self._report.refusals[code] += 1

    def _on_seat_taken(self, message: Message) -> None:
        if message["user_id"] == self._user_id:
            self._seat = message["seat"]

    def _on_seat_changed(self, message: Message) -> None:
        is_out = message["seat"] == self._seat and message["status"] == "sitting_out"
        if is_out and message["stack"] > 0 and not self._is_leaving:
            self._ask("sit_in", posts_blind=True)

    def _on_seat_left(self, message: Message) -> None:
        if message["user_id"] != self._user_id:
            return
        self._seat = None
        self._report.payments += 1
        self._report.paid += message["paid"]
        self._is_over = self._is_leaving
        self._wants_seat = True  # what the next buy-in must be is said in a moment

    def _on_hand_started(self, message: Message) -> None:
        self._started = message
        self._is_dealt_in = any(dealt["seat"] == self._seat for dealt in message["seats"])
        self._cards = []

    def _on_cards_dealt(self, message: Message) -> None:
        self._cards = message["cards"]
        self._report.foreign_cards += len(self._cards) != (2 if self._is_dealt_in else 0)

    def _on_hand_shown(self, message: Message) -> None:
        is_mine = message["seat"] == self._seat
        self._report.foreign_cards += not is_mine and bool(set(message["cards"]) & set(self._cards))

    def _on_turn_began(self, message: Message) -> None:
        turn = message["turn"]
        if turn["seat"] == self._seat:
            kind, amount = self._choose(turn["legal"])
            self._report.actions[kind] += 1
            self._ask("act", hand_no=message["hand_no"], turn=turn["turn"], kind=kind, amount=amount)

    def _on_run_it_twice_offered(self, message: Message) -> None:
        if self._seat in message["offer"]["seats"]:
            self._report.run_it_twice_answers += 1
            self._ask("run_it_twice", hand_no=message["hand_no"], agrees=self._random.random() < 0.7)

    def _on_deposit_notice(self, message: Message) -> None:
        self._report.notices += message["coin"] == "BTC" and message["confirmations"] < message["needed"]

    def _on_hand_ended(self, message: Message) -> None:
        nets = [one["net"] for one in message["results"]]
        self._report.unbalanced_hands += sum(nets) + message["rake"] != 0
        mine = next((one for one in message["results"] if one["seat"] == self._seat), None)
        if mine is None or self._is_leaving:
            return
        self._report.hands += 1
        self._ask("prove", hand_no=message["hand_no"])
        if self._report.hands >= self._hands:
            self._leave()
        elif mine["stack"] == 0:
            self._ask("leave", after_hand=False)  # and sit down again when the seat is free

    def _on_openings(self, message: Message) -> None:
        """The own hole cards are where the order of dealing wants them."""
        self._asked.pop(message["request_id"])
        if message["hand_id"] != self._started["hand_id"]:
            return  # the next hand has begun, and its cards are dealt
        cards = proved_cards(message, self._started["commitment"])
        seats = [one["seat"] for one in self._started["seats"]]
        place = seats.index(self._seat)
        mine = [cards[place], cards[place + len(seats)]]
        if mine != self._cards:
            raise RuntimeError(f"{mine} were promised, {self._cards} dealt")
        self._report.proved_cards += len(cards)

    def _choose(self, legal: Message) -> tuple[str, int]:
        """Mostly check or call what is not much; raise or put everything in now and then."""
        luck = self._random.random()
        if legal["all_in_amount"] is not None and luck < 0.01:
            return "all_in", 0
        if legal["min_raise_to"] is not None and luck < 0.12:
            return "raise_to", legal["min_raise_to"]
        if legal["can_check"]:
            return "check", 0
        is_cheap = legal["call_amount"] <= 10 * self._table["big_blind"]
        return ("call", 0) if is_cheap and luck < 0.7 else ("fold", 0)


def play(connect: Connect) -> None:
    """Do all that the command line asks for; ``connect`` opens a line to an address."""
    options = _command_line().parse_args()
    router = Router(options.router, options.nickname, options.password)
    _tell({"user_id": router.register()})
    sys.stdin.readline()  # whoever started this has put money into the wallet
    router.log_in()
    report, random = Report(), Random(options.nickname)
    for _ in range(TRIES):
        ticket = router.ticket(router.choose_table(options.stake, options.seats))
        with connect(ticket["url"]) as line:
            Visit(line, options.hands, report, random).run(ticket["ticket"])
        if report.hands >= options.hands:
            break
    _tell(vars(report))


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Plays hands by the protocol's page alone.")
    parser.add_argument("router", help="address of the router")
    parser.add_argument("nickname")
    parser.add_argument("password")
    parser.add_argument("--hands", type=int, default=50)
    parser.add_argument("--stake", help="only tables of this game")
    parser.add_argument("--seats", type=int, help="only tables of this size")
    return parser


def _tell(seen: Message) -> None:
    sys.stdout.write(json.dumps(seen) + "\n")
    sys.stdout.flush()

"""docs/wallet-api.md: every route stands there, and every example is answered as it says."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from quart_trio import QuartTrio

from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.parameters import write_time
from cardroom.service.redis import Redis
from cardroom.wire.notices import event_codec
from tests.wallet_worker.house import LINK, LOG, House, hand_of, hold
from tests.wallet_worker.letters import bury
from tests.wallet_worker.office import log_in, make_office, post
from tests.wallet_worker.outside import deposit, held
from tests.wallet_worker.terms import limit
from wallet_worker.api.event_feed import EventFeed
from wallet_worker.api.events import event_pages
from wallet_worker.api.letters import letter_pages
from wallet_worker.ledger.letter_desk import LetterDesk
from wallet_worker.payment_settings import NoticeSettings
from wallet_worker.store.book_deposit import book_deposit

_EXAMPLE = re.compile(
    r"^### (?P<heading>[A-Z]+ \S+)$.*?```http\n(?P<asked>.*?)\n→ (?P<status>\d+)\n```\n\n"
    r"```(?P<language>json|csv|text)\n(?P<answer>.*?)\n```",
    re.DOTALL | re.MULTILINE,
)


@frozen
class Example:
    """One request of the guide and what it says the answer is."""

    heading: str
    method: str
    path: str
    token: str
    body: str | None
    status: int
    answer: str


@pytest.fixture
def guide(project_root: Path) -> str:
    return (project_root / "docs" / "wallet-api.md").read_text(encoding="utf-8")


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    app = make_office(house, redis)
    app.register_blueprint(letter_pages(LetterDesk(house.tools, redis, LOG)))
    logins = LoginLookup(redis, house.database, LookupSettings())
    feed = EventFeed(redis, NoticeSettings(), LOG)
    app.register_blueprint(
        event_pages(feed, logins, 0.1, is_welcome=lambda _: False)
    )  # ends at the first beat
    return app


def examples(guide: str) -> Iterator[Example]:
    for found in _EXAMPLE.finditer(guide):
        request, token, *body = found["asked"].split("\n")
        method, path = request.split(" ")
        yield Example(
            found["heading"], method, path, token.removeprefix("Authorization: Bearer "),
            body[0] if body else None, int(found["status"]), found["answer"],
        )  # fmt: skip


def routes(app: QuartTrio) -> set[str]:
    """Give all routes as the guide writes them."""
    found = set()
    for rule in app.url_map.iter_rules():
        words = re.search(r"<any\((.*?)\):\w+>", rule.rule)
        for word in words[1].split(", ") if words else [""]:
            path = re.sub(r"<(int:)?\w+>", "{id}", re.sub(r"<any\(.*?\):\w+>", word, rule.rule))
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found |= {f"{method} {path}" for method in methods if not path.startswith("/static")}
    return found


async def scene(app: QuartTrio, house: House, redis: Redis) -> dict[str, str]:
    """Let everything have happened that the examples speak of; gives the guide's words and what they mean."""
    user = house.players[0]
    await house.seat(0, 1000, 1000)
    hand = hand_of(house.tables[0], [(user, 0, -10), (house.players[1], 1, 9)])
    await house.ask(hand)
    await house.ask(hold(user, house.tables[1], 0, 500))
    credit = await book_deposit(house.database, deposit(user), LINK)
    await limit(house, 0, "loss_day", 100_000)
    await limit(house, 1, "deposit_day", 0)
    over = await book_deposit(house.database, deposit(house.players[1], number=2), LINK)
    await held(house)
    proposal = {"debit": "promotions", "credit": f"wallet:{user}", "amount": 1, "reason": "a bet was lost"}
    numbers = [
        (await post(app, "/admin/adjustments", proposal | {"idempotency_key": str(key)}))[1]["adjustment"]
        for key in range(2)
    ]
    why = {"reason": "asked to", "idempotency_key": "scene"}
    await post(app, f"/admin/users/{user}/unfreeze", why)
    letters = [(await bury(house, hold(house.players[2], table, 3, 100)))[0] for table in house.tables]
    words = {
        "$PLAYER": user, "$SHARD": house.shard, "$TRANSFER": credit["transfer"], "$LETTER": letters[0],
        "$OTHER_LETTER": letters[1], "$ADJUSTMENT": numbers[0], "$OTHER_ADJUSTMENT": numbers[1],
        "$HAND": hand.hand_id, "$TABLE": house.tables[0], "$ROOM": 1, "$HELD": over["held_deposit"],
        "$YESTERDAY": write_time(datetime.now(UTC) - timedelta(days=1)),
    }  # fmt: skip
    tokens = {"PLAYER": await log_in(redis, user), "ADMIN": "right", "SECOND": "other"}
    return {word: str(value) for word, value in words.items()} | tokens


def fill(text: str, words: dict[str, str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        if word.startswith("$"):
            text = text.replace(word, words[word])
    return text


async def ask(app: QuartTrio, example: Example, words: dict[str, str]) -> tuple[int, str]:
    client, path = app.test_client(), fill(example.path, words)
    headers = {"Authorization": f"Bearer {words[example.token]}"}
    if example.method == "GET":
        answer = await client.get(path, headers=headers)
    else:
        answer = await client.post(path, headers=headers, data=fill(example.body or "", words))
    return answer.status_code, await answer.get_data(as_text=True)


def differences(said: Any, found: Any, place: str = "answer") -> list[str]:
    """Compare the shape of two answers: the same fields, each of the same type; null goes with everything."""
    if isinstance(said, dict) and isinstance(found, dict):
        if said.keys() != found.keys():
            return [f"{place} has {sorted(found)}, the guide says {sorted(said)}"]
        return [one for name in said for one in differences(said[name], found[name], f"{place}.{name}")]
    if isinstance(said, list) and isinstance(found, list):
        return differences(said[0], found[0], f"{place}[0]") if said and found else []
    is_same = said is None or found is None or type(said) is type(found)
    return [] if is_same else [f"{place} is {found!r}, the guide says {said!r}"]


async def test_every_route_stands_in_the_guide_and_nothing_else(app: QuartTrio, guide: str) -> None:
    headings = re.findall(r"^### (.*)$", guide, re.MULTILINE)
    assert sorted(headings) == sorted(routes(app))
    assert [example.heading for example in examples(guide)] == headings


async def test_every_example_is_answered_as_the_guide_says(
    app: QuartTrio, house: House, redis: Redis, guide: str
) -> None:
    words = await scene(app, house, redis)
    wrong = []
    for example in examples(guide):
        status, text = await ask(app, example, words)
        wrong += [] if status == example.status else [f"{example.heading} is answered {status}: {text}"]
        if example.path.startswith("/api/v1/wallet/transactions.csv"):
            wrong += differences(*[one.splitlines()[0] for one in (example.answer, text)])
            assert (text.splitlines()[0], text.count("\r\n")) == (example.answer.splitlines()[0], 2)
        elif example.path == "/api/v1/wallet/events":
            assert example.answer.startswith(text)
            notice = example.answer.split("data: ")[2].splitlines()[0]
            assert event_codec().encode(event_codec().decode(notice)) == notice.encode()
        else:
            wrong += [
                f"{example.heading}: {one}"
                for one in differences(json.loads(example.answer), json.loads(text))
            ]
    assert wrong == []
    await house.assert_sound()

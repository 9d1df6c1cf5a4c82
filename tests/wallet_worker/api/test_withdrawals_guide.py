"""docs/payments-withdrawals.md: every page of withdrawals stands there, examples are answered so."""

import json
from pathlib import Path

import pytest
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from tests.wallet_worker.api.test_wallet_guide import ask, differences, examples, routes
from tests.wallet_worker.api.test_withdrawals import make_pages
from tests.wallet_worker.house import House
from tests.wallet_worker.office import log_in
from tests.wallet_worker.withdrawing import listed, open_desk


@pytest.fixture
def guide(project_root: Path) -> str:
    return (project_root / "docs" / "payments-withdrawals.md").read_text(encoding="utf-8")


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_pages(house, redis, open_desk(house))


def headings(guide: str) -> list[str]:
    return [line.removeprefix("### ") for line in guide.splitlines() if line.startswith("### ")]


async def test_every_route_stands_in_the_guide_and_nothing_else(app: QuartTrio, guide: str) -> None:
    assert sorted(headings(guide)) == sorted(routes(app))
    with_answers = [one for one in headings(guide) if not one.startswith("DELETE ")]
    assert [example.heading for example in examples(guide)] == with_answers


async def test_every_example_is_answered_as_the_guide_says(
    app: QuartTrio, house: House, redis: Redis, guide: str
) -> None:
    await listed(house)
    words = {"PLAYER": await log_in(redis, house.players[0])}
    wrong = []
    for example in examples(guide):
        status, text = await ask(app, example, words)
        wrong += [] if status == example.status else [f"{example.heading} is answered {status}: {text}"]
        wrong += differences(json.loads(example.answer), json.loads(text), example.heading)
        words |= {"$WITHDRAWAL": str(json.loads(text).get("withdrawal", words.get("$WITHDRAWAL")))}
    assert wrong == []
    await house.assert_sound()

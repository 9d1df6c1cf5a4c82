"""Dead letters by HTTP: pages, orders with a reason and a key, and every refusal."""

from typing import Any

import pytest
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from tests.fakes.conformity import watch_answers
from tests.wallet_worker.house import LOG, PURSE, House, hold
from tests.wallet_worker.letters import bury, bury_hand
from tests.wallet_worker.office import guarded_app
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.letters import letter_pages
from wallet_worker.ledger.letter_desk import LetterDesk

TOKEN = {"Authorization": "Bearer other"}  # of kim
ORDER = {"reason": "the bug is gone", "idempotency_key": "k1"}


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    app = guarded_app()
    add_away_answers(app, LOG)
    app.register_blueprint(letter_pages(LetterDesk(house.tools, redis, LOG)))
    watch_answers(app)
    return app


async def post(app: QuartTrio, path: str, body: Any = ORDER) -> tuple[int, Any]:
    answer = await app.test_client().post(f"/admin/letters/{path}", json=body, headers=TOKEN)
    return answer.status_code, await answer.get_json()


async def get(app: QuartTrio, query: str = "", token: str = "right") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    answer = await app.test_client().get(f"/admin/letters{query}", headers=headers)
    return answer.status_code, await answer.get_json()


async def test_letters_come_in_pages_the_newest_first(app: QuartTrio, house: House) -> None:
    numbers = [
        (await bury(house, hold(house.players[player], house.tables[0], player, 10)))[0]
        for player in range(3)
    ]
    status, first = await get(app, "?limit=2")
    assert status == 200
    assert [one["id"] for one in first["letters"]] == numbers[:0:-1]
    assert first["letters"][0]["reason"] == "AssertionError('a bug')"
    assert first["letters"][0]["table_id"] == house.tables[0]
    _, rest = await get(app, f"?limit=2&before={first['before']}")
    assert ([one["id"] for one in rest["letters"]], rest["before"]) == (numbers[:1], None)


async def test_resolved_letters_are_listed_when_asked_for(app: QuartTrio, house: House) -> None:
    number, _ = await bury_hand(house)
    await post(app, f"{number}/retry")
    assert (await get(app))[1]["letters"] == []
    (letter,) = (await get(app, "?all=1"))[1]["letters"]
    assert (letter["resolution"], letter["resolved_by"]) == ("retried", "kim")
    assert letter["resolved_reason"] == "the bug is gone"


async def test_a_retry_is_done_once_however_often_it_is_ordered(app: QuartTrio, house: House) -> None:
    number, _ = await bury_hand(house)
    first = await post(app, f"{number}/retry")
    assert (first[0], first[1]["answer"]) == (200, "hand_settled")
    assert await post(app, f"{number}/retry") == first
    assert await house.escrow(0) == {0: 900, 1: 1095}


async def test_voiding_pays_out(app: QuartTrio, house: House) -> None:
    number, _ = await bury_hand(house)
    first = await post(app, f"{number}/void")
    assert (first[0], len(first[1]["paid"])) == (200, 2)
    assert await post(app, f"{number}/void") == first
    assert await house.wallet(0) == PURSE
    await house.assert_sound()


async def test_every_refusal_has_its_code_and_moves_nothing(app: QuartTrio, house: House) -> None:
    number, _ = await bury_hand(house)
    other, _ = await bury(house, hold(house.players[2], house.tables[1], 2, PURSE + 1))
    assert (await post(app, f"{other + 1}/retry"))[1]["code"] == "not_found"
    assert (await post(app, f"{2**70}/void"))[0] == 404
    assert (await post(app, f"{other}/retry"))[1]["code"] == "letter_fails"
    assert (await post(app, f"{other}/retry"))[1]["detail"] == "insufficient_funds"
    assert (await post(app, f"{number}/retry"))[0] == 200
    assert (await post(app, f"{number}/void", ORDER | {"idempotency_key": "k2"}))[1][
        "code"
    ] == "letter_resolved"
    assert (await post(app, f"{other}/void"))[1]["code"] == "command_reused"
    assert await house.escrow(0) == {0: 900, 1: 1095}


@pytest.mark.parametrize(
    "body",
    [
        {},
        ORDER | {"by": ""},
        ORDER | {"reason": "x" * 129},
        ORDER | {"idempotency_key": "a\0"},
        ORDER | {"more": 1},
    ],
)
async def test_orders_that_are_none_are_refused(app: QuartTrio, house: House, body: Any) -> None:
    number, _ = await bury_hand(house)
    assert (await post(app, f"{number}/void", body))[0] == 400
    assert await house.escrow(0) == {0: 1000, 1: 1000}


@pytest.mark.parametrize("query", ["?limit=0", "?limit=201", "?limit=x", "?before=-1", f"?before={2**70}"])
async def test_pages_that_are_none_are_refused(app: QuartTrio, query: str) -> None:
    status, document = await get(app, query)
    assert (status, document["code"]) == (400, "malformed")


async def test_who_shows_no_token_is_refused(app: QuartTrio) -> None:
    assert (await get(app, token="wrong"))[0] == 401

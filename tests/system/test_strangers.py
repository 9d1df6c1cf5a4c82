"""Strangers play on a whole cluster: two who know only the protocol's page, and the bot of the guide."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
import trio
from attrs import frozen

from cardroom.ids import UserId
from cardroom.local.ports import NODE_1_ADMIN, NODE_2_ADMIN, ROUTER, VALKEY, WALLET
from cardroom.service.redis import open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.notices import DepositNotice, DepositState, notice_codec
from tests.system.place import Place, started, wait_until

HANDS = 50
GUIDE_HANDS = 5
MONEY = 20_000_000
PASSWORD = "a stranger's password"
SECONDS = 60.0
NOTICE = DepositNotice(7, "BTC", "0.001", DepositState.CONFIRMING, 1, 3)
NOTICES = 3
SCRIPTS = ("stranger_json", "stranger_msgpack")
MAY_IMPORT = {"httpx", "msgpack", "websockets", *sys.stdlib_module_names}


@frozen
class Stranger:
    """A script that runs: it tells its number, waits for a line, plays, and tells what it saw."""

    name: str
    process: "subprocess.Popen[str]"
    said: IO[str]
    told: IO[str]

    def user_id(self) -> int:
        return int(json.loads(self.said.readline())["user_id"])

    def go(self) -> None:
        self.told.write("\n")
        self.told.flush()

    def report(self) -> Any:
        output, errors = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, errors
        return json.loads(output)


@contextmanager
def open_stranger(place: Place, script: str) -> Iterator[Stranger]:
    """Start a script; it is ended with the block."""
    name = script.replace("_", "-")
    command = [sys.executable, "-m", f"tests.system.{script}", place.url(ROUTER), name, PASSWORD]
    with subprocess.Popen(
        [*command, "--hands", str(HANDS)],
        cwd=place.project, env=place.environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Stranger(name, process, process.stdout, process.stdin)
        finally:
            process.kill()


def give_money(place: Place, user_id: int) -> None:
    gift = {"user_id": user_id, "amount": MONEY, "reason": "stranger", "idempotency_key": f"gift-{user_id}"}
    assert place.ask_wallet("/admin/promotions", gift) is not None


def tell_of_coins(place: Place, user_id: int) -> None:
    """Tell a player of a deposit, as a wallet worker does, until some notices were passed on at a table."""
    before = passed_on(place)

    def is_told() -> bool:
        trio.run(publish, place, user_id)
        return passed_on(place) >= before + NOTICES

    wait_until(is_told, "a node passes notices on", seconds=20.0)


async def publish(place: Place, user_id: int) -> None:
    async with open_redis(RedisSettings("127.0.0.1", place.ports[VALKEY])) as redis:
        await redis.publish(keys.user(UserId(user_id)), notice_codec().encode(NOTICE))


def passed_on(place: Place) -> float:
    counted = re.compile(r'^holdem_notices_heard_total\{outcome="passed_on"\} (\S+)$', re.MULTILINE)
    pages = [place.text(node, "/metrics") for node in (NODE_1_ADMIN, NODE_2_ADMIN)]
    return sum(float(number) for page in pages for number in counted.findall(page))


def read_wallet(place: Place, name: str) -> int:
    login = {"email": f"{name}@strangers.invalid", "password": PASSWORD}
    with httpx.Client(trust_env=False, timeout=10.0) as http:
        token = http.post(f"{place.url(ROUTER)}/api/v1/auth/login", json=login).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = http.get(f"{place.url(WALLET)}/api/v1/wallet/balance", headers=headers)
    return int(answer.json()["krw_balance"])


def check_report(report: Any) -> None:
    assert report["hands"] == HANDS
    assert (report["gaps"], report["foreign_cards"], report["unbalanced_hands"]) == (0, 0, 0)
    assert report["wrong_hashes"] == 0
    assert report["hashes"] > HANDS / 5
    assert report["proved_cards"] > 2 * HANDS
    assert report["refusals"] == {}
    assert report["notices"] >= 1
    assert report["actions"].keys() >= {"check", "call", "fold", "raise_to"}
    assert report["payments"] == report["buy_ins"] >= 1


def start_bot_of_the_guide(place: Place) -> "subprocess.Popen[str]":
    """Run the program that docs/clients.md shows, just as it stands there, with an account that has money."""
    text = (place.project / "docs" / "clients.md").read_text(encoding="utf-8")
    program = place.folder / "bot.py"
    program.write_text(text.split("```python\n")[1].split("```")[0], encoding="utf-8")
    account = {"nickname": "reader", "email": "reader@strangers.invalid", "password": PASSWORD}
    with httpx.Client(base_url=place.url(ROUTER), trust_env=False, timeout=10.0) as http:
        answer = http.post("/api/v1/auth/register", json=account)
    give_money(place, answer.json()["user_id"])
    command = [sys.executable, str(program), place.url(ROUTER), account["email"], PASSWORD, str(GUIDE_HANDS)]
    return subprocess.Popen(
        command, env=place.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.timeout(180)
def test_strangers_play_fifty_hands_by_the_page_alone(tmp_path: Path, project_root: Path) -> None:
    place = Place(project_root, tmp_path)
    with started(place), ExitStack() as stack:
        wait_until(lambda: any(place.hands_by_table().values()), "bots play", seconds=80.0)
        strangers = [stack.enter_context(open_stranger(place, script)) for script in SCRIPTS]
        for stranger in strangers:
            user_id = stranger.user_id()
            give_money(place, user_id)
            stranger.go()
            tell_of_coins(place, user_id)
        with start_bot_of_the_guide(place) as bot:
            output, errors = bot.communicate(timeout=SECONDS)
        assert (bot.returncode, len(output.splitlines())) == (0, GUIDE_HANDS), errors
        for stranger in strangers:
            report = stranger.report()
            check_report(report)
            assert read_wallet(place, stranger.name) == MONEY - report["bought_in"] + report["paid"]
        verdict = place.verify_ledger()
        assert verdict["ok"] is True, verdict


def test_the_strangers_know_nothing_but_the_page(project_root: Path) -> None:
    for script in ("stranger", "stranger_checks", *SCRIPTS):
        tree = ast.parse((project_root / "tests" / "system" / f"{script}.py").read_text(encoding="utf-8"))
        imported = {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [node.module] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
            )
        }
        assert {name for name in imported if str(name).split(".")[0] not in MAY_IMPORT} <= {
            "tests.system.stranger",
            "tests.system.stranger_checks",
        }

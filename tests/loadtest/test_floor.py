"""Where bots are led: by the lobby, and by what this process knows itself."""

from collections.abc import Mapping
from random import Random

import httpx

from cardroom.client import Account
from cardroom.ids import TableId
from cardroom.money import Krw
from cardroom.wire.lobby import LobbyTable
from loadtest.floor import Floor, choose_table

NOBODY: Mapping[TableId, int] = {}


def line(table_id: int, players: int, stake: str = "low", is_open: bool = True) -> LobbyTable:
    return LobbyTable(
        TableId(table_id), "Han", stake, Krw(1), Krw(2), Krw(80), Krw(200), 6, players, 0, 0, is_open
    )


def chosen(*tables: LobbyTable, too_dear: set[str] | None = None, last: int | None = None) -> TableId | None:
    before = None if last is None else TableId(last)
    return choose_table(tables, too_dear or set(), before, Random(1), NOBODY)


def test_the_emptiest_open_table_with_a_free_seat() -> None:
    assert chosen(line(1, 5), line(2, 3), line(3, 6), line(4, 0, is_open=False)) == 2


def test_another_table_than_the_last_if_there_is_one() -> None:
    assert chosen(line(1, 0), line(2, 5), last=1) == 2
    assert chosen(line(1, 0), line(2, 6), last=1) == 1


def test_no_stake_that_is_too_dear() -> None:
    assert chosen(line(1, 0, "high"), line(2, 5), too_dear={"high"}) == 2
    assert chosen(line(1, 0, "high"), too_dear={"high"}) is None


def test_players_whom_the_lobby_does_not_know_of_yet() -> None:
    tables = (line(1, 0), line(2, 1))
    assert choose_table(tables, set(), None, Random(1), {TableId(1): 2}) == 2
    assert choose_table(tables[:1], set(), None, Random(1), {TableId(1): 6}) is None


class Lobby:
    """A router that counts who looks."""

    def __init__(self) -> None:
        self.looks = 0

    def account(self) -> Account:
        return Account(
            httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="http://router")
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.looks += 1
        tables = [
            {
                "table_id": number, "name": "Han", "stake": "low", "small_blind": 1, "big_blind": 2,
                "min_buy_in": 80, "max_buy_in": 200, "seat_count": 2, "players": 0, "waiting": 0,
                "hand_no": 0,
                "is_open": True,
            }
            for number in (1, 2)
        ]  # fmt: skip
        return httpx.Response(200, json={"tables": tables})


async def test_one_look_serves_all_bots_and_only_own_tables_are_chosen() -> None:
    lobby = Lobby()
    floor = Floor(60.0, frozenset({TableId(2)}))
    account = lobby.account()
    for _ in range(2):
        table = await floor.find_table(account, set(), None, Random(1))
        assert table == 2
        floor.comes(table)
    assert await floor.find_table(account, set(), None, Random(1)) is None
    floor.goes(TableId(2))
    assert await floor.find_table(account, set(), None, Random(1)) == 2
    assert await floor.any_table(account, Random(1)) == 2
    assert lobby.looks == 1

import pytest
from attrs import evolve, fields

from cardroom.ids import TableId
from cardroom.money import Krw
from cardroom.wire.lobby import LobbyTable
from cardroom.wire.lobby_query import BadParameter, LobbyQuery, read_query
from cardroom.wire.presence import LobbyState

WON = Krw(100)
LINE = LobbyTable(TableId(1), "Seoul", "low", WON, WON, WON, WON, 6, 2, 0, 5, is_open=True)
LINES = (
    LINE,
    evolve(
        LINE, table_id=TableId(2), name="서울 Hall", stake="high", big_blind=Krw(5_000), players=6, waiting=1
    ),
    evolve(LINE, table_id=TableId(3), name="Busan", seat_count=9, average_pot=Krw(700), players=0),
    evolve(LINE, table_id=TableId(4), name="HALL", state=LobbyState.PAUSED, hands_per_hour=60, pace_ms=900),
)


def listed(**query: object) -> list[int]:
    """List the ids that a query gives, through its parameters."""
    wanted = LobbyQuery(**query)  # type: ignore[arg-type]
    read = read_query(wanted.parameters().items())
    assert read == wanted
    matches = read.matcher()
    return [line.table_id for line in read.order([line for line in LINES if matches(line)])]


def test_filters() -> None:
    assert listed() == [1, 2, 3, 4]
    assert listed(stake="high") == [2]
    assert listed(min_big_blind=101) == [2]
    assert listed(max_big_blind=100) == [1, 3, 4]
    assert listed(seat_count=9) == [3]
    assert listed(has_free_seat=True) == [1, 3, 4]
    assert listed(has_free_seat=False) == [2]
    assert listed(min_players=2) == [1, 2, 4]
    assert listed(has_waiting=True) == [2]
    assert listed(has_waiting=False) == [1, 3, 4]
    assert listed(state=LobbyState.PAUSED) == [4]
    assert listed(name="hall") == [2, 4]
    assert listed(name="서울") == [2], "letters that are put together are the same as whole ones"
    assert listed(name="hall", min_players=6, stake="high") == [2]
    assert listed(stake="none") == []


def test_order_and_parts() -> None:
    assert listed(sort="players") == [3, 1, 4, 2]
    assert listed(sort="-players") == [2, 1, 4, 3], "who is alike stands by id, in both directions"
    assert listed(sort="name") == [3, 4, 1, 2]
    assert listed(sort="free_seats") == [2, 1, 4, 3]
    assert listed(limit=2) == [1, 2]
    assert listed(limit=2, after=2) == [3, 4]
    assert listed(after=4) == []
    assert listed(sort="-players", after=1, limit=1) == [4]
    with pytest.raises(BadParameter, match="after: no such table"):
        listed(after=9)


@pytest.mark.parametrize(
    "name", [field.name for field in fields(LobbyTable) if field.name not in ("is_open", "state")]
)
def test_everything_shown_can_be_sorted_by(name: str) -> None:
    up = [getattr(LINES[number - 1], name) for number in listed(sort=name)]
    down = [getattr(LINES[number - 1], name) for number in listed(sort=f"-{name}")]
    if name != "name":
        assert up == sorted(up)
    assert down == up[::-1]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("colour", "red"),
        ("Stake", "low"),
        ("stake", ""),
        ("name", "x" * 65),
        ("min_players", "-1"),
        ("min_players", "1.5"),
        ("min_players", "٣"),
        ("max_big_blind", "9" * 16),
        ("has_waiting", "yes"),
        ("state", "OPEN"),
        ("sort", "is_open"),
        ("sort", "--players"),
        ("limit", "0"),
        ("limit", "10001"),
        ("after", "x"),
    ],
)
def test_parameters_that_cannot_be(parameter: str, value: str) -> None:
    with pytest.raises(BadParameter, match=f"^{parameter}: "):
        read_query([(parameter, value)])


def test_a_parameter_stands_once() -> None:
    with pytest.raises(BadParameter, match="stake: stands twice"):
        read_query([("stake", "low"), ("stake", "low")])


@pytest.mark.parametrize("parameter", ["sort", "limit", "after"])
def test_filters_only(parameter: str) -> None:
    with pytest.raises(BadParameter, match=parameter):
        read_query([(parameter, "1")], filters_only=True)
    query = LobbyQuery(stake="low", sort="-players", limit=5, after=1)
    assert query.filters == LobbyQuery(stake="low")

"""How many connections: of the node, and of one player."""

from contextlib import ExitStack

from cardroom.ids import UserId
from cardroom.wire.table import CloseCode
from node.sessions.connections import Connections
from tests.node.tables.house import Guest, open_house


async def test_the_newest_of_a_player_stay_however_slowly_the_oldest_close() -> None:
    async with open_house() as house:
        connections = Connections(limit=100, per_user=3)
        devices = [Guest(house.guest(1).user_id, house.table) for _ in range(10)]
        with ExitStack() as stack:
            for device in devices:
                stack.enter_context(connections.entered(device))
            assert [device.kicked for device in devices] == [CloseCode.REPLACED] * 7 + [None] * 3
            assert connections.of_user(devices[0].user_id) == tuple(devices)
            assert len(connections) == 10
            assert connections.has(devices[0].user_id)
            assert not connections.has(UserId(3))
        assert (len(connections), connections.users) == (0, ())
        assert not connections.has(devices[0].user_id)


async def test_room_is_counted_over_all_players() -> None:
    async with open_house() as house:
        connections = Connections(limit=2, per_user=3)
        with connections.entered(house.guest(1)):
            rooms = [connections.has_room_for(UserId(3))]
            with connections.entered(house.guest(2)):
                rooms.append(connections.has_room_for(UserId(3)))
                assert set(connections.users) == {1, 2}
            rooms.append(connections.has_room_for(UserId(3)))
        assert rooms == [True, False, True]


async def test_who_comes_back_to_a_full_node_takes_the_place_of_the_own_oldest() -> None:
    async with open_house() as house:
        connections = Connections(limit=3, per_user=3)
        other = house.guest(2)
        devices = [Guest(house.guest(1).user_id, house.table) for _ in range(3)]
        with ExitStack() as stack:
            for connection in (other, *devices[:2]):
                stack.enter_context(connections.entered(connection))
            assert not connections.has_room_for(UserId(3))
            assert connections.has_room_for(devices[0].user_id)
            stack.enter_context(connections.entered(devices[2]))
            kicked = [one.kicked for one in (other, *devices)]
            assert kicked == [None, CloseCode.REPLACED, None, None]

"""Whose word about an address is believed: that of trusted proxies, and nobody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.local.servers import EmbeddedValkey
from cardroom.service.addresses import Networks, TrustedProxies, limit_network
from tests.node.sessions.door import open_door
from tests.node.tables.house import until

PLAYER, LIAR = "198.51.100.7", "203.0.113.9"
PROXIES = TrustedProxies(["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", [PLAYER], PLAYER),
        ("127.0.0.1", [f"{LIAR}, {PLAYER}"], PLAYER),
        ("127.0.0.1", [LIAR, PLAYER], PLAYER),
        ("127.0.0.1", [f" {PLAYER} ,10.1.2.3"], PLAYER),
        ("127.0.0.1", [f"{PLAYER},10.1.2.3", "2001:DB8::1"], PLAYER),
        ("10.9.9.9", ["2400::0001"], "2400::1"),
        ("::ffff:127.0.0.1", [f"::ffff:{PLAYER}"], PLAYER),
        (LIAR, [PLAYER], LIAR),
        ("", [PLAYER], ""),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["10.1.2.3, 10.1.2.4"], "127.0.0.1"),
        ("127.0.0.1", [f"{LIAR}, unknown"], "127.0.0.1"),
        ("127.0.0.1", [f"{LIAR}, {PLAYER}:4711"], "127.0.0.1"),
        ("127.0.0.1", [f"{LIAR},"], "127.0.0.1"),
    ],
)
def test_the_last_address_that_is_no_trusted_proxy(peer: str, forwarded: list[str], address: str) -> None:
    assert PROXIES.address(peer, forwarded) == address


def test_without_proxies_the_peer_is_the_player() -> None:
    assert TrustedProxies(()).address("127.0.0.1", [PLAYER]) == "127.0.0.1"


@given(st.lists(st.text(max_size=60), max_size=3))
def test_whatever_a_player_writes_the_proxy_has_the_last_word(forwarded: list[str]) -> None:
    assert PROXIES.address("127.0.0.1", [*forwarded, PLAYER]) == PLAYER


@pytest.mark.parametrize(("proxies", "address"), [(("127.0.0.0/8",), PLAYER), ((), "127.0.0.1")])
async def test_tables_see_the_address_of_the_player(
    valkey: EmbeddedValkey, proxies: tuple[str, ...], address: str
) -> None:
    headers = [(b"X-Forwarded-For", LIAR.encode()), (b"X-Forwarded-For", PLAYER.encode())]
    async with open_door(valkey.settings, proxies=proxies) as door, door.enter(headers=headers):
        await until(lambda: len(door.house.table.audience.viewers) == 1)
        assert [viewer.address for viewer in door.house.table.audience.viewers] == [address]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("<local>", "<local>"),
    ],
)
def test_a_whole_ipv6_connection_is_one_place(address: str, place: str) -> None:
    assert limit_network(address) == place


def test_networks_hold_addresses_of_both_kinds_and_nothing_else() -> None:
    networks = Networks(["127.0.0.0/8", "2001:db8::/32"])
    inside = ["127.0.0.1", "::ffff:127.9.9.9", "2001:db8::1"]
    outside = ["128.0.0.1", "2001:db9::1", "", "localhost"]
    assert [address in networks for address in inside + outside] == [True] * 3 + [False] * 4

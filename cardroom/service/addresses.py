"""Where a player comes from, when proxies stand in front of a process, and what is counted as one place."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from attrs import Attribute

_Address = IPv4Address | IPv6Address

_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_ONE_HOUSE: Final = 64
"""Bits of an IPv6 address that name a connection; the rest its owner chooses anew as often as he likes."""


class TrustedProxies:
    """Reads the header in which proxies say for whom they speak; only what trusted ones wrote counts.

    Each proxy adds the address that it was called from at the end, so the list is read from there. What
    stands before the first address that is no trusted proxy's, a player may have made up.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = Networks(networks)

    def address(self, peer: str, forwarded: Sequence[str]) -> str:
        """Give the player's address; ``forwarded`` are the values of all ``X-Forwarded-For`` headers.

        It is the peer's own, if that is no trusted proxy or says nothing that can be used.
        """
        if peer not in self._networks:
            return peer
        for text in reversed(",".join(forwarded).split(",")):
            told = read_address(text.strip())
            if told is None:
                return peer
            if str(told) not in self._networks:
                return str(told)
        return peer

    def trusts(self, peer: str) -> bool:
        """Say whether what this peer writes into headers about others is believed."""
        return peer in self._networks


class Networks:
    """A set of networks; raises ``ValueError`` when one is none."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ip_network(network) for network in networks)

    def __contains__(self, address: str) -> bool:
        """Say whether an address is in one of them; what is no address is in none."""
        found = read_address(address)
        return found is not None and any(found in network for network in self._networks)


def limit_network(address: str) -> str:
    """Give what is counted as one place, for limits and failures: an IPv4 address, or the /64 of an IPv6 one.

    What is no address is given back: it is counted for itself.
    """
    found = read_address(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found) >> _ONE_HOUSE << _ONE_HOUSE, _ONE_HOUSE)))
    return address if found is None else str(found)


def read_address(text: str) -> _Address | None:
    """Read an address; one of IPv4 that is written as one of IPv6 is the same."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def read_network(text: str) -> str:
    """Read a network or one address, in the form it is stored in; raises ``ValueError``.

    Networks of IPv4 that are written as ones of IPv6 are refused: no address would be found in them.
    """
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.overlaps(_MAPPED):
        raise ValueError(f"{text}: write IPv4 as such")
    return str(network)


def is_network(_instance: object, attribute: "Attribute[str]", value: str) -> None:
    """Refuse a setting that is no network, such as ``127.0.0.0/8``: an attrs validator."""
    try:
        ip_network(value)
    except ValueError as error:
        raise ValueError(f"{attribute.name}: {error}") from error

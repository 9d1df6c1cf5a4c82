"""Where a player comes from, when proxies stand in front of the node."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_Address = IPv4Address | IPv6Address


class TrustedProxies:
    """Reads the header in which proxies say for whom they speak; only what trusted ones wrote counts.

    Each proxy adds the address that it was called from at the end, so the list is read from there. What
    stands before the first address that is no trusted proxy's, a player may have made up.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ip_network(network) for network in networks)

    def address(self, peer: str, forwarded: Sequence[str]) -> str:
        """Give the player's address; ``forwarded`` are the values of all ``X-Forwarded-For`` headers.

        It is the peer's own, if that is no trusted proxy or says nothing that can be used.
        """
        if not self._trusts(_read(peer)):
            return peer
        for text in reversed(",".join(forwarded).split(",")):
            told = _read(text.strip())
            if not self._trusts(told):
                return peer if told is None else str(told)
        return peer

    def _trusts(self, address: _Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _read(text: str) -> _Address | None:
    """Read an address; one of IPv4 that is written as one of IPv6 is the same."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

"""Countries that the house serves: by what the edge says of a request, and nobody else's word."""

from collections.abc import Sequence
from typing import Final, Protocol

from attrs import Attribute, field, frozen
from attrs.validators import deep_iterable

from cardroom.service.addresses import TrustedProxies

_LETTERS: Final = 2


def _is_country(_instance: object, attribute: "Attribute[str]", value: str) -> None:
    if len(value) != _LETTERS or not (value.isascii() and value.isalpha() and value.isupper()):
        raise ValueError(f"{attribute.name}: two capital letters of ISO 3166, such as 'KR', not {value!r}")


@frozen
class CountrySettings:
    """Which countries are served. Without ``header`` nobody is asked where they are.

    ``header`` is the one in which the edge, a trusted proxy, writes the country of each request. With
    ``allowed`` only these are served, and whoever's country is not known is not; ``denied`` are not served.
    """

    header: str = ""
    allowed: tuple[str, ...] = field(default=(), validator=deep_iterable(_is_country))
    denied: tuple[str, ...] = field(default=(), validator=deep_iterable(_is_country))

    def __attrs_post_init__(self) -> None:
        if (self.allowed or self.denied) and not self.header:
            raise ValueError("countries: header names where the edge writes the country")
        if set(self.allowed) & set(self.denied):
            raise ValueError("countries: each is allowed or denied")


class Headers(Protocol):
    """Headers of a request."""

    def getlist(self, key: str) -> Sequence[str]:
        """Give all values of one."""


class CountryOf(Protocol):
    """Who knows the country of a request."""

    def __call__(self, peer: str, address: str, headers: Headers) -> str | None:
        """Give the two letters, None if nobody says; ``peer`` calls, on behalf of ``address``."""


class HeaderCountry:
    """The country that a trusted proxy has written into a header; anybody else may write what he likes."""

    def __init__(self, header: str, proxies: TrustedProxies) -> None:
        self._header = header
        self._proxies = proxies

    def __call__(self, peer: str, address: str, headers: Headers) -> str | None:  # noqa: ARG002 (the port's)
        """Give the country if exactly one is said, and by a trusted proxy."""
        told = headers.getlist(self._header) if self._proxies.trusts(peer) else ()
        country = told[0].strip().upper() if len(told) == 1 else ""
        return country if len(country) == _LETTERS and country.isascii() and country.isalpha() else None


class Countries:
    """Decides whether a country is served."""

    def __init__(self, settings: CountrySettings, country_of: CountryOf) -> None:
        self._allowed = frozenset(settings.allowed)
        self._denied = frozenset(settings.denied)
        self._is_on = bool(settings.allowed or settings.denied)
        self._country_of = country_of

    def refuses(self, peer: str, address: str, headers: Headers) -> bool:
        """Say whether a request comes from a country that is not served."""
        if not self._is_on:
            return False
        country = self._country_of(peer, address, headers)
        return country in self._denied or (bool(self._allowed) and country not in self._allowed)

"""Countries that are served: only the edge's word counts."""

import pytest
from werkzeug.datastructures import Headers

from cardroom.service.addresses import TrustedProxies
from cardroom.service.countries import Countries, CountrySettings, HeaderCountry
from cardroom.service.settings import BadSettings, structure_settings

EDGE, PLAYER = "127.0.0.1", "198.51.100.7"
HEADER = "X-Country"


def refuses(settings: CountrySettings, peer: str, *told: str) -> bool:
    country_of = HeaderCountry(settings.header, TrustedProxies(["127.0.0.1/32"]))
    headers = Headers([(HEADER, country) for country in told])
    return Countries(settings, country_of).refuses(peer, PLAYER, headers)


@pytest.mark.parametrize(
    ("peer", "told", "is_refused"),
    [
        (EDGE, ("KR",), False),
        (EDGE, ("kr",), False),
        (EDGE, ("US",), True),
        (EDGE, (), True),
        (EDGE, ("",), True),
        (EDGE, ("XYZ",), True),
        (EDGE, ("KR", "KR"), True),
        (PLAYER, ("KR",), True),
    ],
)
def test_with_allowed_countries_whoever_is_not_known_to_be_there_is_refused(
    peer: str, told: tuple[str, ...], is_refused: bool
) -> None:
    assert refuses(CountrySettings(HEADER, allowed=("KR", "JP")), peer, *told) is is_refused


@pytest.mark.parametrize(
    ("peer", "told", "is_refused"),
    [(EDGE, ("US",), True), (EDGE, ("KR",), False), (EDGE, (), False), (PLAYER, ("US",), False)],
)
def test_with_denied_countries_only_they_are_refused(
    peer: str, told: tuple[str, ...], is_refused: bool
) -> None:
    assert refuses(CountrySettings(HEADER, denied=("US",)), peer, *told) is is_refused


def test_nobody_is_refused_if_nothing_is_said() -> None:
    assert not refuses(CountrySettings(), EDGE, "US")
    assert not refuses(CountrySettings(HEADER), EDGE, "US")


@pytest.mark.parametrize(
    "document",
    [
        {"allowed": ["KR"]},
        {"header": HEADER, "allowed": ["kr"]},
        {"header": HEADER, "denied": ["KOR"]},
        {"header": HEADER, "allowed": ["KR"], "denied": ["KR"]},
    ],
)
def test_settings_that_cannot_be_meant(document: object) -> None:
    with pytest.raises(BadSettings):
        structure_settings(CountrySettings, document, "countries", {})

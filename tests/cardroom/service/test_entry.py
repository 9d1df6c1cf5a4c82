"""The address that pages see is the player's, whatever stands between."""

import pytest
import structlog
from quart_trio import QuartTrio

from cardroom.service.addresses import TrustedProxies
from cardroom.service.entry import add_player_addresses, player_address
from cardroom.service.http import make_app

PLAYER, LIAR = "198.51.100.7", "203.0.113.9"


def make_echo(proxies: list[str]) -> QuartTrio:
    app = make_app("echo", structlog.get_logger())
    add_player_addresses(app, TrustedProxies(proxies))

    @app.get("/whence")
    async def whence() -> str:
        return player_address()

    return app


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", f"{LIAR}, {PLAYER}", PLAYER),
        ("127.0.0.1", "", "127.0.0.1"),
        (LIAR, PLAYER, LIAR),
    ],
)
async def test_pages_see_the_address_of_the_player(peer: str, forwarded: str, address: str) -> None:
    client = make_echo(["127.0.0.0/8"]).test_client()
    headers = {"X-Forwarded-For": forwarded}
    answer = await client.get("/whence", headers=headers, scope_base={"client": (peer, 4711)})
    assert await answer.get_data(as_text=True) == address

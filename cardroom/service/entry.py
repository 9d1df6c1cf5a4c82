"""Who stands at the door of an HTTP process: the player's address, whatever proxies stand in front."""

from quart import g, request, websocket
from quart_trio import QuartTrio

from cardroom.service.addresses import TrustedProxies


def add_player_addresses(app: QuartTrio, proxies: TrustedProxies) -> None:
    """Find out, before anything else is done with a request, where it comes from."""

    @app.before_request
    async def find_address() -> None:
        g.player_address = proxies.address(
            request.remote_addr or "", request.headers.getlist("X-Forwarded-For")
        )

    @app.before_websocket
    async def find_address_of_socket() -> None:
        g.player_address = proxies.address(
            websocket.remote_addr or "", websocket.headers.getlist("X-Forwarded-For")
        )


def player_address() -> str:
    """Give the address of the player whose request is served; counts and failures key on its
    ``limit_network``.
    """
    address: str = g.player_address
    return address

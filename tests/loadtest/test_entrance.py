"""Routes of HTTP calls."""

from loadtest.entrance import route_of


def test_every_ticket_is_one_route() -> None:
    assert route_of("/api/v1/tables/7/ticket") == route_of("/api/v1/tables/8/ticket") == "ticket"
    assert route_of("/api/v1/tables") == "lobby"
    assert route_of("/api/v1/me/seats") == "seats"
    assert route_of("/api/v1/auth/login") == "login"

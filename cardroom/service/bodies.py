"""Requests are taken whole, and connections whose request was not are closed.

An answer may be ready before the request's body has come: nobody is logged in, no page is there. If it is
sent then, the connection cannot be used again, and a client that is still writing may lose the answer. So the
body is waited for, as long as it may take and as large as it may be.
"""

from typing import Any

import trio
from hypercorn.typing import HTTPScope
from quart import Response, request
from quart.asgi import ASGIHTTPConnection
from quart.wrappers import Request
from quart_trio import QuartTrio
from quart_trio.asgi import TrioASGIHTTPConnection
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout


async def take_whole_body(response: Response) -> Response:
    """Wait for the rest of a body that the page has not read; without it, the connection ends."""
    if request.content_length or "Transfer-Encoding" in request.headers:
        try:
            await request.get_data()
        except (RequestEntityTooLarge, RequestTimeout):
            response.headers["Connection"] = "close"
    return response


class Connection(TrioASGIHTTPConnection):
    """A request that is not cancelled by the very end of its answer.

    The server closes a connection in the task that has sent the last byte, and says first that the client is
    gone. The framework would cancel that task then, and the connection would stay open and dead.
    """

    def __init__(self, app: QuartTrio, scope: HTTPScope) -> None:
        super().__init__(app, scope)
        self._is_answered = False

    async def handle_messages(  # type: ignore[override]
        self, nursery: trio.Nursery, request: Request, receive: Any
    ) -> None:
        """Take the body; cancel the page if the client leaves before the answer is written."""
        await ASGIHTTPConnection.handle_messages(self, request, receive)
        if not self._is_answered:
            nursery.cancel_scope.cancel()

    async def _send_response(self, send: Any, response: Any) -> None:
        async def noting(message: Any) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self._is_answered = True
            await send(message)

        await super()._send_response(noting, response)

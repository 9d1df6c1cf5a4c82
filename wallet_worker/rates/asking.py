"""How sources of rates are asked: one bounded GET, JSON read without floats, every trouble under a name."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Final, Protocol

import httpx
import trio
from attrs import frozen

from wallet_worker.rules.prices import Price

_MAX_BYTES: Final = 64 * 1024
_CONNECTIONS: Final = 6
_KEEP_ALIVE_SECONDS: Final = 90.0
_LIMITED: Final = (418, 429)
"""Too many requests; Binance says 418 to whom it has shut out for them."""
_LONGEST_WAIT: Final = 600.0
_DIGITS: Final = frozenset("0123456789")
_MOST_DIGITS: Final = 9


class SourceAway(Exception):
    """The source did not answer in time, or said that it cannot now: it may be asked again."""


class SourceFailed(Exception):
    """The source has answered, and not with prices: asking again at once is no use.

    ``wait_seconds`` is for how long it wants to be left alone; 0 if it says nothing of it.
    """

    def __init__(self, outcome: str, detail: str, *, status: int = 200, wait_seconds: float = 0.0) -> None:
        super().__init__(f"{outcome}: {detail}")
        self.outcome = outcome
        self.status = status
        self.wait_seconds = wait_seconds


class Source(Protocol):
    """Where prices come from."""

    @property
    def name(self) -> str:
        """Give what prices and metrics are labelled with."""

    async def ask(self) -> Mapping[str, Price]:
        """Give the prices of all coins that it has, by coin. Raises ``SourceAway`` or ``SourceFailed``."""


@frozen
class Door:
    """Where one source is reached."""

    http: httpx.AsyncClient
    url: str
    call_seconds: float

    async def get(self, path: str, parameters: Mapping[str, str]) -> Any:
        """Give the JSON that a page answers with, numbers with a point as ``Decimal``.

        Raises ``SourceAway``, or ``SourceFailed`` for what is no 200 or no JSON.
        """
        try:
            with trio.fail_after(self.call_seconds):
                status, headers, body = await self._read(path, parameters)
        except (httpx.HTTPError, httpx.InvalidURL, trio.TooSlowError) as error:
            raise SourceAway(str(error) or type(error).__name__) from error
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise SourceAway(f"status {status}")
        if status in _LIMITED:
            wait = _wait_of(headers.get("Retry-After", ""))
            raise SourceFailed("limited", f"status {status}", status=status, wait_seconds=wait)
        if status != httpx.codes.OK:
            raise SourceFailed("refused", f"status {status}", status=status)
        return _read_json(body)

    async def _read(self, path: str, parameters: Mapping[str, str]) -> tuple[int, httpx.Headers, bytes]:
        """Read an answer to its end, but keep no more of it than may be: half read it would stay open."""
        body = b""
        async with self.http.stream("GET", self.url + path, params=dict(parameters)) as response:
            async for part in response.aiter_bytes():
                body = (body + part)[: _MAX_BYTES + 1]
        if len(body) > _MAX_BYTES:
            raise SourceFailed("malformed", f"more than {_MAX_BYTES} bytes")
        return response.status_code, response.headers, body


@asynccontextmanager
async def open_way_out() -> AsyncIterator[httpx.AsyncClient]:
    """Give the client that all sources are asked with; doors set the time limits."""
    limits = httpx.Limits(
        max_connections=_CONNECTIONS,
        max_keepalive_connections=_CONNECTIONS,
        keepalive_expiry=_KEEP_ALIVE_SECONDS,
    )
    async with httpx.AsyncClient(
        timeout=httpx.Timeout(None),
        limits=limits,
        follow_redirects=False,
        trust_env=False,
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    ) as http:
        yield http


def _read_json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise SourceFailed("malformed", "not JSON") from error


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _wait_of(text: str) -> float:
    """Give the seconds of a ``Retry-After``; 1 where none is, or a date: the breaker has its own."""
    seconds = int(text) if 0 < len(text) <= _MOST_DIGITS and _DIGITS.issuperset(text) else 0
    return min(max(float(seconds), 1.0), _LONGEST_WAIT)

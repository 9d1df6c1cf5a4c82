"""The list of tables, and one table's line."""

import gzip
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import trio
from attrs import frozen
from quart import Response, request
from quart_trio import QuartTrio

from cardroom.ids import TableId
from cardroom.service.http import RefusedRequest
from cardroom.service.limit_rules import Rule, limited
from cardroom.service.openapi import Answer, Page, Parameter, whole_parameter, whole_path
from cardroom.wire.lobby import Lobby, LobbyTable
from cardroom.wire.lobby_query import (
    MAX_LIMIT,
    MAX_NAME_LETTERS,
    MOST_ASKED,
    SORTS,
    BadParameter,
    LobbyQuery,
    read_query,
)
from cardroom.wire.presence import LobbyState
from cardroom.wire.refusals import Refusal
from shard_router.api.http import ComeBack
from shard_router.api.lobby_lines import Line, LobbyLines
from shard_router.rules.placement import Closed, retry_seconds
from shard_router.store.nodes import Directory, DirectoryCache

STALE: Final = '110 - "Response is Stale"'
"""Value of the header ``Warning`` while nobody knows whether the lobby is still so (RFC 7234)."""

_PACKING_LEVEL: Final = 1
_PACKED_HERE_BYTES: Final = 32 * 1024
_KEPT_TEXTS: Final = 64
_MAX_ID_DIGITS: Final = 18
_TAG_BYTES: Final = 12

_LIST_HEADERS: Final = {"Vary": "What the answer depends on", "ETag": "The list's content, for If-None-Match"}

_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LETTERS}
_WHOLE: Final = {"type": "integer", "minimum": 0, "maximum": MOST_ASKED}
_TRUTH: Final = {"type": "boolean"}
FILTER_PARAMETERS: Final = (
    Parameter("stake", _TEXT, "The name of the game"),
    Parameter("min_big_blind", _WHOLE),
    Parameter("max_big_blind", _WHOLE),
    Parameter("seat_count", _WHOLE, "How many seats the table has"),
    Parameter("has_free_seat", _TRUTH),
    Parameter("min_players", _WHOLE),
    Parameter("has_waiting", _TRUTH, "Whether somebody waits for a seat"),
    Parameter("state", {"type": "string", "enum": [one.value for one in LobbyState]}),
    Parameter("name", _TEXT, "A part of the table's name"),
)
"""Which lines pass, for the list and for who follows it."""
_PART_PARAMETERS: Final = (
    Parameter("sort", {"type": "string", "enum": list(SORTS)}, "What the lines are put in order by"),
    whole_parameter("limit", 1, MAX_LIMIT, "At most so many lines"),
    Parameter("after", _WHOLE, "Only the lines behind this table's; refused if it is not in the list"),
)


@frozen
class WrittenLobby:
    """A list as JSON, and the same packed by gzip: a sixteenth of it. ``tag`` is the content's."""

    plain: bytes
    packed: bytes
    tag: str


class LobbyPages:
    """Lists the tables; one text for all who ask the same while nothing changes."""

    def __init__(self, cache: DirectoryCache, lines: LobbyLines) -> None:
        self._cache = cache
        self._lines = lines
        self._of: object = None
        self._texts: dict[LobbyQuery, WrittenLobby] = {}
        self._writing = trio.Lock()

    async def text(self, query: LobbyQuery) -> tuple[WrittenLobby, Directory]:
        """Give a list, written once for everybody. Raises ``BadParameter``."""
        directory = await self._cache.look()
        found = self._find(directory, query)
        if found is None:
            async with self._writing:  # a few at once would all be late
                directory = await self._cache.look()
                found = self._find(directory, query) or await self._write(directory, query)
        return found, directory

    async def line(self, table_id: TableId) -> tuple[Line | None, Directory]:
        """Give one public table's line."""
        directory = await self._cache.look()
        return self._lines.of(directory).get(table_id), directory

    def _find(self, directory: Directory, query: LobbyQuery) -> WrittenLobby | None:
        lines = self._lines.of(directory)
        if lines is not self._of:
            self._of = lines
            self._texts.clear()
        return self._texts.get(query)

    async def _write(self, directory: Directory, query: LobbyQuery) -> WrittenLobby:
        lines = self._lines.of(directory)
        matches = query.matcher()
        chosen = query.order([line.table for line in lines.values() if matches(line.table)])
        plain = b'{"tables":[' + b",".join([lines[one.table_id].text for one in chosen]) + b"]}"
        tag = blake2b(plain, digest_size=_TAG_BYTES).hexdigest()
        written = WrittenLobby(plain, await _pack(plain), tag)
        if lines is self._of:
            if len(self._texts) >= _KEPT_TEXTS:
                del self._texts[next(iter(self._texts))]
            self._texts[query] = written
        return written


async def _pack(plain: bytes) -> bytes:
    """Pack a text; a long one beside the loop, so that nobody else waits for it."""
    if len(plain) <= _PACKED_HERE_BYTES:
        return gzip.compress(plain, compresslevel=_PACKING_LEVEL, mtime=0)
    return await trio.to_thread.run_sync(lambda: gzip.compress(plain, compresslevel=_PACKING_LEVEL, mtime=0))


def lobby_query(parameters: Sequence[tuple[str, str]], *, filters_only: bool = False) -> LobbyQuery:
    """Read what is asked of the lobby; refused: parameters that are unknown, double or wrong."""
    try:
        return read_query(parameters, filters_only=filters_only)
    except BadParameter as bad:
        raise RefusedRequest(400, Refusal.MALFORMED, str(bad)) from bad


def add_lobby_pages(app: QuartTrio, cache: DirectoryCache, lines: LobbyLines) -> None:
    """Serve ``/api/v1/tables`` to everybody, and each table's line."""
    pages = LobbyPages(cache, lines)

    @app.get("/api/v1/tables")
    @limited(Rule.LOBBY)
    @Page(
        tag="lobby",
        parameters=(*FILTER_PARAMETERS, *_PART_PARAMETERS),
        answers={200: Answer(Lobby, headers=_LIST_HEADERS), 304: Answer(None, headers=_LIST_HEADERS)},
    )
    async def tables() -> Response:
        """List the public tables that pass the filters; 304 to who shows the list's tag."""
        query = lobby_query(list(request.args.items(multi=True)))
        try:
            written, directory = await pages.text(query)
        except BadParameter as bad:
            raise RefusedRequest(400, Refusal.MALFORMED, str(bad)) from bad
        return _answer_list(written, directory)

    @app.get("/api/v1/tables/<number>")
    @limited(Rule.LOBBY)
    @Page(
        tag="lobby",
        parameters=(whole_path("number"),),
        answers={200: LobbyTable},
        refuses={404: (Refusal.NO_SUCH_TABLE,), 503: (Refusal.TABLE_UNAVAILABLE,)},
    )
    async def table(number: str) -> Response:
        """Give the line of one public table."""
        line, directory = await pages.line(table_number(number))
        if line is None and directory.is_complete:
            raise RefusedRequest(404, Refusal.NO_SUCH_TABLE)
        if line is None:
            raise ComeBack(Refusal.TABLE_UNAVAILABLE, retry_seconds(Closed.NOT_HELD))
        response = Response(line.text, content_type="application/json")
        response.headers["Cache-Control"] = "no-store"
        return mark_stale(response, directory)


def table_number(text: str) -> TableId:
    """Read a table's number in an address; refused: what is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_ID_DIGITS):
        raise RefusedRequest(404, Refusal.NO_SUCH_TABLE)
    return TableId(int(text))


def _answer_list(written: WrittenLobby, directory: Directory) -> Response:
    """Answer with the list, or that it is what the asker has already."""
    if request.if_none_match.contains_weak(written.tag):
        response = Response(b"", status=304)
    else:
        is_packed = request.accept_encodings["gzip"] > 0
        response = Response(written.packed if is_packed else written.plain, content_type="application/json")
        if is_packed:
            response.headers["Content-Encoding"] = "gzip"
    response.headers["ETag"] = f'W/"{written.tag}"'
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "no-cache"
    return mark_stale(response, directory)


def mark_stale(response: Response, directory: Directory) -> Response:
    """Let an answer say that nobody knows now if it is still so."""
    if directory.is_stale:
        response.headers["Warning"] = STALE
    return response

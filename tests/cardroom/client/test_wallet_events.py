"""Following a wallet: events in whatever pieces they come, and a wallet that goes away and comes back."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from cardroom.client import ProtocolBroken, RequestRefused, follow_wallet
from cardroom.client.wallet_events import EventReader
from cardroom.money import Krw
from cardroom.wire.notices import (
    MAX_EVENT_BYTES,
    DepositNotice,
    DepositState,
    NoticesMissed,
    WalletEvent,
    WithdrawalNotice,
    WithdrawalState,
    event_codec,
)
from cardroom.wire.refusals import Refusal

CREDITED = DepositNotice(7, "BTC", "0.001", DepositState.CREDITED, 3, 3, Krw(150_000), None, Krw(248_500))
SENT = WithdrawalNotice(8, "ETH", WithdrawalState.SENT, Krw(50_000), "0.01", "0xab")
EVENTS: list[WalletEvent] = [NoticesMissed(), CREDITED, SENT]
DATA = [b"data: " + event_codec().encode(event) + b"\n\n" for event in EVENTS]
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nretry: 1000\n\n"
ENDS = b": that was all\n\n"


def refusal(status: int, code: str, *headers: str) -> bytes:
    body = f'{{"code": "{code}"}}'
    lines = [f"HTTP/1.1 {status} No", f"Content-Length: {len(body)}", "Connection: close", *headers, "", body]
    return "\r\n".join(lines).encode()


@asynccontextmanager
async def wallet(*answers: bytes) -> AsyncIterator[tuple[str, Sequence[bytes]]]:
    """Give these answers, one a connection, which stays open but after ``ENDS``, or where nothing is said."""
    asked: list[bytes] = []

    async def serve(stream: trio.SocketStream) -> None:
        asked.append(await stream.receive_some())
        answer = answers[len(asked) - 1]
        await stream.send_all(answer)
        if answer and not answer.endswith(ENDS):
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, serve, 0)
        yield f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}", asked
        nursery.cancel_scope.cancel()


@given(st.lists(st.integers(0, 10_000), max_size=12), st.sampled_from([b"\n", b"\r\n"]))
def test_events_are_read_in_whatever_pieces_they_come(cuts: list[int], end: bytes) -> None:
    parts = [b"retry: 1000\n\n", DATA[0], b":\n\n", b"event: deposit_notice\n", DATA[1], b":\n\n", DATA[2]]
    text = b"".join(parts)
    text = text.replace(b"\n", end)
    places = sorted({0, len(text), *[cut % len(text) for cut in cuts]})
    reader, found = EventReader(), []
    for start, stop in pairwise(places):
        found += reader.feed(text[start:stop])
    assert found == EVENTS


def test_data_in_several_lines_is_one_event_and_other_fields_are_passed_over() -> None:
    text = b'id: 5\ndata:{"type":\ndata: "notices_missed"}\nsurprise\n\n'
    assert EventReader().feed(text) == [NoticesMissed()]


def test_an_event_of_a_later_version_is_passed_over() -> None:
    assert EventReader().feed(b'data: {"type":"fireworks","at":1}\n\n' + DATA[1]) == [CREDITED]


@pytest.mark.parametrize(
    "text", [b"data: nonsense\n\n", b'data: {"type":"deposit_notice"}\n\n', b"data: \xff\n\n"]
)
def test_what_is_no_event_breaks_the_protocol(text: bytes) -> None:
    with pytest.raises(ProtocolBroken, match="no event"):
        EventReader().feed(text)


@pytest.mark.parametrize("line", [b"xxxx", b"data: xxxx\n"])
def test_what_never_ends_is_not_kept(line: bytes) -> None:
    with pytest.raises(ProtocolBroken, match="that long"):
        _feed_for_ever(EventReader(), line)


def _feed_for_ever(reader: EventReader, line: bytes) -> None:
    for _ in range(MAX_EVENT_BYTES):
        reader.feed(line)


async def test_events_come_and_the_token_is_shown() -> None:
    async with wallet(STREAM + b"".join(DATA)) as (url, asked):
        async with follow_wallet(url, "a token") as events:
            assert [await anext(events) for _ in EVENTS] == EVENTS
        assert b"\r\nAuthorization: Bearer a token\r\n" in asked[0]


async def test_a_wallet_that_goes_away_is_asked_again() -> None:
    busy = refusal(503, "busy", "Retry-After: 0")
    async with wallet(STREAM + DATA[0] + ENDS, b"", busy, STREAM + DATA[0] + DATA[1]) as (url, asked):
        async with follow_wallet(url, "a token") as events:
            assert [await anext(events) for _ in range(3)] == [NoticesMissed(), NoticesMissed(), CREDITED]
        assert len(asked) == 4


@pytest.mark.parametrize(
    ("status", "code"), [(401, "not_authenticated"), (403, "user_blocked"), (429, "rate_limited")]
)
async def test_who_is_refused_is_told(status: int, code: str) -> None:
    async with wallet(refusal(status, code)) as (url, _), follow_wallet(url, "a token") as events:
        with pytest.raises(RequestRefused) as refused:
            await anext(events)
        assert refused.value.code is Refusal(code)


async def test_a_step_that_is_cut_off_is_followed_by_a_new_connection() -> None:
    """What was lost by it is not known: the first event says so."""
    async with (
        wallet(STREAM + DATA[0], STREAM + DATA[0] + DATA[1]) as (url, _),
        follow_wallet(url, "a token") as events,
    ):
        assert await anext(events) == NoticesMissed()
        with trio.move_on_after(0.05):
            await anext(events)
        assert [await anext(events), await anext(events)] == [NoticesMissed(), CREDITED]

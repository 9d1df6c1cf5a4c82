"""Real processes that send payouts are killed, or sleep for longer than anybody waits for them."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from cardroom.service.settings import PostgresSettings
from tests.fakes.payout_gateway import NAME, Fault, HttpGateway, PayoutServer, payout_server
from tests.wallet_worker.house import House
from tests.wallet_worker.payout_crashes import People, assert_paid_at_most_once, wait_for
from tests.wallet_worker.payout_worker import SETTINGS
from tests.wallet_worker.withdrawals import SendingRoom, approved, hurry, row_of, sending_room, state_of


@pytest.fixture(params=[True, False], ids=["finds", "finds nothing"])
def server(request: pytest.FixtureRequest) -> Iterator[PayoutServer]:
    with payout_server(finds=request.param) as server:
        yield server


@pytest.fixture
def room(house: House, server: PayoutServer) -> SendingRoom:
    """Another worker, in this process, with the same short times."""
    return sending_room(
        house, {NAME: HttpGateway(server.url, server.finds)}, settings=SETTINGS, name="another"
    )


@asynccontextmanager
async def worker(settings: PostgresSettings, server: PayoutServer, root: Path) -> AsyncIterator[trio.Process]:
    """Run a process that sends, until the end of the block."""
    command = [sys.executable, "-m", "tests.wallet_worker.payout_worker", settings.dsn, server.url]
    async with trio.open_nursery() as nursery:
        run = partial(trio.run_process, stdout=subprocess.PIPE, check=False, cwd=root)
        process: trio.Process = await nursery.start(run, [*command, str(server.finds)])
        try:
            await heard(process, b"ready")
            yield process
        finally:
            process.kill()


async def heard(process: trio.Process, word: bytes) -> None:
    """Wait until the process says a word."""
    assert process.stdout is not None
    said = b""
    with trio.fail_after(15):
        while word not in said:
            more = await process.stdout.receive_some()
            assert more, f"it ended, having said {said!r}"
            said += more


async def pass_seconds(room: SendingRoom, number: int) -> None:
    """Let another worker look for silent senders for longer than it takes until one is."""
    with trio.move_on_after(SETTINGS.doubtful_seconds + 1.5):
        while await state_of(room.house, number) not in ("doubtful", "confirmed"):
            await hurry(room.house)
            await room.watch.look(NAME)
            await trio.sleep(0.2)


async def finish(room: SendingRoom, people: People, number: int, *, sends_again: bool) -> None:
    await people.decide(number, sends_again=sends_again)
    for _ in range(3):
        await hurry(room.house)
        await room.go_on(rounds=1)


async def test_killed_between_the_commit_and_the_call(
    room: SendingRoom, server: PayoutServer, wallet_settings: PostgresSettings, project_root: Path
) -> None:
    async with worker(wallet_settings, server, project_root) as process:
        number = await approved(room)
        await heard(process, b"sending")
        process.kill()
    assert server.taken == []
    await pass_seconds(room, number)
    await finish(room, People(room.house, server), number, sends_again=True)
    assert await state_of(room.house, number) == "confirmed"
    assert [one.external_id for one in server.taken] == [f"w{number}-{1 if server.finds else 2}"]
    await room.house.assert_sound()


async def test_killed_while_the_gateway_answers(
    room: SendingRoom, server: PayoutServer, wallet_settings: PostgresSettings, project_root: Path
) -> None:
    server.faults.append(Fault(seconds=1.0))
    async with worker(wallet_settings, server, project_root) as process:
        number = await approved(room)
        await wait_for(server.came)
        process.kill()
    await pass_seconds(room, number)
    assert await state_of(room.house, number) == ("confirmed" if server.finds else "doubtful")
    await finish(room, People(room.house, server), number, sends_again=True)
    await assert_paid_at_most_once(room.house, server, number)
    assert await state_of(room.house, number) == "confirmed"
    await room.house.assert_sound()


@pytest.mark.parametrize("sends_again", [True, False])
async def test_a_process_that_wakes_when_all_is_decided_sends_nothing(
    room: SendingRoom,
    server: PayoutServer,
    wallet_settings: PostgresSettings,
    project_root: Path,
    sends_again: bool,
) -> None:
    """It slept between its commit and the call; meanwhile a look-up or people have decided."""
    async with worker(wallet_settings, server, project_root) as process:
        number = await approved(room)
        await heard(process, b"sending")
        process.send_signal(signal.SIGSTOP)
        await pass_seconds(room, number)
        await finish(room, People(room.house, server), number, sends_again=sends_again)
        decided = await row_of(room.house, number)
        taken = len(server.taken)
        process.send_signal(signal.SIGCONT)
        await trio.sleep(2.0)
        assert process.poll() is None
    assert len(server.taken) == taken
    assert await row_of(room.house, number) == decided
    await assert_paid_at_most_once(room.house, server, number)
    await room.house.assert_sound()


async def test_a_process_that_wakes_before_anybody_has_decided_says_that_it_sent_nothing(
    room: SendingRoom, server: PayoutServer, wallet_settings: PostgresSettings, project_root: Path
) -> None:
    async with worker(wallet_settings, server, project_root) as process:
        number = await approved(room)
        await heard(process, b"sending")
        process.send_signal(signal.SIGSTOP)
        await trio.sleep(SETTINGS.begin_seconds)
        process.send_signal(signal.SIGCONT)
        await heard(process, b"confirmed")
    assert await state_of(room.house, number) == "confirmed"
    (sent,) = server.taken
    assert sent.external_id != f"w{number}-1"
    await room.house.assert_sound()

"""A file of addresses: what it says, that it is read anew, and that nothing goes on without it."""

import os
from pathlib import Path

import pytest
import trio

from cardroom.ids import UserId
from cardroom.service.settings import BadSettings
from tests.wallet_worker.house import LOG
from wallet_worker.screening.file_list import FileList, read_list
from wallet_worker.screening.port import Direction, Screened, ScreeningAway

MIXER = "0x8589427373D6D84E98730D7795D8f6f8731FDA16"
THIEF = "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"
OURS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
LIST = f"""
# sanctioned
{MIXER.lower()} a mixer, since 2022
{THIEF}\tthe exchange's thief # see the letter of May
bc1qlisted
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "listed.txt"
    path.write_text(LIST, encoding="utf-8")
    return path


def paid_to(address: str, originator: str | None = None) -> Screened:
    direction = Direction.OUT if originator is None else Direction.IN
    return Screened(direction, "ETH", address, 10**18, UserId(1), "a" * 64, originator)


async def test_listed_addresses_are_found_with_their_reason(file: Path) -> None:
    listed = FileList(file, LOG)
    assert (await listed.check(paid_to(MIXER))).reason == "a mixer, since 2022"
    assert (await listed.check(paid_to(MIXER.lower()))).reason == "a mixer, since 2022"
    assert (await listed.check(paid_to(OURS, originator=THIEF))).reason == "the exchange's thief"
    assert (await listed.check(paid_to("bc1qlisted"))).reason == "listed"
    assert (await listed.check(paid_to(OURS))).is_clear
    assert (await listed.check(paid_to(OURS, originator=OURS))).is_clear


async def test_a_file_that_changes_is_read_anew(file: Path) -> None:
    listed = FileList(file, LOG)
    assert (await listed.check(paid_to(OURS))).is_clear
    await trio.Path(file).write_text(f"{OURS} ours, by mistake", encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert (await listed.check(paid_to(OURS))).reason == "ours, by mistake"
    assert (await listed.check(paid_to(MIXER))).is_clear


async def test_nothing_goes_on_while_the_file_cannot_be_read(file: Path) -> None:
    listed = FileList(file, LOG)
    assert (await listed.check(paid_to(OURS))).is_clear
    place = trio.Path(file)
    text = await place.read_bytes()
    await place.unlink()
    with pytest.raises(ScreeningAway):
        await listed.check(paid_to(OURS))
    await place.write_bytes(b"\xff\xfe")
    with pytest.raises(ScreeningAway):
        await listed.check(paid_to(OURS))
    await place.write_bytes(text)
    assert not (await listed.check(paid_to(MIXER))).is_clear


def test_a_file_that_is_none_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="listed"):
        read_list(tmp_path / "listed.txt")
    (tmp_path / "empty.txt").write_text("# nobody yet\n\n", encoding="utf-8")
    assert read_list(tmp_path / "empty.txt") == {}

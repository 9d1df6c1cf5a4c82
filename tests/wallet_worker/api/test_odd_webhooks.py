"""Odd messages of gateways, rightly signed: each is refused with a code, and none is an error of ours."""

import json

import pytest

from cardroom.service.redis import Redis
from tests.fakes.shkeeper_books import sign
from tests.wallet_worker.coin_office import SECRET, CoinOffice, open_coin_office, signed, write_message
from tests.wallet_worker.house import PURSE, House
from wallet_worker.api.webhooks import SHKEEPER_DEPOSIT_PATH, SHKEEPER_PAYOUT_PATH


@pytest.fixture
def office(house: House, redis: Redis) -> CoinOffice:
    return open_coin_office(house, redis)


ODD = [
    b"", b"null", b"[]", b'"x"', b"\xff\xfe", b"\x00", b"{" * 4000, b"[" * 4000, b"1" * 4000, b"1e999",
    b"NaN", b"{}", b'{"a":1,"a":1}', b"\xef\xbb\xbf{}", b'{"gateway":null}',
    b'{"gateway":["fake"]}', b" " * 4097,
]  # fmt: skip


@pytest.mark.parametrize("path", [None, SHKEEPER_DEPOSIT_PATH, SHKEEPER_PAYOUT_PATH])
async def test_odd_bytes_are_malformed(office: CoinOffice, path: str | None) -> None:
    for raw in ODD:
        now = int(office.room.clock.now)
        headers = signed(raw) if path is None else sign(raw, SECRET.value, now)
        where = [] if path is None else [path]
        status, code = await office.send(raw, headers, *where)
        assert (status, code) in ((400, "malformed"), (422, "wrong_coin")), raw[:40]
    assert await office.room.states() == []


async def test_odd_fields_are_refused_and_change_nothing(office: CoinOffice) -> None:
    told = await office.room.told(0)
    odd = [
        {"tx_hash": "0X" + told.tx_hash[:-1]}, {"tx_hash": told.tx_hash + "\n"}, {"tx_hash": "\u0661" * 64},
        {"output_index": -1}, {"output_index": 1.0}, {"output_index": True}, {"output_index": 2**31},
        {"output_index": "0"}, {"output_index": None}, {"confirmations": -1}, {"confirmations": 1e3},
        {"confirmations": False}, {"amount": 1}, {"amount": "-1"}, {"amount": "+1"}, {"amount": "1e3"},
        {"amount": " 1"}, {"amount": "1_0"}, {"amount": "01"}, {"amount": "1."}, {"amount": ".5"},
        {"amount": "\u0661"}, {"amount": "0"}, {"amount": "0.00000000"}, {"amount": "NaN"},
        {"amount": "9" * 13}, {"address": told.address + " "}, {"address": told.address + "\u0000"},
        {"address": told.address.lower()}, {"address": ""}, {"coin": "BTC"}, {"coin": "btc\ud800"},
    ]  # fmt: skip
    for changed in odd:
        raw = json.dumps(json.loads(write_message(told)) | changed).encode()
        status, code = await office.send(raw, signed(raw))
        assert status in (400, 422), (changed, status, code)
    assert await office.room.states() == []
    assert await office.room.house.wallet(0) == PURSE


async def test_the_same_transaction_however_it_is_spelled_is_one_deposit(office: CoinOffice) -> None:
    """Hash and address of Ethereum have small and large letters, with a 0x in front or none."""
    room = office.room
    told = await room.told(0, coin="ETH", confirmations=12)
    room.gateway.has(told)
    plain, bare = told.address.lower(), told.tx_hash.removeprefix("0x")
    spelled = [(told.address, bare), (plain, "0x" + bare), ("0x" + plain[2:].upper(), bare.upper())]
    for number, (address, tx_hash) in enumerate(spelled):
        raw = write_message(told, address=address, tx_hash=tx_hash) + b" " * number
        assert await office.send(raw, signed(raw)) == (202, "accepted"), (address, tx_hash)
    assert len(await room.deposits()) == 1


async def test_headers_that_come_twice_sign_nothing(office: CoinOffice) -> None:
    raw = write_message(await office.room.told(0))
    once = signed(raw)
    client = office.app.test_client()
    for name in once:
        headers = [*once.items(), (name, once[name])]
        answer = await client.post("/api/v1/wallet/webhook/deposit", data=raw, headers=headers)
        assert answer.status_code == 401
    assert await office.room.states() == []


async def test_one_transaction_that_pays_three_players_is_three_deposits(office: CoinOffice) -> None:
    room = office.room
    for output, player in enumerate((0, 1, 2, 0)):
        told = await room.told(player)
        raw = write_message(told, output_index=output)
        assert await office.send(raw, signed(raw)) == (202, "accepted")
    assert [one.output_number for one in await room.deposits()] == [0, 1, 2, 3]

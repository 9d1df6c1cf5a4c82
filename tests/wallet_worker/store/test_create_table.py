"""Codes of private tables: nobody guesses them, and nobody misreads them."""

from cardroom.service.postgres import Postgres
from tests.wallet_worker.house import House
from wallet_worker.store.create_table import NewTable, create_table, draw_invitation


def test_codes_use_all_of_32_letters_evenly_and_never_repeat() -> None:
    codes = [draw_invitation() for _ in range(2_000)]
    assert len(set(codes)) == len(codes)
    assert {len(code) for code in codes} == {10}
    letters = "".join(codes)
    assert len(set(letters)) == 32, "10 letters of 32 are 50 bits"
    assert not set(letters) & set("IO01")
    assert letters.upper() == letters
    # 625 of each are expected; one in a billion of fair runs has a letter that far off.
    assert all(450 < letters.count(letter) < 800 for letter in set(letters))


async def test_a_table_shows_its_code_to_nobody_by_accident(house: House, database: Postgres) -> None:
    made = await create_table(database, NewTable(house.shard, "Three", "50/100", 6, is_private=True))
    assert made.invitation
    assert made.invitation not in repr(made)

"""What is named when two records of a batch differ."""

import pytest

from wallet_worker.audit.difference import first_difference

ONE = "1|buy_in|c1|17|-|4,wallet,7,0,-2,-5,95,2;9,escrow,7,1,-2,5,5,1"
TWO = "2|promotion|c2|18|6869|1,promotions,0,0,-2,-50,-50,1;4,wallet,7,0,-2,50,145,3"
TEN = "10|hand|c3|19|-|9,escrow,7,1,-2,-1,4,2;12,rake,0,0,3,1,1,1|h1,1,1,1,ff,7:0:-1:1"
WHOLE = "\n".join((ONE, TWO, TEN))


@pytest.mark.parametrize(
    ("old", "new", "what", "one", "other"),
    [
        (",50,145,3", ",51,145,3", "entry of account 4",
         "4,wallet,7,0,-2,50,145,3", "4,wallet,7,0,-2,51,145,3"),
        (";4,wallet,7,0,-2,50,145,3", "", "entry of account 4", "4,wallet,7,0,-2,50,145,3", "nothing"),
        ("promotion|", "rakeback|", "kind", "promotion", "rakeback"),
        ("|6869|", "|-|", "reason", "6869", "-"),
    ],
)  # fmt: skip
def test_the_first_difference_is_named(old: str, new: str, what: str, one: str, other: str) -> None:
    changed = WHOLE.replace(old, new, 1)
    said = f"transfer 2, {what}: {one} in the database, {other} in the file"
    assert first_difference(WHOLE, changed, "file") == said
    assert first_difference(WHOLE, WHOLE.replace("|19|", "|20|"), "file").startswith("transfer 10, time: 19")


@pytest.mark.parametrize(("old", "new"), [(TWO + "\n", ""), ("\n2|", "\n3|")])
def test_a_transfer_that_only_the_database_has_is_named(old: str, new: str) -> None:
    found = first_difference(WHOLE, WHOLE.replace(old, new, 1), "file")
    assert found == "transfer 2 stands in the database only"


def test_a_transfer_that_only_the_copy_has_is_named() -> None:
    assert first_difference(ONE, WHOLE, "Redis copy") == "transfer 2 stands in the Redis copy only"
    assert first_difference("", ONE, "file") == "transfer 1 stands in the file only"


def test_the_same_lines_in_another_order_are_told() -> None:
    assert first_difference(f"{ONE}\n{TWO}", f"{TWO}\n{ONE}", "file") == "the same transfers in another order"


def test_what_is_no_transfer_is_named_too() -> None:
    assert first_difference(ONE, "garbage", "file") == "transfer garbage stands in the file only"


def test_long_fields_are_cut() -> None:
    assert len(first_difference(ONE, ONE + "|" + "x" * 10_000, "file")) < 300

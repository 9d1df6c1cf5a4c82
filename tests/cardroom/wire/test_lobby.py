"""Table tickets: only who knows the key writes one."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import BadSignature

from cardroom.ids import BootNonce, Epoch, NodeId, ShardId, TableId, UserId
from cardroom.wire.lobby import TableTicket, open_ticket, sign_ticket

TICKET = TableTicket(
    "id-1",
    UserId(7),
    "딜러",
    TableId(3),
    NodeId("node-1"),
    BootNonce("b" * 32),
    1_700_000_000_000,
    ShardId(2),
    Epoch(9),
)


def test_a_ticket_comes_back() -> None:
    assert open_ticket(sign_ticket(TICKET, "key"), "key") == TICKET


def test_golden_ticket() -> None:
    """Routers and nodes of different versions must agree on these bytes."""
    assert sign_ticket(evolve(TICKET, nickname="n", boot=BootNonce("b")), "key").startswith(
        "maRpZC0xB6FuA6Zub2RlLTGhYs8AAAGLz-VoAAIJ."
    )


def test_another_key_opens_nothing() -> None:
    with pytest.raises(BadSignature):
        open_ticket(sign_ticket(TICKET, "key"), "other")
    with pytest.raises(BadSignature):
        open_ticket(sign_ticket(TICKET, "key"), "other", "another")


def test_any_of_several_keys_opens_a_ticket() -> None:
    for key in ("new", "old"):
        assert open_ticket(sign_ticket(TICKET, key), "new", "old") == TICKET


@given(st.integers(0, 400), st.characters())
def test_no_changed_letter_goes_unseen(place: int, letter: str) -> None:
    text = sign_ticket(TICKET, "key")
    place %= len(text)
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        try:
            assert open_ticket(changed, "key") == TICKET  # the last letters of base64 have spare bits
        except BadSignature:
            return
        assert text.rpartition(".")[0] == changed.rpartition(".")[0]


@pytest.mark.parametrize("text", ["", ".", "a.b", "é", "x" * 5000, "\ud800"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadSignature):
        open_ticket(text, "key")

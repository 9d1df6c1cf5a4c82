"""Tokens have a form of their own, so that made up ones reach no database. Sessions: tests of the router."""

import base64
import secrets

import pytest

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest
from cardroom.service.logins import Login, draw_token, hash_token, is_drawn, require_step_up
from cardroom.wire.refusals import Refusal


def test_tokens_are_long_never_repeat_and_know_each_other() -> None:
    tokens = {draw_token() for _ in range(500)}
    assert len(tokens) == 500
    assert {len(token) for token in tokens} == {48}
    assert all(map(is_drawn, tokens))
    assert len({token[:8] for token in tokens}) > 490


def test_a_token_with_any_letter_changed_is_none() -> None:
    token = draw_token()
    for place, letter in enumerate(token):
        other = "A" if letter != "A" else "B"
        assert not is_drawn(token[:place] + other + token[place + 1 :]), place


def test_made_up_tokens_are_none() -> None:
    made_up = [secrets.token_urlsafe(36) for _ in range(2_000)]
    assert not any(map(is_drawn, made_up)), "one of four billion would pass"
    odd = ["", "x", "é" * 48, "=" * 48, draw_token()[:-1], draw_token() + "AAAA", f" {draw_token()}"]
    assert not any(map(is_drawn, odd))
    longer = base64.urlsafe_b64encode(bytes(40)).decode()
    assert not is_drawn(longer)


def test_of_a_token_only_its_hash_is_kept() -> None:
    token = draw_token()
    assert len(hash_token(token)) == 32
    assert hash_token(token) == hash_token(token) != hash_token(draw_token())


def _refusal(login: Login, now_ms: int) -> Refusal | None:
    try:
        require_step_up(login, now_ms)
    except RefusedRequest as refused:
        return refused.code if refused.status == 403 else None
    return None


@pytest.mark.parametrize(
    ("has_factor", "until_ms", "refusal"),
    [
        (False, 0, Refusal.SECOND_FACTOR_OFF),
        (False, 2_000, Refusal.SECOND_FACTOR_OFF),
        (True, 0, Refusal.STEP_UP_NEEDED),
        (True, 1_000, Refusal.STEP_UP_NEEDED),
        (True, 1_001, None),
    ],
)
def test_what_needs_a_step_up(has_factor: bool, until_ms: int, refusal: Refusal | None) -> None:
    login = Login(UserId(1), "Alice", has_second_factor=has_factor, stepped_up_until_ms=until_ms)
    assert _refusal(login, 1_000) is refusal

"""Tokens have a form of their own, so that made up ones reach no database. Sessions: tests of the router."""

import base64
import secrets

from cardroom.service.logins import draw_token, hash_token, is_drawn


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

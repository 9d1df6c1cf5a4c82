"""Names of bots."""

from loadtest.profile import Profile, player


def test_the_same_number_has_the_same_account_in_every_run() -> None:
    profile = Profile(router_url="", players=2, seconds=0, seed=1, names="bot", password="x" * 16)
    assert player(profile, 3).nickname == "bot-03"
    assert player(profile, 3) == player(profile, 3)
    assert player(profile, 3).email == "bot-03@bots.invalid"

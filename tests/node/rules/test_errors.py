from node.rules.errors import IllegalAction, IllegalReason


def test_a_refusal_carries_its_code() -> None:
    refusal = IllegalAction(IllegalReason.NOT_YOUR_TURN)
    assert (refusal.reason, refusal.reason.value) == (IllegalReason.NOT_YOUR_TURN, "not_your_turn")
    assert all(reason.value == reason.name.lower() for reason in IllegalReason)

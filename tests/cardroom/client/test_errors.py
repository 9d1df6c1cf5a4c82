"""What errors say."""

from cardroom.client import ClientError, ConnectionLost, RequestRefused, SequenceGap
from cardroom.wire.refusals import Refusal


def test_every_error_is_a_client_error_and_says_what_happened() -> None:
    errors = (
        (RequestRefused(Refusal.SEAT_TAKEN), "seat_taken"),
        (ConnectionLost("gone"), "gone"),
        (ConnectionLost("gone", 1012), "gone (close code 1012)"),
        (SequenceGap(3, 5), "event 3 expected, 5 received"),
    )
    for error, text in errors:
        assert isinstance(error, ClientError)
        assert str(error) == text

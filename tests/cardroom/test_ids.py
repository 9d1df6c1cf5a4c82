"""Ids that are made, not given by a database."""

from cardroom.ids import new_command_id


def test_a_command_id_is_a_uuid_version_7_of_its_time() -> None:
    made = new_command_id(1_700_000_000_123, b"\xff" * 10)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == 1_700_000_000_123


def test_later_ids_sort_after_earlier_ones_whatever_the_randomness() -> None:
    assert new_command_id(1000, b"\xff" * 10) < new_command_id(1001, b"\x00" * 10)


def test_different_randomness_gives_different_ids() -> None:
    made = {
        new_command_id(5, bytes([first] + [0] * 8 + [last])) for first in range(16) for last in range(256)
    }
    assert len(made) == 16 * 256

"""Numbers in words."""

import pytest

from loadtest.showing.words import Unit, rounded, shown, unit_of, written


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (3, "3"),
        (12_345.6, "12,346"),
        (123.4, "123"),
        (56.78, "56.8"),
        (8.904, "8.90"),
        (0.0123, "0.012"),
    ],
)
def test_three_digits(number: float, words: str) -> None:
    assert rounded(number) == words


@pytest.mark.parametrize(
    ("number", "unit", "words"),
    [
        (12.5, Unit.MILLISECONDS, "12.5 ms"), (982, Unit.MICROSECONDS, "982 µs"),
        (0.234, Unit.SHARE, "23.4 %"), (61.2, Unit.KIB, "61.2 KiB"),
        (102_400, Unit.KIB, "100 MiB"), (233.1, Unit.PER_SECOND, "233/s"),
        (1_000, Unit.COUNT, "1,000"), (None, Unit.KIB, "not measured"),
    ],
)  # fmt: skip
def test_units(number: float | None, unit: Unit, words: str) -> None:
    assert written(number, unit) == words


def test_the_exact_number_stays_in_the_page() -> None:
    assert shown(12.3456, Unit.MILLISECONDS) == '<data value="12.3456">12.3 ms</data>'
    assert shown(None, Unit.MILLISECONDS) == '<span class="absent">not measured</span>'


def test_every_unit_can_be_written() -> None:
    assert all(written(1.5, unit) for unit in Unit)


def test_endings_tell_units() -> None:
    assert unit_of("lag_max_ms") == ("lag max", Unit.MILLISECONDS)
    assert unit_of("hands_per_s") == ("hands", Unit.PER_SECOND)
    assert unit_of("back_seconds") == ("back", Unit.SECONDS)
    assert unit_of("share") == ("share", Unit.PART)
    assert unit_of("all_seats_ms_before") == ("all seats before", Unit.COUNT)
    assert unit_of("kicked") == ("kicked", Unit.COUNT)

"""What classes say about themselves, read from small ones that stand here."""

import sys
from enum import Enum
from typing import Final, NewType

from attrs import frozen

from cardroom.money import Krw
from cardroom.wire.vocabulary import (
    NamedNumber,
    constants_of,
    defaults_of,
    doc_of,
    fields_of,
    member_docs,
    member_groups,
    parts_of,
    summary_of,
    type_name,
    types_in,
)

MAX_PAGES: Final = 7
"""No menu is thicker."""
_HIDDEN: Final = 8
NAME: Final = "not a number"

DishId = NewType("DishId", int)
"""A dish of the kitchen. It has a number."""


class Course(Enum):
    """When a dish comes. Nobody eats twice."""

    # Before
    SOUP = "soup"
    """With a spoon."""
    # After
    CAKE = "cake"


@frozen
class Dish:
    """One dish.

    Its ``price`` is what the guest pays; ``weight`` is
    that of the plate.
    """

    dish: DishId
    course: Course | None
    price: Krw
    weight: int
    name: str
    """What it is called."""
    wait_seconds: float = 2.5
    is_hot_seconds: bool = True


@frozen
class Special(Dish):
    """A dish of the day."""

    name: str = ""
    taste: str = ""
    weight: int = 3
    """With the sauce."""


@frozen
class Menu:
    """All dishes."""

    dishes: tuple[Dish, ...]
    numbers: tuple[DishId, ...]
    name: str


def meaning(kind: type, name: str) -> str:
    return next(field.meaning for field in fields_of(kind) if field.name == name)


def test_a_docstring_is_one_line_for_each_paragraph() -> None:
    assert doc_of(Dish) == ("One dish.\n\nIts `price` is what the guest pays; `weight` is that of the plate.")
    assert summary_of(Course) == "When a dish comes."


def test_fields_stand_in_the_order_of_sending_with_their_units() -> None:
    assert [(field.name, field.unit) for field in fields_of(Dish)] == [
        ("dish", ""),
        ("course", ""),
        ("price", "won"),
        ("weight", ""),
        ("name", ""),
        ("wait_seconds", "seconds"),
        ("is_hot_seconds", ""),
    ]


def test_a_field_means_what_stands_below_it() -> None:
    assert meaning(Dish, "name") == "What it is called."
    assert meaning(Special, "weight") == "With the sauce."


def test_else_what_its_class_says_about_it() -> None:
    assert meaning(Dish, "weight") == "Its `price` is what the guest pays; `weight` is that of the plate."


def test_else_what_the_namesake_in_another_class_means() -> None:
    assert meaning(Menu, "name") == "What it is called."


def test_else_what_its_type_is() -> None:
    assert meaning(Dish, "dish") == "A dish of the kitchen."
    assert meaning(Dish, "course") == "When a dish comes."
    assert meaning(Menu, "dishes") == "One dish."


def test_else_nothing() -> None:
    assert meaning(Special, "taste") == ""
    assert meaning(Menu, "numbers") == ""


def test_limits_are_numbers_with_a_name() -> None:
    assert constants_of(sys.modules[__name__]) == (
        NamedNumber("MAX_PAGES", MAX_PAGES, "", "No menu is thicker."),
    )
    assert defaults_of(Special) == (
        NamedNumber("wait_seconds", 2.5, "seconds", ""),
        NamedNumber("weight", 3, "", "With the sauce."),
    )


def test_members_of_an_enum_have_meanings_and_headings() -> None:
    assert member_docs(Course) == {"SOUP": "With a spoon."}
    assert member_groups(Course) == {"SOUP": "Before", "CAKE": "After"}


def test_types_have_names_for_people() -> None:
    assert type_name(DishId) == "DishId"
    assert type_name(Course | None) == "Course or null"
    assert type_name(tuple[Dish, ...]) == "list of Dish"
    assert type_name(bytes | None) == "bytes or null"


def test_parts_are_found_at_any_depth() -> None:
    assert {Menu, Dish, DishId, Course, Krw, str} <= set(types_in(Menu))
    assert parts_of([Menu]) == [Course, Dish, DishId, Krw]

import pytest

from node.rules.cards import FULL_DECK, format_card, format_cards, parse_card, parse_cards, rank_of, suit_of


def test_every_card_is_read_as_it_is_written() -> None:
    assert [parse_card(format_card(card)) for card in FULL_DECK] == list(range(52))
    assert (format_card(FULL_DECK[0]), format_card(FULL_DECK[51])) == ("2c", "As")
    assert parse_cards("As Kd") == parse_cards("AsKd") == (51, 45)
    assert format_cards(parse_cards("Td2h")) == "Td2h"
    assert (rank_of(parse_card("Kd")), suit_of(parse_card("Kd"))) == (11, 1)


@pytest.mark.parametrize("text", ["", "1s", "as", "AsK", "10h", "A"])
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a card"):
        parse_card(text) if len(text) < 3 else parse_cards(text)

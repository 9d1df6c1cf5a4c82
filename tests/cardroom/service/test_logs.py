"""Logs for machines: one JSON object a line, no secret in it."""

import json

import pytest

from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import open_log
from cardroom.service.metrics import UNFORESEEN
from cardroom.service.settings import BadSettings, LogSettings, Secret


def test_an_event_is_a_line_with_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    open_log(LogSettings(), "node-1").bind(table_id=3).info("hand.settled", hand_no=7)
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "hand.settled"
    assert (line["process"], line["table_id"], line["hand_no"], line["level"]) == ("node-1", 3, 7, "info")


def test_a_secret_does_not_show_itself(capsys: pytest.CaptureFixture[str]) -> None:
    open_log(LogSettings(), "node-1").info("settings", key=Secret("do not tell"))
    assert "do not tell" not in capsys.readouterr().err


def test_less_than_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    open_log(LogSettings(level="warning"), "node-1").info("quiet")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("wrong", [LogSettings(level="loud"), LogSettings(form="xml")])
def test_unknown_words_stop_the_start(wrong: LogSettings) -> None:
    with pytest.raises(BadSettings):
        open_log(wrong, "node-1")


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_variable(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a table's frames lie the deck and all hole cards."""
    log = open_log(LogSettings(form=form), "node-1")

    def deal(deck: str) -> None:
        raise KeyError(len(deck))

    try:
        deal("As" + "Kd")
    except KeyError as error:
        log.error("table.crashed", exc_info=error)  # noqa: TRY400 (as the border does)
    written = capsys.readouterr().err
    assert "deal" in written
    assert "AsKd" not in written


def test_what_nobody_expected_is_logged_and_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = open_log(LogSettings(), "node-1")
    counter = UNFORESEEN.labels(border="tests")
    before = counter._value.get()
    report_unforeseen(log, "tests", KeyError("surprise"))
    assert counter._value.get() == before + 1
    written = capsys.readouterr().err
    assert json.loads(written)["border"] == "tests"
    assert "surprise" in written


class Deck:
    """Something that notes when somebody looks at it."""

    looks = 0

    def __repr__(self) -> str:
        self.looks += 1
        return "As Kd"


def _break_with(deck: Deck) -> None:
    raise KeyError(id(deck))


def test_nobody_looks_at_the_variables_of_what_broke() -> None:
    """In a table's frames lie the deck and all that its viewers are: to write them down takes long, too."""
    deck, log = Deck(), open_log(LogSettings(), "node-1")
    with pytest.raises(KeyError) as broken:
        _break_with(deck)
    report_unforeseen(log, "tests", broken.value)
    assert deck.looks == 0

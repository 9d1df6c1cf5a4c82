from pathlib import Path

import pytest

from cardroom.service.settings import BadSettings
from shard_router.store.games import EVERY_SIZE, read_games
from tests.shard_router.test_main import ROOT


def test_the_delivered_games() -> None:
    games = read_games(ROOT / "configs" / "stakes.toml")
    assert games == {"low": (6, 9), "middle": (6, 9), "high": (2, 6), "low_action": (6, 9)}


def test_a_game_without_sizes_is_played_at_any(tmp_path: Path) -> None:
    file = tmp_path / "stakes.toml"
    file.write_text("[stakes.one]\nsmall_blind = 1\n[stakes.two]\nsizes = []\n", encoding="utf-8")
    assert read_games(file) == {"one": EVERY_SIZE, "two": EVERY_SIZE}


@pytest.mark.parametrize(
    "text",
    [
        "[stakes",
        "stakes = 1",
        "stakes.one = 1",
        "sizes = 1",
        '[stakes.one]\nsizes = ["six"]',
        '[stakes.one]\nsizes = ["six"]\n[sizes]\nsix = 10',
        '[stakes.one]\nsizes = ["six"]\n[sizes]\nsix = true',
        "[stakes.one]\nsizes = [6]",
        "[stakes.one]\nsizes = 6",
    ],
)
def test_bad_files(tmp_path: Path, text: str) -> None:
    file = tmp_path / "stakes.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadSettings, match=r"stakes\.toml"):
        read_games(file)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"nothing\.toml"):
        read_games(tmp_path / "nothing.toml")

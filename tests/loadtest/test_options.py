"""The command line."""

from pathlib import Path

import pytest

from cardroom.service.settings import BadSettings
from cardroom.wire.codec import Encoding
from loadtest.__main__ import EXIT_CANNOT_START, has_passed, main
from loadtest.options import Options, read_options
from loadtest.server import Watched
from loadtest.think import HumanThought, QuickThought


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "secret"
    file.write_text("a secret\n", encoding="utf-8")
    return str(file)


def read(secret: str, *words: str) -> Options:
    return read_options(["--router", "http://r", "--password-file", secret, *words], {})


def test_without_a_profile_a_few_quick_bots_play_and_everything_counts(secret: str) -> None:
    profile = read(secret).profile
    assert (profile.players, profile.seconds, profile.names, profile.password) == (24, 0.0, "bot", "a secret")
    assert profile.counts_everything
    assert profile.pace.thought == QuickThought(0.01, 0.04)


def test_options_stand_above_the_profile(secret: str) -> None:
    words = (
        "--profile",
        "storm",
        "--players",
        "30",
        "--seconds",
        "5",
        "--encoding",
        "json",
        "--storm",
        "0.2",
    )
    profile = read(secret, *words, "--chat", "3", "--think-ms", "5").profile
    assert (profile.name, profile.players, profile.seconds, profile.tables) == ("storm", 30, 5.0, 80)
    assert profile.encoding is Encoding.JSON
    assert profile.scenarios.names() == ["storm", "chat"]
    assert profile.scenarios.storm is not None
    assert (profile.scenarios.storm.share, profile.scenarios.storm.after_seconds) == (0.2, 15)
    assert profile.pace.thought == QuickThought(0.005, 0.005)
    assert not profile.counts_everything


def test_profiles_of_nodes_are_taken_where_the_cluster_is_its_own(secret: str) -> None:
    own = read_options(["--local", "--profile-nodes", "--html", "page.html"], {})
    assert own.html_file == Path("page.html")
    assert own.own_cluster is not None
    assert own.own_cluster.is_sampled
    with pytest.raises(BadSettings, match="needs --local"):
        read(secret, "--profile-nodes")


def test_the_pace_of_people(secret: str) -> None:
    assert read(secret, "--pace", "human").profile.pace.thought == HumanThought()


def test_what_may_be_asked(secret: str) -> None:
    words = ("--node-admin", "n1=http://n1", "--node-admin", "n2=http://n2", "--wallet-admin", "http://w")
    asked = read(secret, *words, "--router-admin", "http://r", "--admin-token-file", secret).surroundings
    assert asked.watched == (
        Watched("n1", "node", "http://n1"), Watched("n2", "node", "http://n2"),
        Watched("wallet_worker", "wallet_worker", "http://w"), Watched("shard_router", "shard_router", "http://r"),
    )  # fmt: skip
    assert (asked.wallet_url, asked.admin_token) == ("http://w", "a secret")


def test_a_cluster_of_its_own_needs_no_address() -> None:
    options = read_options(["--local", "--profile", "fast", "--nodes", "2", "--pin", "nodes"], {})
    assert options.own_cluster is not None
    assert (options.own_cluster.nodes, options.own_cluster.pin) == (2, "nodes")


@pytest.mark.parametrize(
    "words",
    [
        ["--players", "4"],
        ["--local", "--profile", "nonsense"],
        ["--local", "--record", "x", "--processes", "2"],
        ["--local", "--storm", "2"],
        ["--local", "--html", "/nowhere/page.html"],
        ["--router", "http://r", "--password-file", "/nowhere"],
    ],
)
def test_what_cannot_be_played_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadSettings):
        read_options(words, {})
    assert main(words) == EXIT_CANNOT_START
    assert capsys.readouterr().err


@pytest.mark.parametrize("words", [["--think-ms", "9-3"], ["--players", "0"], ["--node-admin", "x"]])
def test_nonsense_ends_as_usual(words: list[str], secret: str) -> None:
    with pytest.raises(SystemExit) as ended:
        read(secret, *words)
    assert ended.value.code == EXIT_CANNOT_START


def test_faults_and_a_ledger_that_does_not_balance_fail() -> None:
    assert has_passed({"protocol_errors": {}, "ledger": {"is_balanced": None}})
    assert not has_passed({"protocol_errors": {}, "ledger": {"is_balanced": False}})
    assert not has_passed({"protocol_errors": {"gap": 1}, "ledger": {"is_balanced": True}})

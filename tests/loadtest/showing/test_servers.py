"""What servers and the load test itself needed."""

from loadtest.showing.servers import show_client, show_servers
from tests.loadtest.made_result import HOSTILE, made, result


def test_servers_side_by_side() -> None:
    page = show_servers(result())
    assert (
        '<th scope="col">node-1</th><th scope="col">wallet_worker</th><th scope="col">shard_router</th>'
        in page
    )
    assert '<data value="950">950 µs</data></td><td><data value="600">600 µs</data></td><td><span' in page
    assert '<data value="62.5">62.5 KiB</data>' in page
    assert "97.5 MiB" in page


def test_nobody_was_asked() -> None:
    assert "not measured" in show_servers(result(server={}))
    assert "not measured" in show_client(result(client=None))


def test_the_load_test_kept_up_or_not() -> None:
    assert "It kept up" in show_client(result())
    slow = show_client(result(client=made()["client"] | {"is_bottleneck": True}))
    assert 'class="warning"' in slow
    assert "It kept up" not in slow
    assert "It kept up" not in show_client(result(client={"processes": []} | {"cpu_us_per_action": 5}))


def test_processes_with_their_lag() -> None:
    page = show_client(result())
    assert '<data value="0.4">40.0 %</data></td><td><data value="2.5">2.50 ms</data>' in page


def test_names_are_escaped() -> None:
    assert "<script" not in show_servers(result(server={HOSTILE: {"cpu_share": 0.5}}))

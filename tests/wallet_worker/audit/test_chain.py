from cardroom.ids import ShardId
from cardroom.service.settings import Secret
from wallet_worker.audit.chain import chain_link, chain_linker

DIGEST = b"d" * 32


def test_a_seal_depends_on_everything_that_it_covers() -> None:
    seals = {
        chain_link(b"key", None, ShardId(1), 1, DIGEST),
        chain_link(b"other", None, ShardId(1), 1, DIGEST),
        chain_link(b"key", b"p" * 32, ShardId(1), 1, DIGEST),
        chain_link(b"key", None, ShardId(-1), 1, DIGEST),
        chain_link(b"key", None, ShardId(1), 2, DIGEST),
        chain_link(b"key", None, ShardId(1), 1, b"e" * 32),
    }
    assert len(seals) == 6


def test_a_linker_keeps_the_key() -> None:
    link = chain_linker(Secret("key"))
    assert link(None, ShardId(1), 1, DIGEST) == chain_link(b"key", None, ShardId(1), 1, DIGEST)

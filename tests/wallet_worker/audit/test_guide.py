"""The script of docs/audit.md, as it stands there, reads real files: an outsider needs nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from cardroom.service.redis import Redis
from tests.wallet_worker.audit.scribe import Scribe
from tests.wallet_worker.house import CHAIN_KEY, House, hand_of, leave
from wallet_worker.audit.files import find_files
from wallet_worker.store.house_transfer import HOUSE


@pytest.fixture
async def scribe(house: House, redis: Redis, tmp_path: Path, project_root: Path) -> Scribe:
    """Give a house with recorded batches, and the guide's script beside its files."""
    scribe = Scribe(house, redis, tmp_path / "audit")
    one, two = house.players[:2]
    await house.seat(0, 20_000, 20_000)
    await house.ask(hand_of(house.tables[0], [(one, 0, -10_000), (two, 1, 9_500)]))
    await house.ask(leave(one, house.tables[0], 0, 10_000))
    await scribe.record()
    guide = (project_root / "docs" / "audit.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    assert len(script.splitlines()) <= 24
    (tmp_path / "check.py").write_text(script, encoding="utf-8")
    return scribe


async def said(scribe: Scribe, *files: Path, key: str = CHAIN_KEY.value) -> tuple[int, str]:
    """Run the script and give how it ended, and its last words."""
    script = scribe.folder.parent / "check.py"

    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-W", "ignore", str(script), *map(str, files)],
            env={"CHAIN_KEY": key}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip

    done = await trio.to_thread.run_sync(run)
    return done.returncode, (done.stdout + done.stderr).splitlines()[-1]


@pytest.mark.parametrize("key", [CHAIN_KEY.value, ""])
async def test_whole_files_are_whole_to_an_outsider(scribe: Scribe, key: str) -> None:
    assert await said(scribe, scribe.file(), key=key) == (0, "3 batches are whole")
    assert await said(scribe, *find_files(scribe.folder, HOUSE), key=key) == (0, "4 batches are whole")


@pytest.mark.parametrize("key", [CHAIN_KEY.value, ""])
async def test_what_was_changed_is_named(scribe: Scribe, key: str) -> None:
    one, two, three = scribe.lines()
    scribe.write_lines([one, two.replace(b"9500", b"9600"), three])
    assert await said(scribe, scribe.file(), key=key) == (1, "batch 2 is not what was sealed")
    scribe.write_lines([one, three, two])
    assert await said(scribe, scribe.file(), key=key) == (1, "batch 3 is not what was sealed")


async def test_who_has_another_key_did_not_seal_it(scribe: Scribe) -> None:
    assert await said(scribe, scribe.file(), key="x") == (1, "batch 1 has a seal that does not fit")


async def test_a_torn_line_is_what_the_guide_says(scribe: Scribe) -> None:
    one, two, three = scribe.lines()
    scribe.write_lines([one, two[:50], two, three])
    assert await said(scribe, scribe.file()) == (0, "3 batches are whole")
    scribe.write_lines([one, two[:50] + b"x", two, three])
    assert await said(scribe, scribe.file()) == (1, "what stands before batch 2 is not its beginning")

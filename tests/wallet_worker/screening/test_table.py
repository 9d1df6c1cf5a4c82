"""Settings choose who screens."""

from pathlib import Path

import pytest

from cardroom.service.settings import BadSettings
from tests.wallet_worker.house import LOG
from wallet_worker.payment_settings import ScreeningKind, ScreeningSettings
from wallet_worker.screening.allow_all import AllowAll
from wallet_worker.screening.file_list import FileList
from wallet_worker.screening.table import check_screening, make_screening


def test_each_kind_has_its_screening(tmp_path: Path) -> None:
    by_file = ScreeningSettings(ScreeningKind.FILE, tmp_path / "listed.txt")
    assert isinstance(make_screening(ScreeningSettings(), LOG), AllowAll)
    assert isinstance(make_screening(by_file, LOG), FileList)
    check_screening(ScreeningSettings())
    with pytest.raises(BadSettings):
        check_screening(by_file)

"""Who screens, by what the settings say."""

from typing import assert_never

from cardroom.service.logs import Log
from wallet_worker.payment_settings import ScreeningKind, ScreeningSettings
from wallet_worker.screening.allow_all import AllowAll
from wallet_worker.screening.file_list import FileList, read_list
from wallet_worker.screening.port import Screening


def make_screening(settings: ScreeningSettings, log: Log) -> Screening:
    """Give who is asked about payments."""
    match settings.kind:
        case ScreeningKind.ALLOW_ALL:
            return AllowAll()
        case ScreeningKind.FILE:
            assert settings.file is not None, "settings of this kind name a file"
            return FileList(settings.file, log)
        case _ as unreachable:
            assert_never(unreachable)


def check_screening(settings: ScreeningSettings) -> None:
    """Read once what screening will need; raises ``BadSettings``."""
    if settings.file is not None:
        read_list(settings.file)

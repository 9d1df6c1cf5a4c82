import pytest

from cardroom.service.protection import ProtectionSettings
from cardroom.service.settings import BadSettings
from cardroom.wire.protection import EXCLUSION, LimitKind


def test_everything_is_on_unless_it_is_switched_off() -> None:
    names = [*(kind.value for kind in LimitKind), EXCLUSION]
    assert all(ProtectionSettings().offers(name) for name in names)
    off = ProtectionSettings(loss_limits=False)
    assert [name for name in names if not off.offers(name)] == ["loss_day", "loss_week", "loss_month"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loosen_hours", 0),
        ("loosen_hours", 24 * 31 + 1),
        ("time_zone", "Asia/Nowhere"),
        ("time_zone", "../x"),
        ("watch_seconds", 0.0),
        ("watch_seconds", 6.0),
        ("release_seconds", 0.0),
    ],
)
def test_what_cannot_be_stops_the_start(name: str, value: object) -> None:
    with pytest.raises(BadSettings, match=name):
        ProtectionSettings(**{name: value})  # type: ignore[arg-type]

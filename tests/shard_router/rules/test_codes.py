import pyotp
import pytest

from shard_router.rules.codes import (
    RecoveryCode,
    TimedCode,
    find_step,
    read_code,
    show_recovery_code,
    write_uri,
)

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = 1_700_000_010
STEP = NOW // 30


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("123456", TimedCode("123456")),
        (" 123 456 ", TimedCode("123456")),
        ("abcd-efgh-ijkl-mnop", RecoveryCode("ABCDEFGHIJKLMNOP")),
        ("2345 6722 2233 3344", RecoveryCode("2345672222333344")),
        ("", None),
        ("12345", None),
        ("1234567", None),
        ("\u0661\u0662\u0663\u0664\u0665\u0666", None),
        ("ABCD-EFGH-IJKL-MNO1", None),
        ("ABCD-EFGH-IJKL-MNOPQ", None),
    ],
)
def test_what_was_typed(typed: str, read: object) -> None:
    assert read_code(typed) == read


def test_a_recovery_code_is_read_as_it_is_shown() -> None:
    assert read_code(show_recovery_code("ABCDEFGHIJKLMNOP")) == RecoveryCode("ABCDEFGHIJKLMNOP")


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_clock_may_be_one_step_wrong(off: int) -> None:
    code = TimedCode(pyotp.TOTP(SECRET).generate_otp(STEP + off))
    assert find_step(SECRET, code, NOW) == STEP + off


@pytest.mark.parametrize("off", [-2, 2])
def test_and_not_two(off: int) -> None:
    assert find_step(SECRET, TimedCode(pyotp.TOTP(SECRET).generate_otp(STEP + off)), NOW) is None


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, SHA-1, the last six of its eight digits."""
    secret = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").secret
    assert find_step(secret, TimedCode("287082"), 59) == 1
    assert find_step(secret, TimedCode("005924"), 1_234_567_890) == 1_234_567_890 // 30


def test_the_address_names_player_and_house() -> None:
    uri = write_uri(SECRET, "앨리스", "Hold'em")
    assert uri.startswith("otpauth://totp/")
    assert f"secret={SECRET}" in uri
    assert "issuer=" in uri


def test_codes_do_not_show_themselves() -> None:
    assert "123456" not in repr(TimedCode("123456"))
    assert "ABCD" not in repr(RecoveryCode("ABCDEFGHIJKLMNOP"))

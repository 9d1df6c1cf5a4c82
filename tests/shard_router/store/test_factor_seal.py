import pytest

from cardroom.ids import UserId
from cardroom.service.settings import Secret
from shard_router.store.factor_seal import FactorSeal, FactorSealBroken

SEAL = FactorSeal(Secret("f" * 32))
ALICE, BOB = UserId(1), UserId(12)


def test_a_sealed_secret_opens_for_its_player_only() -> None:
    sealed = SEAL.close(ALICE, "JBSWY3DPEHPK3PXP")
    assert SEAL.open(ALICE, sealed) == "JBSWY3DPEHPK3PXP"
    assert b"JBSWY3DPEHPK3PXP" not in sealed
    assert SEAL.close(ALICE, "JBSWY3DPEHPK3PXP") != sealed
    with pytest.raises(FactorSealBroken):
        SEAL.open(BOB, sealed)


@pytest.mark.parametrize("sealed", [b"", b"x" * 11, b"x" * 12, b"x" * 60])
def test_what_was_not_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(FactorSealBroken):
        SEAL.open(ALICE, sealed)


def test_altered_or_of_another_key() -> None:
    sealed = SEAL.close(ALICE, "JBSWY3DPEHPK3PXP")
    with pytest.raises(FactorSealBroken):
        SEAL.open(ALICE, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(FactorSealBroken):
        FactorSeal(Secret("g" * 32)).open(ALICE, sealed)

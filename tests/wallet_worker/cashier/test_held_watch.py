from tests.wallet_worker.house import LINK, LOG, PURSE, House
from tests.wallet_worker.outside import deposit
from tests.wallet_worker.terms import HERE, limit
from wallet_worker.cashier.cashier import Cashier
from wallet_worker.cashier.held_watch import HeldWatch


async def test_a_deposit_is_held_by_the_cashier_and_let_in_by_the_watch(house: House) -> None:
    cashier, watch = Cashier(house.database, LINK, LOG, HERE), HeldWatch(house.database, LINK, HERE, LOG)
    await limit(house, 0, "deposit_week", 149_999)
    assert (await cashier.credit_deposit(deposit(house.players[0])))["held"] == "deposit_limit"
    await watch.look()
    assert await house.wallet(0) == PURSE
    await limit(house, 0, "deposit_week", 150_000)
    await watch.look()
    await watch.look()
    assert await house.wallet(0) == PURSE + 150_000
